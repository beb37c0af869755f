"""How soon a stream's frames were answered, and how old its newest answer was, at every moment (docs/metrics.md).

Age of information after Kaul, Yates and Gruteser, "Real-time status: how often should one update?" (INFOCOM 2012):
at time t the age is t - u(t), u(t) the capture of what the answer in force was computed from. It rises by a second a
second and falls when an answer comes, so it is read over all of the time: at frames it is a multiple of their period.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from replay.metrics.percentiles import QUANTILES, Percentiles, least_n, percentiles
from replay.metrics.pool import Index
from replay.metrics.streaming import AnswerTimeline, in_force, own_answers
from sensors.clock import NS_PER_MS
from sensors.record import Record

STATED_MS = (20, 50, 100, 200, 500)
"""How soon an answer may be wanted."""
DEPRECATED = {"in_time": "answered_within", "age_ns": "age.over_time_ns"}


class Age(Record, frozen=True, kw_only=True):
    """Of the newest answer, over the time from the first answer to the last frame."""

    mean_ns: float | None
    """NaN where there was no answer, or no time in which to grow old."""
    over_time_ns: Percentiles
    """For such a share of the time it was not older; n: how many answers it rests on."""
    observed_ns: int
    without_ns: int
    """Before that: from the first frame until there was any answer."""


class Freshness(Record, frozen=True, kw_only=True):
    """NaN and None where n is too small to say."""

    n: int
    """Labelled instants: AP and `miss` rest on them."""
    miss: int
    """Instants before any output: nothing was found there."""
    captured: int | None = None
    """Frames, labelled or not: `answered_within` and `dropped` are of them. None in older records."""
    answered_within: dict[str, float] = {}
    """So many milliseconds -> share of the frames whose own answer was there so soon after capture; a frame that was
    dropped or failed never was."""
    dropped: int
    """Frames, labelled or not, that no output was computed from."""
    age: Age | None = None
    """None in older records."""
    staleness_mean: float | None
    """Frame numbers between the instant and the frame that its answer was computed from."""
    staleness_p99: int | None
    in_time: int
    """Deprecated: instants answered from their own frame, 0 wherever an answer takes any time."""
    age_ns: Percentiles
    """Deprecated: the age at labelled instants, a multiple of the frames' period."""
    deprecated: dict[str, str] = msgspec.field(default_factory=lambda: dict(DEPRECATED))
    """Names that go with the next version -> what to read instead."""


@dataclass(frozen=True, slots=True)
class Teeth:
    """The age over time as the teeth of a saw: it begins at `low_ns` and grows for `length_ns`, one for one."""

    low_ns: Index
    length_ns: Index

    def at(self, share: float) -> int:
        """The smallest whole number of nanoseconds that the age did not exceed for so much of the time."""
        low, high = -1, int((self.low_ns + self.length_ns).max())
        wanted = share * int(self.length_ns.sum())
        while high - low > 1:
            middle = (low + high) // 2
            below = np.clip(middle - self.low_ns, 0, self.length_ns).sum()
            low, high = (low, middle) if below >= wanted else (middle, high)
        return high

    @property
    def mean_ns(self) -> float:
        whole = float(self.length_ns.sum())
        return float(((self.low_ns + self.length_ns / 2) * self.length_ns).sum() / whole) if whole else float("nan")


def freshness(timelines: Sequence[AnswerTimeline]) -> Freshness:
    """Of all the timelines together."""
    none: Index = np.empty(0, np.int64)
    stale, at_instants, took = [none], [none], [none]
    for one in timelines:
        answers = in_force(one)
        rows = np.flatnonzero(one.labelled & (answers >= 0))
        source = one.inputs[answers[rows]]
        stale.append(one.frames[rows] - one.frames[source])
        at_instants.append(one.captured_ns[rows] - one.captured_ns[source])
        took.append(_took(one))
    staleness, captured = np.concatenate(stale), sum(len(one.frames) for one in timelines)
    labelled = sum(int(one.labelled.sum()) for one in timelines)
    return Freshness(
        n=labelled,
        miss=labelled - len(staleness),
        captured=captured,
        answered_within=_within(np.concatenate(took), captured),
        dropped=captured - sum(len(np.unique(one.inputs)) for one in timelines),
        age=_age(timelines),
        staleness_mean=float(staleness.mean()) if len(staleness) else float("nan"),
        staleness_p99=percentiles(staleness.tolist()).p99,
        in_time=int((staleness == 0).sum()),
        age_ns=percentiles(np.concatenate(at_instants).tolist()),
    )


def teeth(timeline: AnswerTimeline) -> Teeth:
    """From the first answer to the last frame's capture; what comes at the same instant as the next one has no time."""
    by_time = np.argsort(timeline.emitted_ns, kind="stable")
    emitted = timeline.emitted_ns[by_time]
    low = emitted - timeline.captured_ns[timeline.inputs[by_time]]
    end_ns = timeline.captured_ns.max(initial=0)
    length = np.clip(np.append(emitted[1:], end_ns), None, end_ns) - np.clip(emitted, None, end_ns)
    return Teeth(low[length > 0], length[length > 0])


def _took(timeline: AnswerTimeline) -> Index:
    """From capture to answer, of the frames that have one of their own; the earliest of several."""
    took = timeline.emitted_ns - timeline.captured_ns[timeline.inputs]
    earliest = np.full(len(timeline.frames), np.iinfo(np.int64).max)
    np.minimum.at(earliest, timeline.inputs, took)
    return earliest[own_answers(timeline) >= 0]


def _within(took_ns: Index, captured: int) -> dict[str, float]:
    if not captured:
        return {}
    return {str(ms): int((took_ns <= ms * NS_PER_MS).sum()) / captured for ms in STATED_MS}


def _age(timelines: Sequence[AnswerTimeline]) -> Age:
    every = [teeth(one) for one in timelines]
    none: Index = np.empty(0, np.int64)
    joint = Teeth(
        np.concatenate([none, *(one.low_ns for one in every)]),
        np.concatenate([none, *(one.length_ns for one in every)]),
    )
    n = len(joint.low_ns)
    marks = {name: joint.at(q) if n >= least_n(q) else None for name, q in QUANTILES.items()}
    watched = sum(int(np.ptp(one.captured_ns)) for one in timelines if len(one.frames))
    observed = int(joint.length_ns.sum())
    return Age(
        mean_ns=joint.mean_ns,
        over_time_ns=Percentiles(**marks, max=joint.at(1.0) if n else None, n=n),
        observed_ns=observed,
        without_ns=watched - observed,
    )
