"""What goes wrong with a camera, and when: freeze, black, loss, jitter, clock, blur.

Written `KIND@FROM-TO` in seconds of the drive, with `:AMOUNT` where one is meant: `freeze@10-12`, `loss@5-9:0.3`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from sensors.errors import GilmokError
from sensors.ranges import quoted
from sensors.world.textures import Picture

AMOUNTS = {"freeze": 0.0, "black": 0.0, "loss": 0.5, "jitter": 8.0, "clock": 0.5, "blur": 3.0}
"""What the amount is if none is given: share of frames lost, ms of jitter, s that the clock jumps, px of blur."""
RANGES = {"loss": (0.0, 1.0), "jitter": (0.0, 10_000.0), "clock": (-86_400.0, 86_400.0), "blur": (0.1, 100.0)}
"""What an amount may be; the other kinds have none."""
_WRITTEN = re.compile(r"(?P<kind>[a-z]+)@(?P<start>[\d.]+)(-(?P<end>[\d.]+))?(:(?P<amount>-?[\d.]+))?", re.ASCII)


class FaultWrong(GilmokError):
    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(
            f"{quoted(text)} is no fault{why and ': '}{why}",
            hint=f"write KIND@FROM-TO[:AMOUNT] in seconds, KIND one of {', '.join(AMOUNTS)}",
        )


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    start_s: float
    end_s: float | None
    """None: it stays."""
    amount: float

    def on(self, time_s: float) -> bool:
        return self.start_s <= time_s and (self.end_s is None or time_s < self.end_s)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A frame as the faulty camera hands it over."""

    image: Picture
    stamped_ns: int
    """The instant on the camera's own clock."""
    faults: tuple[str, ...]


def parse(text: str, drive_s: float) -> Fault:
    """A fault of a drive that lasts so long; without an end it stays. Raises FaultWrong."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or found["kind"] not in AMOUNTS:
        raise FaultWrong(text)
    kind = found["kind"]
    try:
        start = float(found["start"])
        end = float(found["end"]) if found["end"] else None
        amount = float(found["amount"]) if found["amount"] else AMOUNTS[kind]
    except ValueError:
        raise FaultWrong(text) from None
    if end is not None and end <= start:
        raise FaultWrong(text, "it ends before it begins")
    if start >= drive_s:
        raise FaultWrong(text, f"it begins when the drive of {drive_s:g} s is over")
    if found["amount"] and kind not in RANGES:
        raise FaultWrong(text, f"{kind} has no amount")
    least, most = RANGES.get(kind, (0.0, 0.0))
    if not least <= amount <= most:
        raise FaultWrong(text, f"the amount of {kind} is a number from {least:g} to {most:g}")
    return Fault(kind, start, end, amount)


class FaultyCamera:
    """Applies faults to the frames of one camera, in order."""

    def __init__(self, faults: Sequence[Fault], draw: np.random.Generator) -> None:
        self._faults = faults
        self._draw = draw
        self._last: Picture | None = None
        self._stamped_ns = -1

    def deliver(self, image: Picture, instant_ns: int) -> Delivered | None:
        """None where the frame is lost."""
        now = [fault for fault in self._faults if fault.on(instant_ns / 1e9)]
        stamped, shown = instant_ns, image
        for fault in now:
            if fault.kind == "loss" and self._draw.random() < fault.amount:
                return None
            if fault.kind == "jitter":
                stamped += round(abs(self._draw.normal(0, fault.amount)) * 1e6)
            elif fault.kind == "clock":
                stamped += round(fault.amount * 1e9)
            elif fault.kind == "black":
                shown = np.zeros_like(image)
            elif fault.kind == "blur":
                shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), fault.amount), np.uint8)
            elif fault.kind == "freeze" and self._last is not None:
                shown = self._last
        self._last = shown
        return Delivered(shown, stamped, tuple(fault.kind for fault in now))
