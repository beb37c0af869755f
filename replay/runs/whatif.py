"""A recorded run under other latencies: how right it would have been, had its answers come sooner or later.

What is recorded says *what* is found in a frame; the supposition says *when*. Two kinds of lateness differ: time on the
node keeps it from the next frame, delay on the way after it does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.wire.messages import FrameReport
from replay.metrics.freshness import Freshness, freshness
from replay.metrics.percentiles import Percentiles, percentiles
from replay.metrics.streaming import AnswerTimeline, Policy, what_if
from replay.runs.loaded import LoadedStream
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import Unstreamable, answer_timeline, streamed
from replay.scoring.summary import calibrated_on
from sensors.clock import NS_PER_MS
from sensors.errors import GilmokError
from sensors.record import Record

ADDED_MS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


class NothingToSuppose(GilmokError):
    """The run can't be scored again, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """Latencies in place of the measured ones."""

    added_ms: Sequence[float] = ADDED_MS
    """Delays on the way, one point of the curve each: the node goes on meanwhile."""
    scales: Sequence[float] = (1.0,)
    """Factors on the time on the node, one curve each."""
    on_node_ns: Sequence[int] | None = None
    """How long each frame takes on the node, in turn; None: as long as it did."""
    policy: Policy = "one-at-a-time"


class Point(Record, frozen=True, kw_only=True):
    """Streaming accuracy under one supposition; None: undefined."""

    added_ms: float
    scale: float
    latency_ns: Percentiles
    """Capture to answer, of the frames that were worked on."""
    figures: dict[str, float | None]
    """AP, AP50, AP75, n_frames, n_truth, n_found."""
    freshness: Freshness


class Supposition(Record, frozen=True, kw_only=True):
    """One stream's curve."""

    node: str
    stream: str
    pace: str
    policy: Policy
    offline: dict[str, float | None]
    """Each frame against its own answer."""
    notes: tuple[str, ...]
    points: tuple[Point, ...]


def suppose(stream: LoadedStream, supposed: Supposed) -> Supposition:
    """Raises NothingToSuppose, and what `replay.scoring.reference.score` raises."""
    if stream.scored is None:
        raise NothingToSuppose(f"{stream.name}: {stream.absent}")
    if why := calibrated_on(stream.birth, stream.stream, stream.reports):
        raise NothingToSuppose(f"{stream.name}: {why}")
    realtime = stream.stream.pace == "realtime"
    if stream.stream.pace == "live":
        raise NothingToSuppose(f"{stream.name} looked through a live source: nothing can be asked of it again")
    try:
        timeline = answer_timeline(stream.scored, scheduled=realtime)
    except Unstreamable as error:
        raise NothingToSuppose(f"{stream.name}: {error.sentence}") from error
    measured = on_node_ns(stream.reports)
    if not measured:
        raise NothingToSuppose(f"{stream.name}: no frame was answered, so there is no latency to start from")
    coco = stream.summary.accuracy.coco
    return Supposition(
        node=stream.summary.node,
        stream=stream.summary.stream,
        pace=stream.stream.pace,
        policy=supposed.policy,
        offline={name: coco.get(name) for name in ("AP", "AP50", "AP75")},
        notes=tuple(_notes(timeline, supposed, realtime)),
        points=tuple(_points(stream.scored, timeline, supposed, measured, realtime)),
    )


def on_node_ns(reports: Sequence[FrameReport]) -> list[int]:
    """How long each ok frame kept the node, in order: from being taken up to its publication."""
    return [
        report.published.mono_ns - report.stamp.mono_ns - report.stages.get("wait", 0)
        for report in reports
        if report.status == "ok"
    ]


def _points(
    stream: ScoredStream, timeline: AnswerTimeline, supposed: Supposed, measured: Sequence[int], realtime: bool
) -> Iterator[Point]:
    for scale in supposed.scales:
        on_node = timeline
        if not (realtime and _as_recorded(supposed, scale)):
            base = np.array(supposed.on_node_ns or measured, np.float64)
            on_node, _ = what_if(timeline, np.rint(base * scale).astype(np.int64), supposed.policy)
        for added_ms in supposed.added_ms:
            yield _point(stream, on_node, added_ms, scale)


def _as_recorded(supposed: Supposed, scale: float) -> bool:
    return scale == 1.0 and supposed.on_node_ns is None


def _point(stream: ScoredStream, on_node: AnswerTimeline, added_ms: float, scale: float) -> Point:
    later = replace(on_node, emitted_ns=on_node.emitted_ns + round(added_ms * NS_PER_MS))
    overall = score(streamed(stream, later)).overall
    return Point(
        added_ms=added_ms,
        scale=scale,
        latency_ns=percentiles((later.emitted_ns - later.captured_ns[later.inputs]).tolist()),
        figures={name: overall[name] for name in ("AP", "AP50", "AP75", "n_frames", "n_truth", "n_found")},
        freshness=freshness([later]),
    )


def _notes(timeline: AnswerTimeline, supposed: Supposed, realtime: bool) -> Iterator[str]:
    silent = len(timeline.frames) - len(np.unique(timeline.inputs))
    if silent:
        simulated = not realtime or any(not _as_recorded(supposed, scale) for scale in supposed.scales)
        consequence = (
            ": nobody knows what would have been found there, and they can't be worked on" if simulated else ""
        )
        yield f"{silent} of {len(timeline.frames)} frames have no recorded answer{consequence}"
    taken = len(supposed.on_node_ns or ())
    if 1 < taken < len(np.unique(timeline.inputs)):
        yield f"the other run has {taken} latencies: taken in turn, and from the start again"
    if not realtime:
        yield "recorded in lockstep: its frames are supposed to come on the recording's schedule"
