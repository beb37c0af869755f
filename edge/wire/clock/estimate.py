"""How far the hub's clock is ahead of this machine's, and how sure that is: the clock exchange's arithmetic, no I/O.

The method and its measured errors: docs/metrics/clocks.md. All times are integer nanoseconds; t1 and t4 are read
on the edge's clock, t2 and t3 on the hub's, and the offset is hub - edge.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.clock import NS_PER_MS, NS_PER_S
from sensors.errors import GilmokError

WINDOW_NS = 600 * NS_PER_S
SEGMENT_NS = 30 * NS_PER_S
MIN_SEGMENTS = 3
MIN_SPAN_NS = 60 * NS_PER_S
"""A rate is fitted only to this many segments over more than this span."""

DRIFT = 100e-6
"""What two clocks may differ in rate; a quartz that is worse is broken."""

SLACK_NS = NS_PER_MS
"""A segment's fastest exchange is believed when it took this much (or twice as long) as the fastest of all."""

NOISE_NS = NS_PER_MS // 10
"""Weights level off below this: a scheduler's noise."""

TRUSTED_SHARE = 0.2


class ClockUnknown(GilmokError):
    def __init__(self, t_ns: int, why: str) -> None:
        super().__init__(
            f"the hub's clock at {t_ns} ns of this machine's is unknown: {why}",
            "one-way times need a clock exchange on either side of them, with no clock set in between",
        )


class Offset(NamedTuple):
    """hub - edge; the truth lies within `offset_ns` ± `bound_ns` as long as rates differ by no more than 100 ppm."""

    offset_ns: int
    bound_ns: int


class Within(NamedTuple):
    """hub - edge: the best guess, and between which two the truth lies."""

    guess_ns: int
    low_ns: int
    high_ns: int


class Comparison(NamedTuple):
    """What one exchange says."""

    time: int
    """Its middle, on the edge's clock."""
    twice_offset: int
    """2·o = (t2 - t1) + (t3 - t4): halves of a nanosecond stay exact."""
    roundtrip: int
    half: int
    """How far o may be from the truth."""


