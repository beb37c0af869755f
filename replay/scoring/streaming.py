"""How right a real-time stream was at each labelled instant, and how old its answers were then.

Every labelled frame that was captured is an instant, the scheduled one. Definitions: docs/metrics/streaming.md.
"""

from collections.abc import Mapping

import msgspec
import numpy as np

from replay.metrics.freshness import Freshness, freshness
from replay.metrics.pool import Index, Mask
from replay.metrics.streaming import AnswerTimeline, in_force
from replay.scoring.ap_interval import ApInterval, ap_interval
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from sensors.errors import GilmokError
from sensors.pace.pacing import Schedule
from sensors.record import Record

UNPACED = "streaming accuracy is defined in real time only; in {pace} pace no schedule says when an answer was due"
DEPRECATED = {"offline": "ap_captured", "AP50.offline": "AP50.captured"}
HUB_UNHEARD = "no clock says when the hub received them"


class Unstreamable(GilmokError):
    """There is no streaming accuracy, and the sentence says why."""


class StreamingAccuracy(Record, frozen=True, kw_only=True):
    """Mean AP over the evaluated classes, by the reference rule. None: undefined, or unknown."""

    unknown: str = ""
    """Why there are no figures."""
    sap_edge: float | None = msgspec.field(name="sAP_edge", default=None)
    """Against the newest answer that the node had published."""
    sap_hub: float | None = msgspec.field(name="sAP_hub", default=None)
    """Against the newest answer that the hub had received."""
    ap_captured: float | None = None
    """The run's, without time: each captured frame against its own answer; a dropped or failed one has none, and what
    was there counts as missed."""
    ap_answered: float | None = None
    """The model's: likewise, but only over the frames that were answered."""
    ap50: dict[str, float | None] = msgspec.field(name="AP50", default_factory=dict)
    """Likewise at IoU .50: `edge`, `hub`, `captured`, `answered` (and, deprecated, `offline`)."""
    intervals: dict[str, ApInterval] = {}
    """Of AP and AP50: `edge`, `hub`; empty in older records."""
    n_frames: int | None = None
    """Labelled instants that `edge` and `hub` are of; None in older records."""
    n_truth: int | None = None
    """Objects there."""
    edge: Freshness | None = None
    hub: Freshness | None = None
    hub_unknown: str = ""
    """Why there are no figures of the hub."""
    offline: float | None = None
    """Deprecated: `ap_captured`."""
    deprecated: dict[str, str] = msgspec.field(default_factory=lambda: dict(DEPRECATED))
    """Names that go with the next version -> what to read instead."""


def streaming_accuracy(
    stream: ScoredStream,
    pace: str,
    *,
    hub_latency_ns: Mapping[int, int] | None,
    captured: Mapping[str, float],
    answered: Mapping[str, float],
    hub_unknown: str = "",
) -> StreamingAccuracy:
    """`hub_latency_ns`: capture to receipt, by frame; None: `hub_unknown` may say why. `captured`, `answered`: COCO
    figures of the frames themselves.

    Raises as `replay.scoring.reference.score` does.
    """
    if pace != "realtime":
        return StreamingAccuracy(unknown=UNPACED.format(pace=pace))
    try:
        at_node = answer_timeline(stream, scheduled=True)
    except Unstreamable as error:
        return StreamingAccuracy(unknown=error.sentence)
    at_hub, unheard = _at_hub(at_node, hub_latency_ns, hub_unknown or HUB_UNHEARD)
    then = {"edge": _known(stream, at_node)}
    if at_hub is not None:
        then["hub"] = _known(stream, at_hub)
    figures = {where: score(one).overall for where, one in then.items()}
    edge, hub = figures["edge"], figures.get("hub")
    # How old answers were over time can't be told where some of them are missing.
    whole = not stream.unreported
    return StreamingAccuracy(
        sap_edge=edge["AP"],
        sap_hub=None if hub is None else hub["AP"],
        ap_captured=captured["AP"],
        ap_answered=answered["AP"],
        ap50={
            "edge": edge["AP50"],
            "hub": None if hub is None else hub["AP50"],
            "captured": captured["AP50"],
            "answered": answered["AP50"],
            "offline": captured["AP50"],
        },
        intervals={where: ap_interval(one.pool) for where, one in then.items()},
        n_frames=int(edge["n_frames"]),
        n_truth=int(edge["n_truth"]),
        edge=freshness([at_node]) if whole else None,
        hub=freshness([at_hub]) if whole and at_hub is not None else None,
        hub_unknown=unheard,
        offline=captured["AP"],
    )


