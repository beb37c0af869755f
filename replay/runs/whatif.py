"""A recorded run under other latencies: how right it would have been, had its answers come sooner or later.

What is recorded says *what* is found in a frame; the supposition says *when*. Two kinds of lateness differ: time on the
node keeps it from the next frame, delay on the way after it does not. Every factor goes through one model of the node
(`replay.metrics.node_model`), ×1 too; the record stands beside it, and how far the two are apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.wire.messages import FrameReport
from replay.metrics.freshness import Freshness, freshness
from replay.metrics.node_model import UNLIMITED, Passages, Shape, Work, constant, shape_of, simulated, work_of
from replay.metrics.percentiles import percentiles
from replay.metrics.pool import Index
from replay.metrics.streaming import AnswerTimeline, in_force
from replay.runs.loaded import LoadedStream
from replay.runs.supposition import Distance, Point, Supposed, Supposition
from replay.scoring.answer_pairs import pooled_figures
from replay.scoring.ap_interval import ap_interval
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import Unstreamable, answer_timeline
from replay.scoring.summary import calibrated_on
from sensors.clock import NS_PER_MS
from sensors.errors import GilmokError

PASSES, SEED = 16, 1
"""The model runs so often, each time with the recorded times in another order: which frame meets which is luck."""
FIGURES = ("AP", "AP50", "AP75", "n_frames", "n_truth", "n_found")
TOLD = FIGURES[:5]
SHAPES = {"one-at-a-time": Shape(1, 1), "pipelined": Shape(UNLIMITED, UNLIMITED)}


class NothingToSuppose(GilmokError):
    """The run can't be scored again, and the sentence says why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A stream, and what its node is supposed to be."""

    stream: ScoredStream
    timeline: AnswerTimeline
    """As recorded; in lockstep, on the recording's own schedule."""
    before: Index
    """(frames,) whose findings stand for each: its own, else those of the last answered one before; -1: none."""
    after: Index
    """Likewise the next answered one: where one is too old by as much as the other is too new, the two cancel out."""
    sure: bool
    """Whether AP's intervals are asked for."""


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
    if not len(timeline.inputs):
        raise NothingToSuppose(f"{stream.name}: no frame was answered, so there is no latency to start from")
    before, after = _standing_in(timeline)
    asked = _Asked(stream.scored, timeline, before, after, supposed.sure)
    work, shape = _node(stream, supposed)
    record = tuple(_recorded(asked, added) for added in supposed.added_ms) if realtime else ()
    distance = _distance(asked, stream) if realtime and supposed.scales else None
    known = stream.summary.accuracy
    captured = {name: known.coco.get(name) for name in TOLD}
    return Supposition(
        node=stream.summary.node,
        stream=stream.summary.stream,
        pace=stream.stream.pace,
        policy=supposed.policy,
        depth=None if shape.depth == UNLIMITED else shape.depth,
        servers=None if shape.servers == UNLIMITED else shape.servers,
        captured=captured | (known.interval.ends("AP", "AP50") if known.interval else {}),
        answered={name: known.answered.get(name) for name in TOLD}
        | (known.interval_answered.ends("AP", "AP50") if known.interval_answered else {}),
        offline=captured,
        record=record,
        points=tuple(_points(asked, work, shape, supposed.scales, supposed.added_ms)),
        distance=distance,
        notes=tuple(_notes(asked, stream, work, supposed)),
    )


def passages(reports: Sequence[FrameReport]) -> Passages:
    """Of every frame that was taken, failed ones too."""

    def column(values: Iterator[int]) -> Index:
        return np.array(list(values), np.int64)

    there = column(one.stamp.mono_ns for one in reports)
    taken = there + column(one.stages.get("wait", 0) for one in reports)
    submitted = taken + column(one.stages.get("prepare", 0) for one in reports)
    return Passages(
        there_ns=there,
        taken_ns=taken,
        submitted_ns=submitted,
        answered_ns=submitted + column(one.stages.get("infer", 0) for one in reports),
        finished_ns=there + column(one.total_ns for one in reports),
        published_ns=column(one.published.mono_ns for one in reports),
        failed=np.array([one.status != "ok" for one in reports], np.bool_),
    )


def _node(stream: LoadedStream, supposed: Supposed) -> tuple[Work, Shape]:
    model = supposed.other or stream
    passed = passages(model.reports)
    recorded = shape_of(passed, model.birth.backend.depth)
    shape = SHAPES.get(supposed.policy, recorded)
    return work_of(passed, recorded) if supposed.constant_ns is None else constant(supposed.constant_ns), shape


def _standing_in(timeline: AnswerTimeline) -> tuple[Index, Index]:
    """What a frame shows that the record has no answer for: what its answered neighbours showed, before and after."""
    n = len(timeline.frames)
    before, after = np.full(n, -1, np.int64), np.full(n, n, np.int64)
    before[timeline.inputs] = after[timeline.inputs] = timeline.inputs
    before = np.maximum.accumulate(before)
    after = np.minimum.accumulate(after[::-1])[::-1]
    return before, np.where(after < n, after, before)