def compare(t1: int, t2: int, t3: int, t4: int) -> Comparison | None:
    """None: no two running clocks can have had that exchange."""
    roundtrip = (t4 - t1) - (t3 - t2)
    if t4 < t1 or t3 < t2 or roundtrip < 0:
        return None
    # o = offset + (way there - way back)/2, so it is wrong by roundtrip/2 at most, and by what the clocks
    # drift during the exchange.
    half = (roundtrip + 1) // 2 + int((t4 - t1) * DRIFT) + 1
    return Comparison((t1 + t4) // 2, (t2 - t1) + (t3 - t4), roundtrip, half)


class Epoch:
    """Exchanges between which nobody set a clock, sorted by time."""

    def __init__(self, comparisons: Sequence[Comparison] = ()) -> None:
        rows = np.array(comparisons, np.int64).reshape(-1, 4).T
        self._rows: NDArray[np.int64] = rows[:, np.argsort(rows[0], kind="stable")]

    @property
    def times(self) -> NDArray[np.int64]:
        return self._row(0)

    @property
    def twice_offsets(self) -> NDArray[np.int64]:
        return self._row(1)

    @property
    def roundtrips(self) -> NDArray[np.int64]:
        return self._row(2)

    @property
    def halves(self) -> NDArray[np.int64]:
        return self._row(3)

    def _row(self, index: int) -> NDArray[np.int64]:
        row: NDArray[np.int64] = self._rows[index]
        return row

    def insert(self, one: Comparison, keep_ns: int) -> None:
        at = int(np.searchsorted(self.times, one.time, "right"))
        rows = np.insert(self._rows, at, one, axis=1)
        self._rows = rows[:, rows[0] >= rows[0, -1] - keep_ns]

    def agrees(self, one: Comparison) -> bool:
        """Can every exchange so far and this one be of the same two steady clocks?"""
        apart = np.abs(self.twice_offsets - one.twice_offset) / 2
        return bool(np.all(apart <= self.halves + one.half + np.abs(self.times - one.time) * DRIFT))

    def around(self, t_ns: int) -> slice:
        """The 600 s with `t_ns` in their middle, or as near to it as the last exchange allows; never empty."""
        end_ns = min(t_ns + WINDOW_NS // 2, max(int(self.times[-1]), t_ns))
        start = int(np.searchsorted(self.times, end_ns - WINDOW_NS, "left"))
        end = int(np.searchsorted(self.times, end_ns, "right"))
        if start < end:
            return slice(start, end)
        nearest = int(np.argmin(np.abs(self.times - t_ns)))
        return slice(nearest, nearest + 1)

    def at(self, t_ns: int) -> Within:
        """At the edge's `t_ns`, however far away; there must be an exchange."""
        near = self.around(t_ns)
        times = self.times[near] - t_ns
        # A float holds a nanosecond only near zero: everything is taken relative to one exchange's offset.
        origin = int(self.twice_offsets[near][0]) // 2
        offsets = (self.twice_offsets[near] - 2 * origin) / 2
        reach = self.halves[near] + np.abs(times) * DRIFT
        low, high = float(np.max(offsets - reach)), float(np.min(offsets + reach))
        guess = round(min(max(_line_at_zero(times, offsets, self.roundtrips[near]), low), high))
        return Within(origin + guess, origin + math.floor(low), origin + math.ceil(high))


class ClockEstimator:
    """Keeps the exchanges of the last `keep_ns` and answers for any instant near them.

    For a node that runs; a whole session, known afterwards, is a `edge.wire.clock.track.ClockTrack`.
    """

    def __init__(self, keep_ns: int = WINDOW_NS) -> None:
        self._keep_ns = keep_ns
        self._epochs: list[Epoch] = []
        self.steps = 0
        """How often a clock was set."""
        self.refused = 0
        """Exchanges that no two running clocks can have had."""

    def add(self, t1: int, t2: int, t3: int, t4: int) -> None:
        """One exchange: sent (edge), received (hub), answered (hub), received (edge)."""
        one = compare(t1, t2, t3, t4)
        if one is None:
            self.refused += 1
            return
        if not self._epochs or not self._epochs[-1].agrees(one):
            self.steps += bool(self._epochs)
            self._epochs = [old for old in self._epochs if old.times[-1] >= one.time - self._keep_ns] + [Epoch()]
        self._epochs[-1].insert(one, self._keep_ns)

    def at(self, t_ns: int) -> Offset:
        """hub - edge at the edge's `t_ns`; raises ClockUnknown without exchanges and where a clock was set."""
        guess, low, high = self._epoch_of(t_ns).at(t_ns)
        return Offset(guess, max(guess - low, high - guess))

    def _epoch_of(self, t_ns: int) -> Epoch:
        if not self._epochs:
            raise ClockUnknown(t_ns, "there was no exchange yet")
        inside = [epoch for epoch in self._epochs if epoch.times[0] <= t_ns <= epoch.times[-1]]
        if inside:
            return inside[-1]
        if t_ns > self._epochs[-1].times[-1] or not self.steps:
            return self._epochs[-1]
        raise ClockUnknown(t_ns, "a clock was set between the exchanges around it")


def worth_showing(bound_ns: int, median_ns: float) -> bool:
    """A one-way time is told only when its bound is at most a fifth of its median."""
    return median_ns > 0 and bound_ns <= TRUSTED_SHARE * median_ns


def _line_at_zero(times: NDArray[np.int64], offsets: NDArray[np.float64], roundtrips: NDArray[np.int64]) -> float:
    """The weighted line through each segment's fastest exchange, where `times` (relative) are 0."""
    best = _fastest_of_each_segment(times, roundtrips)
    excess = roundtrips[best] - roundtrips[best].min()
    best = best[excess <= max(SLACK_NS, int(roundtrips[best].min()))]
    t, o = times[best].astype(np.float64), offsets[best]
    weights = 1 / np.square(NOISE_NS + (roundtrips[best] - roundtrips[best].min()) / 2)
    weights /= weights.sum()
    t_mean, o_mean = float(weights @ t), float(weights @ o)
    if len(best) < MIN_SEGMENTS or t.max() - t.min() <= MIN_SPAN_NS:
        return o_mean
    slope = float(weights @ ((t - t_mean) * (o - o_mean))) / float(weights @ np.square(t - t_mean))
    slope = min(max(slope, -DRIFT), DRIFT)
    return o_mean - slope * t_mean


def _fastest_of_each_segment(times: NDArray[np.int64], roundtrips: NDArray[np.int64]) -> NDArray[np.intp]:
    segments = (times - times[0]) // SEGMENT_NS
    order = np.lexsort((roundtrips, segments))
    first = np.ones(len(order), np.bool_)
    first[1:] = segments[order][1:] != segments[order][:-1]
    fastest: NDArray[np.intp] = order[first]
    return fastest