def streamed(stream: ScoredStream, timeline: AnswerTimeline) -> ScoredStream:
    """The stream as it was at its instants: each frame answered by what `timeline` has in force then.

    The timeline's rows are the stream's frames; an output is what was found in the frame that it was computed from.
    """
    return stream.answered_from(np.append(timeline.inputs, -1)[in_force(timeline)])


def _known(stream: ScoredStream, timeline: AnswerTimeline) -> ScoredStream:
    """The stream at its instants, but for those at which a report that is missing may have been the newest answer."""
    if not stream.unreported:
        return streamed(stream, timeline)
    rows = np.arange(len(stream.frames))
    unknown = np.array([frame in stream.unreported for frame in stream.frames], np.bool_)
    newest = np.append(timeline.inputs, -1)[in_force(timeline)]
    # The last frame of unknown fate before each: its answer, if it had one, may be newer than the newest that is here.
    before = np.maximum.accumulate(np.append(-1, np.where(unknown, rows, -1)))[:-1]
    return streamed(stream, timeline).without(before > newest)


def answer_timeline(stream: ScoredStream, *, scheduled: bool) -> AnswerTimeline:
    """Every captured frame, and the instant at which each answer was published.

    `scheduled`: frames were taken on the recording's schedule, which the reports' stamps tell; else each is supposed
    there on a schedule from 0, and its answer as long after it as it really took. Raises Unstreamable.
    """
    place = {frame: row for row, frame in enumerate(stream.frames)}
    due_ns = _schedule(stream, scheduled)
    ok = [report for report in stream.reports if report.findings is not None]
    inputs = np.array([place[report.seq] for report in ok], np.int64)
    took_ns = np.array([report.published.mono_ns - report.stamp.mono_ns for report in ok], np.int64)
    labelled = np.array([truth is not None for truth in stream.truths], np.bool_)
    return _consistent(np.array(stream.frames, np.int64), due_ns, labelled, inputs, due_ns[inputs] + took_ns)


def _at_hub(
    at_node: AnswerTimeline, hub_latency_ns: Mapping[int, int] | None, unknown: str
) -> tuple[AnswerTimeline | None, str]:
    """With each answer emitted when the hub had it; or why nobody knows, `unknown` where there are no latencies."""
    if hub_latency_ns is None:
        return None, unknown
    one = at_node
    latencies = [hub_latency_ns[frame] for frame in one.frames[one.inputs].tolist()]
    emitted_ns = one.captured_ns[one.inputs] + np.array(latencies, np.int64)
    try:
        return _consistent(one.frames, one.captured_ns, one.labelled, one.inputs, emitted_ns), ""
    except Unstreamable as error:
        return None, error.sentence


def _consistent(frames: Index, captured_ns: Index, labelled: Mask, inputs: Index, emitted_ns: Index) -> AnswerTimeline:
    """Raises Unstreamable where an output left before its frame was taken."""
    try:
        return AnswerTimeline(frames, captured_ns, labelled, inputs, emitted_ns)
    except ValueError as error:
        raise Unstreamable(f"the reports contradict themselves: {error}") from error


def _schedule(stream: ScoredStream, scheduled: bool) -> Index:
    """(frames,) when each was due, dropped ones too."""
    recording, reports = stream.recording, stream.reports
    if not recording.fps > 0:
        raise Unstreamable(f"{recording.dataset} {recording.name} states no frame rate: stills are no stream")
    if not stream.frames:
        return np.empty(0, np.int64)
    first = recording.numbers[0]
    nominal = Schedule(0, recording.fps)
    t0_ns = reports[0].stamp.mono_ns - nominal.due_ns(reports[0].seq - first) if scheduled and reports else 0
    schedule = Schedule(t0_ns, recording.fps)
    for report in reports if scheduled else ():
        if report.kind != "scheduled" or report.stamp.mono_ns != schedule.due_ns(report.seq - first):
            raise Unstreamable(f"frame {report.seq} was not taken on the schedule of the frames before it")
    return np.array([schedule.due_ns(number - first) for number in stream.frames], np.int64)