def _recorded(asked: _Asked, added_ms: float) -> Point:
    later = _later(asked.timeline, added_ms)
    answered = asked.stream.answered_from(_sources(later, asked.before))
    overall = score(answered).overall
    return Point(
        added_ms=added_ms,
        scale=1.0,
        latency_ns=percentiles(_latencies(later)),
        figures={**{name: overall[name] for name in FIGURES}, **(_around(overall, answered) if asked.sure else {})},
        freshness=freshness([later]),
    )


def _points(asked: _Asked, work: Work, shape: Shape, scales: Sequence[float], added_ms: Sequence[float]) -> list[Point]:
    """Of every scale with every delay."""
    at_node = {scale: _passes(asked.timeline, work.scaled(scale), shape) for scale in scales}
    keys = [(scale, added) for scale in scales for added in added_ms]
    timelines = [[_later(one, added) for one in at_node[scale]] for scale, added in keys]
    shown = (asked.before, asked.after)
    sources = [[_sources(one, shown[n % 2]) for n, one in enumerate(passes)] for passes in timelines]
    return [
        Point(
            added_ms=added,
            scale=scale,
            latency_ns=percentiles(latency for one in passes for latency in _latencies(one)),
            figures={**figures, **(_around(figures, asked.stream.answered_from(shares[0])) if asked.sure else {})},
            freshness=freshness(passes),
            passes=len(passes),
        )
        for (scale, added), passes, shares, figures in zip(
            keys, timelines, sources, pooled_figures(asked.stream, sources), strict=True
        )
    ]


def _around(figures: Mapping[str, float], first: ScoredStream) -> dict[str, float | None]:
    """The ends of the intervals of AP and AP50: as wide as those of the `first` pass, around the mean over all."""
    sure, own = ap_interval(first.pool), score(first).overall
    ends: dict[str, float | None] = {}
    for name in ("AP", "AP50"):
        shift = figures[name] - own[name]
        for key, end in sure.ends(name).items():
            ends[key] = None if end is None else min(max(end + shift, 0.0), 1.0)
    return ends


def _passes(timeline: AnswerTimeline, work: Work, shape: Shape) -> list[AnswerTimeline]:
    """The same orders for every scale. Where all frames take the same there is one, and two kinds of neighbours."""
    rng = np.random.default_rng(SEED)
    passes = PASSES if len(work) > 1 else 1 if len(np.unique(timeline.inputs)) == len(timeline.frames) else 2
    return [_one_pass(timeline, work.dealt(rng), shape) for _ in range(passes)]


def _one_pass(timeline: AnswerTimeline, work: Work, shape: Shape) -> AnswerTimeline:
    rows, passed = simulated(timeline.captured_ns, work, shape)
    return replace(timeline, inputs=rows[~passed.failed], emitted_ns=passed.published_ns[~passed.failed])


def _sources(timeline: AnswerTimeline, shown: Index) -> Index:
    """(frames,) the frame whose findings answer each; `shown`: whose findings an answer computed from each has."""
    answers = np.append(timeline.inputs, -1)[in_force(timeline)]
    sources: Index = np.append(shown, -1)[answers]
    return sources


def _distance(asked: _Asked, stream: LoadedStream) -> Distance:
    """Of the run's own node, whatever else was supposed."""
    (model,), record = _points(asked, *_node(stream, Supposed()), (1.0,), (0.0,)), _recorded(asked, 0.0)
    marks = ("p50", "p90", "p99")
    ours, theirs = ([getattr(one.latency_ns, mark) for mark in marks] for one in (model, record))
    return Distance(
        figures={name: _less(model.figures[name], record.figures[name]) for name in FIGURES[:3]},
        latency_ns={
            mark: None if a is None or b is None else a - b for mark, a, b in zip(marks, ours, theirs, strict=True)
        },
        dropped_share=dropped_share(model.freshness) - dropped_share(record.freshness),
    )


def dropped_share(fresh: Freshness) -> float:
    return fresh.dropped / fresh.captured if fresh.captured else float("nan")


def _later(timeline: AnswerTimeline, added_ms: float) -> AnswerTimeline:
    return replace(timeline, emitted_ns=timeline.emitted_ns + round(added_ms * NS_PER_MS))


def _latencies(timeline: AnswerTimeline) -> list[int]:
    took: list[int] = (timeline.emitted_ns - timeline.captured_ns[timeline.inputs]).tolist()
    return took


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _notes(asked: _Asked, stream: LoadedStream, work: Work, supposed: Supposed) -> Iterator[str]:
    timeline = asked.timeline
    silent = len(timeline.frames) - len(np.unique(timeline.inputs))
    if silent and supposed.scales:
        yield (
            f"{silent} of {len(timeline.frames)} frames have no recorded answer: where the model works on one of them, "
            "it finds what the answered frame before it showed, and in every other pass the one after it"
        )
    if supposed.other is not None and len(work) < len(timeline.inputs):
        yield f"the other run has {len(work)} latencies: taken in turn, and from the start again"
    if stream.stream.pace != "realtime":
        yield "recorded in lockstep: its frames are supposed to come on the recording's schedule"
    if len(stream.birth.streams) > 1 and supposed.constant_ns is None and supposed.other is None:
        yield f"{stream.summary.node} has other streams: what waiting for them took is taken as it was"
