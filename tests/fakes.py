"""Stand-ins for what a test can't have: a clock that is moved by hand, another machine's clock, an accelerator that
enforces its contract."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edge.device.backend import InferenceFailed, Telemetry, Tensors
from models.tensors import TensorSpec
from sensors.clock import Stamp, SystemClock
from sensors.frame import Array

EPOCH_NS = 1_700_000_000_000_000_000


class ManualClock:
    """Time stands still but for `pass_ns`, `sleep_until` and, if asked, a tick at each reading."""

    def __init__(self, tick_ns: int = 0) -> None:
        self.mono_ns = 1_000_000_000
        self.tick_ns = tick_ns

    def now(self) -> Stamp:
        self.mono_ns += self.tick_ns
        return Stamp(self.mono_ns, EPOCH_NS + self.mono_ns)

    def sleep_until(self, mono_ns: int) -> None:
        self.mono_ns = max(self.mono_ns, mono_ns)

    def pass_ns(self, duration_ns: int) -> None:
        self.mono_ns += duration_ns


class ForeignClock:
    """Another machine's: `ahead_ns` ahead of this one's at first, and `ppm` faster."""

    def __init__(self, ahead_ns: int, ppm: int) -> None:
        self._here = SystemClock()
        self._ppm = ppm
        self._origin_ns = self._here.now().mono_ns
        self._set: list[tuple[int, int]] = [(0, ahead_ns)]

    def reads(self, here_ns: int) -> int:
        """What it reads when this machine's reads `here_ns`."""
        ahead_ns = sum(by_ns for since_ns, by_ns in self._set if since_ns <= here_ns)
        return here_ns + ahead_ns + (here_ns - self._origin_ns) * self._ppm // 1_000_000

    def now(self) -> Stamp:
        here = self._here.now()
        return Stamp(self.reads(here.mono_ns), here.utc_ns)

    def sleep_until(self, mono_ns: int) -> None:
        while (left_ns := mono_ns - self.now().mono_ns) > 0:
            self._here.sleep_until(self._here.now().mono_ns + left_ns)

    def put_forward(self, by_ns: int) -> None:
        self._set.append((self._here.now().mono_ns, by_ns))


class StrictSession:
    """An accelerator that insists on its input's shape and type, and on not being used once it is closed."""

    def __init__(self, inputs: TensorSpec, outputs: Sequence[TensorSpec], answer: Callable[[Array], Tensors]) -> None:
        self.inputs = [inputs]
        self.outputs = list(outputs)
        self.facts: Mapping[str, str] = {"runtime": "strict fake"}
        self._answer = answer
        self._open = True
        self.broken = ""
        """While set, every inference fails for this reason."""

    def run(self, feeds: Tensors) -> Tensors:
        if not self._open:
            raise AssertionError("run after close")
        if self.broken:
            raise InferenceFailed("strict", self.broken)
        (feed,) = feeds
        if feed.shape != self.inputs[0].shape or feed.dtype != np.dtype(self.inputs[0].dtype):
            raise AssertionError(f"fed {feed.shape} {feed.dtype}, wanted {self.inputs[0]}")
        return [output.copy() for output in self._answer(feed)]

    def telemetry(self) -> Telemetry | None:
        return None

    def close(self) -> None:
        self._open = False
