"""A camera's own time line: its encoder's stamps as one, through restarts; what is missing and repeated, counted."""

import math
from collections import deque
from statistics import median

from sensors.clock import NS_PER_S

REMEMBERED = 31
"""Periods by which the usual one is known."""
LOOKED_AT = 300
"""Frames that the jitters are of."""
AGAIN = 30
"""After so many frames they are worked out anew."""
REGULAR_SHARE, REGULAR_WITHIN = 0.8, 0.1
"""So many of them within so much of the usual one: the camera has a rate, and a gap is a hole."""
JUMP_NS = 2 * NS_PER_S
"""Further than this from what passed here, the encoder has begun its clock anew."""


class CameraTimeline:
    """Of one camera, through all of its connections."""

    def __init__(self) -> None:
        self._last_own_ns: int | None = None
        self._last_ns = self._last_arrived_ns = 0
        self._steps: deque[int] = deque(maxlen=REMEMBERED)
        self._periods: deque[int] = deque(maxlen=LOOKED_AT)
        self._delays: deque[int] = deque(maxlen=LOOKED_AT)
        """Arrival less place: equal but for what the network did."""
        self._placed = 0
        self.jitter_ns = self.network_ns = 0
        """As in `LiveHealth`."""
        self.missing = self.repeated = self.restarts = 0
        """As in `LiveHealth`."""

    def place(self, own_ns: int | None, arrived_ns: int) -> int:
        """Where a frame stands on it, nanoseconds since the first one. `own_ns`: by the encoder's clock; None: it has
        none, and the arrival stands for it."""
        own_ns = arrived_ns if own_ns is None else own_ns
        if self._last_own_ns is None:
            self._last_own_ns, self._last_arrived_ns = own_ns, arrived_ns
            return 0
        step_ns, passed_ns = own_ns - self._last_own_ns, arrived_ns - self._last_arrived_ns
        if step_ns < 0 or abs(step_ns - passed_ns) > JUMP_NS:
            self.restarts += 1
            step_ns = passed_ns
        elif step_ns == 0:
            self.repeated += 1
        else:
            self.missing += self._left_out(step_ns)
            self._steps.append(step_ns)
        self._last_own_ns, self._last_arrived_ns = own_ns, arrived_ns
        self._last_ns += step_ns
        self._look(step_ns, arrived_ns)
        return self._last_ns

    def _look(self, step_ns: int, arrived_ns: int) -> None:
        self._periods.append(step_ns)
        self._delays.append(arrived_ns - self._last_ns)
        self._placed += 1
        if self._placed % AGAIN == 0:
            usual_ns, quickest_ns = round(median(self._periods)), min(self._delays)
            self.jitter_ns = _p99([abs(one - usual_ns) for one in self._periods])
            self.network_ns = _p99([one - quickest_ns for one in self._delays])

    def _left_out(self, step_ns: int) -> int:
        """How many frames a step leaves out; 0 of a camera without a steady rate."""
        if len(self._steps) < REMEMBERED:
            return 0
        usual_ns = median(self._steps)
        steady = sum(abs(one - usual_ns) <= REGULAR_WITHIN * usual_ns for one in self._steps)
        if steady < REGULAR_SHARE * REMEMBERED:
            return 0
        return max(round(step_ns / usual_ns) - 1, 0)


def _p99(values: list[int]) -> int:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
