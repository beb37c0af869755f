"""How many cameras one device serves before p99 breaks the deadline: whole frames, from the instant they are due.

Nothing is dropped here: a frame that waits gets late, and its lateness is counted. (A node drops frames instead, and
stays fresh: docs/timing.md.)
"""

import threading
from collections.abc import Sequence
from pathlib import Path

from edge.assembly import Loaded
from edge.pipeline import Pipeline
from edge.wire.messages import STAGES, FrameReport
from replay.metrics.percentiles import Percentiles, least_n, percentiles
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, pictures
from replay.qualify.load.paced import LEAD_NS, schedule
from replay.qualify.progress import Tell
from replay.statistics.deadline import DeadlineJudgement, DeadlineOutcome, judge_deadline
from sensors.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from sensors.errors import GilmokError
from sensors.frame import Frame, FrameId, Image
from sensors.record import Record

PICTURES = 24
HOPELESS_PERIODS = 50
"""A stream that is so many frames behind has lost, and the trial ends."""


class FramesFailed(GilmokError):
    def __init__(self, n: int, reason: str) -> None:
        super().__init__(f"{n} frames failed: {reason}")


class Trial(Record, frozen=True, kw_only=True):
    """So many cameras at once."""

    streams: int
    latency_ns: Percentiles
    """Of frames, due to findings."""
    cut_short: bool
    """The queue grew beyond hope, and the trial was ended."""
    held: bool
    """The p99 of these frames is within the deadline: what the search goes by."""
    deadline: DeadlineJudgement | None = None
    """How sure it is that the deadline is kept; None in older records."""


class Streams(Record, frozen=True, kw_only=True):
    rate_fps: float
    deadline_ms: float
    most: int
    """The greatest number of streams that held; 0: not even one did."""
    most_sure: int | None = None
    """The greatest number that keep the deadline at p99 with 99 % confidence; None in older records."""
    broken_at: int | None
    """The fewest that did not hold; None: the search ended before one broke."""
    ended: str
    """Why the search ended."""
    trials: tuple[Trial, ...]
    """In the order in which they ran."""
    stages_ns: dict[str, Percentiles]
    """Of one stream: where a frame's time goes."""


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Streams:  # noqa: ARG001 (every part is called alike)
    clock, budget = SystemClock(), campaign.budget
    shown = pictures(campaign, PICTURES)
    trials: list[Trial] = []
    stages: dict[str, Percentiles] = {}
    with candidate(campaign) as parts:
        _warm_up(parts, shown, clock)
        end_ns = clock.now().mono_ns + round(budget.streams_s * NS_PER_S)
        ended = ""
        while not ended:
            n = next_try(trials, budget.most_streams)
            if n is None:
                ended = "the limit was found" if broken_at(trials) else f"{budget.most_streams} is the most asked"
            elif trials and clock.now().mono_ns > end_ns:
                ended = f"its {budget.streams_s:g} s were over"
            else:
                tell(_share(clock, end_ns, budget.streams_s), f"{n} streams" if n > 1 else "1 stream")
                trial, reports = _trial(parts, shown, n, campaign, clock)
                trials.append(trial)
                stages = stages or _stages(reports)
    return Streams(
        rate_fps=campaign.rate_fps,
        deadline_ms=campaign.deadline_ms,
        most=max((trial.streams for trial in trials if trial.held), default=0),
        most_sure=max((trial.streams for trial in trials if kept(trial)), default=0),
        broken_at=broken_at(trials),
        ended=ended,
        trials=tuple(trials),
        stages_ns=stages,
    )


def next_try(trials: Sequence[Trial], most: int) -> int | None:
    """Doubled until one breaks, then halved between; None: found."""
    good = max((trial.streams for trial in trials if trial.held), default=0)
    bad = broken_at(trials)
    if bad is None:
        doubled = min(2 * good or 1, most)
        return doubled if doubled > good else None
    # A greater number that held by luck does not undo a smaller one that broke.
    good = max((trial.streams for trial in trials if trial.held and trial.streams < bad), default=0)
    return (good + bad) // 2 if bad - good > 1 else None


def broken_at(trials: Sequence[Trial]) -> int | None:
    """The fewest cameras that did not hold; None: all held."""
    return min((trial.streams for trial in trials if not trial.held), default=None)


def kept(trial: Trial) -> bool:
    """Surely; a trial that was cut short kept nothing."""
    return not trial.cut_short and trial.deadline is not None and trial.deadline.outcome is DeadlineOutcome.KEPT


def frames_needed(rate_fps: float, streams: int, trial_s: float) -> int:
    """Of each stream: as many as the trial has time for, and enough of all together for a p99."""
    return max(round(trial_s * rate_fps), -(-least_n(0.99) // streams), 2)


def _trial(
    parts: Loaded, shown: Sequence[Image], n: int, campaign: Campaign, clock: Clock
) -> tuple[Trial, list[FrameReport]]:
    """`n` cameras whose frames are due in turns, each with its own pipeline on the one session."""
    each = frames_needed(campaign.rate_fps, n, campaign.budget.trial_s)
    start_ns = clock.now().mono_ns + LEAD_NS
    hopeless = threading.Event()
    reports: list[list[FrameReport]] = [[] for _ in range(n)]

    def camera(place: int) -> None:
        way = parts.pipeline(clock)
        for k, due_ns in enumerate(schedule(start_ns, campaign.rate_fps, each, place / n)):
            clock.sleep_until(due_ns)
            if hopeless.is_set():
                return
            reports[place].append(_step(way, shown[(place + k) % len(shown)], k, due_ns, clock))
            if clock.now().mono_ns - due_ns > HOPELESS_PERIODS * campaign.period_ms * NS_PER_MS:
                hopeless.set()

    threads = [threading.Thread(target=camera, args=(place,), name=f"camera-{place}") for place in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted((report for one in reports for report in one), key=lambda report: report.stamp.mono_ns)
    failed = [report for report in every if report.status == "failed"]
    if failed:
        raise FramesFailed(len(failed), failed[0].reason)
    latency = percentiles(report.total_ns for report in every)
    deadline_ns = campaign.deadline_ms * NS_PER_MS
    late = latency.p99 is None or latency.p99 > deadline_ns
    trial = Trial(
        streams=n,
        latency_ns=latency,
        cut_short=hopeless.is_set(),
        held=not (late or hopeless.is_set()),
        deadline=judge_deadline([report.total_ns for report in every], deadline_ns),
    )
    return trial, every


def _step(way: Pipeline, picture: Image, number: int, due_ns: int, clock: Clock) -> FrameReport:
    frame = Frame(FrameId("camera", number), clock.now().shifted_to(due_ns), "scheduled", picture)
    return way.step(frame)


def _warm_up(parts: Loaded, shown: Sequence[Image], clock: Clock) -> None:
    way = parts.pipeline(clock)
    for number in range(5):
        _step(way, shown[number % len(shown)], number, clock.now().mono_ns, clock)


def _stages(reports: Sequence[FrameReport]) -> dict[str, Percentiles]:
    there = [stage for stage in STAGES if all(stage in report.stages for report in reports)]
    return {stage: percentiles(report.stages[stage] for report in reports) for stage in there}


def _share(clock: Clock, end_ns: int, whole_s: float) -> float:
    left_s = (end_ns - clock.now().mono_ns) / NS_PER_S
    return min(max(1 - left_s / whole_s, 0.0), 1.0)
