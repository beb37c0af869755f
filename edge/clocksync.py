"""How far the hub's clock is ahead of this machine's, and how sure that is: the clock exchange's arithmetic, no I/O.

The method and its measured errors: docs/metrics.md, "Clocks". All times are integer nanoseconds; t1 and t4 are read
on the edge's clock, t2 and t3 on the hub's, and the offset is hub - edge.
"""

import math
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


class _Epoch:
    """Exchanges between which nobody set a clock, sorted by time."""

    def __init__(self) -> None:
        self._rows: NDArray[np.int64] = np.empty((4, 0), np.int64)

    @property
    def times(self) -> NDArray[np.int64]:
        """The middle of each exchange, on the edge's clock."""
        return self._row(0)

    @property
    def twice_offsets(self) -> NDArray[np.int64]:
        """2·o = (t2 - t1) + (t3 - t4): halves of a nanosecond stay exact."""
        return self._row(1)

    @property
    def roundtrips(self) -> NDArray[np.int64]:
        return self._row(2)

    @property
    def halves(self) -> NDArray[np.int64]:
        """How far each o may be from the truth."""
        return self._row(3)

    def _row(self, index: int) -> NDArray[np.int64]:
        row: NDArray[np.int64] = self._rows[index]
        return row

    def insert(self, time: int, twice_offset: int, roundtrip: int, half: int, keep_ns: int) -> None:
        at = int(np.searchsorted(self.times, time, "right"))
        rows = np.insert(self._rows, at, (time, twice_offset, roundtrip, half), axis=1)
        self._rows = rows[:, rows[0] >= rows[0, -1] - keep_ns]

    def agrees(self, time: int, twice_offset: int, half: int) -> bool:
        """Can every exchange so far and this one be of the same two steady clocks?"""
        apart = np.abs(self.twice_offsets - twice_offset) / 2
        return bool(np.all(apart <= self.halves + half + np.abs(self.times - time) * DRIFT))

    def around(self, t_ns: int) -> slice:
        """The 600 s with `t_ns` in their middle, or as near to it as the last exchange allows; never empty."""
        end_ns = min(t_ns + WINDOW_NS // 2, max(int(self.times[-1]), t_ns))
        start = int(np.searchsorted(self.times, end_ns - WINDOW_NS, "left"))
        end = int(np.searchsorted(self.times, end_ns, "right"))
        if start < end:
            return slice(start, end)
        nearest = int(np.argmin(np.abs(self.times - t_ns)))
        return slice(nearest, nearest + 1)


class ClockEstimator:
    """Keeps the exchanges of the last `keep_ns` and answers for any instant near them.

    A live node keeps one window; a final report keeps the whole run, and so has exchanges on both sides.
    """

    def __init__(self, keep_ns: int = WINDOW_NS) -> None:
        self._keep_ns = keep_ns
        self._epochs: list[_Epoch] = []
        self.steps = 0
        """How often a clock was set."""
        self.refused = 0
        """Exchanges that no two running clocks can have had."""

    def add(self, t1: int, t2: int, t3: int, t4: int) -> None:
        """One exchange: sent (edge), received (hub), answered (hub), received (edge)."""
        roundtrip = (t4 - t1) - (t3 - t2)
        if t4 < t1 or t3 < t2 or roundtrip < 0:
            self.refused += 1
            return
        time, twice_offset = (t1 + t4) // 2, (t2 - t1) + (t3 - t4)
        # o = offset + (way there - way back)/2, so it is wrong by roundtrip/2 at most, and by what the clocks
        # drift during the exchange.
        half = (roundtrip + 1) // 2 + int((t4 - t1) * DRIFT) + 1
        if not self._epochs or not self._epochs[-1].agrees(time, twice_offset, half):
            self.steps += bool(self._epochs)
            self._epochs = [old for old in self._epochs if old.times[-1] >= time - self._keep_ns] + [_Epoch()]
        self._epochs[-1].insert(time, twice_offset, roundtrip, half, self._keep_ns)

    def at(self, t_ns: int) -> Offset:
        """hub - edge at the edge's `t_ns`; raises ClockUnknown without exchanges and where a clock was set."""
        epoch = self._epoch_of(t_ns)
        near = epoch.around(t_ns)
        times = epoch.times[near] - t_ns
        # A float holds a nanosecond only near zero: everything is taken relative to one exchange's offset.
        origin = int(epoch.twice_offsets[near][0]) // 2
        offsets = (epoch.twice_offsets[near] - 2 * origin) / 2
        reach = epoch.halves[near] + np.abs(times) * DRIFT
        low, high = float(np.max(offsets - reach)), float(np.min(offsets + reach))
        guess = round(min(max(_line_at_zero(times, offsets, epoch.roundtrips[near]), low), high))
        return Offset(origin + guess, math.ceil(max(guess - low, high - guess)))

    def _epoch_of(self, t_ns: int) -> _Epoch:
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
