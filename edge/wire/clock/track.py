"""Two clocks over a whole session, known afterwards: exchanges on either side of an instant say when it was.

The method: docs/metrics/clocks.md. Names as in `edge.wire.clock.estimate`; an instant of the hub's clock is told on the
edge's, since that one stamped the frames.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from edge.wire.clock.estimate import DRIFT, ClockEstimator, Comparison, Epoch, Within, compare


class Instant(NamedTuple):
    """The truth lies within `edge_ns` ± `bound_ns` as long as rates differ by no more than 100 ppm."""

    edge_ns: int
    bound_ns: int


class ClockTrack:
    """Built from the exchanges of one edge session with one hub clock, in any order."""

    def __init__(self, exchanges: Iterable[tuple[int, int, int, int]]) -> None:
        self._pieces = [_Piece(epoch) for epoch in _epochs(exchanges)]

    @property
    def steps(self) -> int:
        """How often a clock was set, or stood still."""
        return max(len(self._pieces) - 1, 0)

    def edge_time(self, hub_ns: int, since_ns: int) -> Instant | None:
        """What the edge's clock read when the hub's read `hub_ns`.

        None without exchanges, and where a clock was set between the edge's `since_ns` and then.
        """
        if not self._pieces:
            return None
        begun = [piece for piece in self._pieces if piece.hub[0] <= hub_ns]
        piece = begun[-1] if begun else self._pieces[0]
        first, last = piece is self._pieces[0], piece is self._pieces[-1]
        if (hub_ns > piece.hub[-1] and not last) or (since_ns < piece.edge[0] and not first):
            return None
        return piece.edge_time(hub_ns)


class _Piece:
    """One epoch: the offset at each of its exchanges."""

    def __init__(self, epoch: Epoch) -> None:
        self.edge: Sequence[int] = epoch.times.tolist()
        self._within: Sequence[Within] = [epoch.at(time) for time in self.edge]
        hub = (time + within.guess_ns for time, within in zip(self.edge, self._within, strict=True))
        # Guesses of two exchanges that follow closely may differ by more than the time between them.
        self.hub: Sequence[int] = list(accumulate(hub, max))

    def edge_time(self, hub_ns: int) -> Instant:
        """From the two exchanges around it: what the others say of this instant, they say through these."""
        after = bisect_left(self.hub, hub_ns)
        near = range(max(after - 1, 0), min(after + 1, len(self.hub)))
        about_ns = hub_ns - self._interpolated(hub_ns, near)
        low = max(self._within[k].low_ns - _drift_ns(about_ns - self.edge[k]) for k in near)
        high = min(self._within[k].high_ns + _drift_ns(about_ns - self.edge[k]) for k in near)
        offset = min(max(hub_ns - about_ns, low), high)
        edge_ns = hub_ns - offset
        # `low` and `high` hold at `about_ns`; the instant itself may be off from there by the bound.
        wrong = max(offset - low, high - offset) + _drift_ns(edge_ns - about_ns)
        return Instant(edge_ns, math.ceil(wrong / (1 - DRIFT)))

    def _interpolated(self, hub_ns: int, near: range) -> int:
        first, last = self._within[near[0]].guess_ns, self._within[near[-1]].guess_ns
        span = self.hub[near[-1]] - self.hub[near[0]]
        return first + (last - first) * (hub_ns - self.hub[near[0]]) // span if span else first


def _drift_ns(apart_ns: int) -> int:
    return math.ceil(DRIFT * abs(apart_ns))


def _epochs(exchanges: Iterable[tuple[int, int, int, int]]) -> list[Epoch]:
    """In order of the hub's clock."""
    live = ClockEstimator()
    found: list[list[Comparison]] = []
    for stamps in sorted(exchanges, key=lambda stamps: stamps[1]):
        one = compare(*stamps)
        if one is None:
            continue
        live.add(*stamps)
        if live.steps == len(found):
            found.append([])
        found[-1].append(one)
    return [Epoch(comparisons) for comparisons in found]
