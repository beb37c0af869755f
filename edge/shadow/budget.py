"""How much of a node's time a shadow may take: as much as the active streams don't feel.

Time is cut into blocks: in one the shadow works, in the next it rests, which of the two comes first is drawn by lot
(traffic that comes and goes in step with fixed blocks would pass for the shadow). p99 of the frames taken with it is
held against p99 of those without: over the limit its share of the time is halved, within the limit it grows by half,
up to the most. So the limit is kept in the long run, and not for every single block; what was measured is told.
"""

import math
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.config import ShadowChoice
from sensors.clock import NS_PER_S

FIRST_SHARE = 0.1
LEAST_SHARE = 0.005
"""Less is nothing: a shadow that is over its budget even so goes on at this rate, and its node tells it."""
HALVED, GROWN = 0.5, 1.5
LEAST_FRAMES = 100
"""Of a stream, with the shadow and without: fewer have no p99."""
WINDOW = 2000
"""Frames of a stream, with and without, that the told p99 are of; the judged ones are of half as many at most."""

BASELINE, SPENT = "baseline", "budget"
"""Why a frame is skipped: this block measures the active model alone, or the shadow's share is used up."""


@dataclass(slots=True)
class _Sides:
    """Totals of one stream's ok frames, in ns, with the shadow at work and without."""

    with_ns: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    without_ns: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    since_changed: int = 0
    """Of `with_ns`: taken since the share was changed last."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a stream's newest frames, in ns."""

    with_ns: tuple[int, ...]
    without_ns: tuple[int, ...]


class Budget:
    """Told of every active frame, asked before every one of the shadow's. Used under one lock."""

    def __init__(self, choice: ShadowChoice, streams: Iterable[str], seed: int) -> None:
        self._most_ratio = choice.max_p99_ratio
        self._most_share = choice.max_share
        self._block_ns = round(choice.block_s * NS_PER_S)
        self._lots = random.Random(seed)
        self._sides = {stream: _Sides() for stream in streams}
        self._began_ns: int | None = None
        """Of this block; None: the shadow isn't there."""
        self._with = False
        self._second = False
        """Whether this is the second block of its pair."""
        self._next_ns = 0
        self._idle_ns: int | None = 0
        """Since when the shadow has nothing to do; None: it is at work."""
        self._power: dict[bool, list[float]] = {True: [0.0, 0.0], False: [0.0, 0.0]}
        """Sum of watts and how many readings, with and without."""
        self.share = min(FIRST_SHARE, self._most_share)
        """Of the time it may be at work, now."""
        self.judged = 0
        """How often p99 with it was held against p99 without it, and how often it was"""
        self.exceeded = 0
        """over the limit."""
        self.busy_ns = 0

    def begin(self, now_ns: int) -> None:
        """The shadow is there."""
        self._second = True
        self._idle_ns = now_ns
        self._turn(now_ns)

    def end(self) -> None:
        """It is gone: frames taken until it is back are neither with nor without it."""
        self._began_ns = None

    def refuses(self, now_ns: int) -> str:
        """Why the shadow may not take a frame now; empty: it may."""
        self._catch_up(now_ns)
        if not self._with:
            return BASELINE
        return SPENT if now_ns < self._next_ns else ""

    def begins(self) -> None:
        """It has taken a frame."""
        self._idle_ns = None

    def done(self, took_ns: int, now_ns: int) -> None:
        """It has answered; `took_ns`: it was at work so long."""
        self._idle_ns = now_ns
        self.busy_ns += took_ns
        self._next_ns = now_ns + round(took_ns * (1 - self.share) / self.share)

    def observe(self, stream: str, stamp_ns: int, total_ns: int, now_ns: int) -> None:
        """An ok frame of the active model, from stamp to result; one that a border of blocks cuts is left out."""
        self._catch_up(now_ns)
        if self._began_ns is None or stamp_ns < self._began_ns:
            return
        sides = self._sides[stream]
        if self._with:
            sides.with_ns.append(total_ns)
            sides.since_changed += 1
        elif self._idle_ns is not None and self._idle_ns <= stamp_ns:
            sides.without_ns.append(total_ns)

    def power(self, watts: float, now_ns: int) -> None:
        """A reading of the device; NaN is none."""
        self._catch_up(now_ns)
        if self._began_ns is not None and not math.isnan(watts):
            self._power[self._with][0] += watts
            self._power[self._with][1] += 1

    def mean_power(self, *, at_work: bool) -> tuple[float | None, int]:
        """Watts while blocks had the shadow at work, or while it rested, and of how many readings."""
        total, n = self._power[at_work]
        return (total / n if n else None), int(n)

    def totals(self, stream: str) -> Totals:
        sides = self._sides[stream]
        return Totals(tuple(sides.with_ns), tuple(sides.without_ns))

    def _catch_up(self, now_ns: int) -> None:
        if self._began_ns is not None and now_ns - self._began_ns >= self._block_ns:
            self._turn(now_ns)

    def _turn(self, now_ns: int) -> None:
        """The next block; after the second of a pair, the share is looked at."""
        self._began_ns = now_ns
        if self._second:
            self._judge()
            self._with = self._lots.random() < 0.5
        else:
            self._with = not self._with
        self._second = not self._second

    def _judge(self) -> None:
        """By the worst of the streams that have frames enough on both sides."""
        ratios = []
        for sides in self._sides.values():
            if sides.since_changed >= LEAST_FRAMES and len(sides.without_ns) >= LEAST_FRAMES:
                newest = list(sides.with_ns)[-min(sides.since_changed, WINDOW // 2) :]
                alone = list(sides.without_ns)[-max(len(newest), LEAST_FRAMES) :]
                ratios.append((p99(newest) or 0) / max(p99(alone) or 0, 1))
        if not ratios:
            return
        self.judged += 1
        before = self.share
        if max(ratios) > self._most_ratio:
            self.exceeded += 1
            self.share = min(max(self.share * HALVED, LEAST_SHARE), self._most_share)
        else:
            self.share = min(self.share * GROWN, self._most_share)
        if self.share != before:
            for sides in self._sides.values():
                sides.since_changed = 0


def p99(values_ns: Iterable[int]) -> int | None:
    """The ceil(.99 n)-th smallest; None where there are fewer than it takes."""
    ordered = sorted(values_ns)
    n = len(ordered)
    return ordered[-(-99 * n // 100) - 1] if n >= LEAST_FRAMES else None
