"""Time: the only file that reads a clock or sleeps."""

import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from msgspec import Meta

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
EARLIEST_UTC_NS = 1_577_836_800 * NS_PER_S
"""2020: a wall clock that says less was never set."""

# A sleep wakes up late by tens of microseconds; the last stretch before an instant is spun through instead.
SPIN_NS = 200_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant on two clocks of one machine.

    Durations are differences of `mono_ns`, and only between stamps of the same `boot_id()`; `utc_ns` labels.
    The bounds hold where a stamp is read: sums of two `mono_ns`, and differences of two `utc_ns`, keep to 63 bits.
    """

    mono_ns: Annotated[int, Meta(ge=0, lt=2**61)]
    utc_ns: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    def shifted_to(self, mono_ns: int) -> "Stamp":
        """The same two clocks, read at another monotonic instant."""
        return Stamp(mono_ns, max(self.utc_ns + mono_ns - self.mono_ns, 0))


class Clock(Protocol):
    def now(self) -> Stamp: ...

    def sleep_until(self, mono_ns: int) -> None:
        """Return at the monotonic instant `mono_ns` or as soon after it as the machine allows."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Stamp:
        # A label that says "before 1970" is one that nobody believes, and no message can carry.
        return Stamp(time.monotonic_ns(), max(time.time_ns(), 0))

    def sleep_until(self, mono_ns: int) -> None:
        left_ns = mono_ns - time.monotonic_ns()
        if left_ns > SPIN_NS:
            _sleep((left_ns - SPIN_NS) / NS_PER_S)
        while time.monotonic_ns() < mono_ns:
            pass


def process_cpu_ns() -> int:
    """CPU time that this process has used, all of its threads together."""
    return time.process_time_ns()


def _sleep(seconds: float) -> None:
    try:
        time.sleep(seconds)
    except OSError:
        # Under libfaketime, by which wall clocks are set for one program, a sleep by the monotonic clock is refused.
        select.select((), (), (), seconds)


def boot_id() -> str:
    """Which monotonic clock this is: equal on two processes exactly when their `mono_ns` may be subtracted."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        # Elsewhere than on Linux nothing names the boot; the process's own clock is then a clock by itself.
        return f"process-{time.time_ns() - time.monotonic_ns()}"
