"""How right a real-time stream was at the instants when somebody asked, and how old its answers were then.

Every annotated frame that was captured asks at its scheduled instant. Definitions: docs/metrics.md, "Streaming
accuracy".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from edge.wire.messages import FrameReport, StreamBirth
from models.detections import Detections
from replay.metrics.pool import Index, Mask
from replay.metrics.streaming import Freshness, Stream, freshness, in_force
from replay.recording import Recording
from replay.scoring.reference import Accuracy, asked, score
from replay.truth import Truth
from sensors.errors import GilmokError
from sensors.pacing import Schedule
from sensors.record import Record

UNPACED = "streaming accuracy is defined in real time only; in {pace} pace no schedule says when an answer was due"
HUB_UNHEARD = "no clock says when the hub received them"


class Unstreamable(GilmokError):
    """There is no streaming accuracy, and the sentence says why."""


class StreamingAccuracy(Record, frozen=True, kw_only=True):
    """Mean AP over the evaluated classes, by the rule of `replay.scoring.reference`. None: undefined, or unknown."""

    unknown: str = ""
    """Why there are no figures."""
    sap_edge: float | None = msgspec.field(name="sAP_edge", default=None)
    """Against the newest answer that the node had published."""
    sap_hub: float | None = msgspec.field(name="sAP_hub", default=None)
    """Against the newest answer that the hub had received."""
    offline: float | None = None
    """The same frames, each against the answer computed from itself."""
    ap50: dict[str, float | None] = msgspec.field(name="AP50", default_factory=dict)
    """Likewise at IoU .50: `edge`, `hub`, `offline`."""
    edge: Freshness | None = None
    hub: Freshness | None = None
    hub_unknown: str = ""
    """Why there are no figures of the hub."""


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What is asked of a stream, and what it has to answer with."""

    recording: Recording
    model_labels: Sequence[str]
    labels: Sequence[str]
    truths: Sequence[Truth | None]
    """By frame; None: nobody labelled it, nothing is asked."""
    outputs: Sequence[Detections]
    """In the order of the timeline's outputs."""
    timeline: Stream

    def heard(self, reports: Sequence[FrameReport], hub_latency_ns: Sequence[int]) -> Stream:
        """The timeline with each answer emitted when the hub had it; `hub_latency_ns` per ok report.

        Raises Unstreamable.
        """
        ok = [report for report in reports if report.findings is not None]
        latency_ns = {report.seq: latency for report, latency in zip(ok, hub_latency_ns, strict=True)}
        one = self.timeline
        seqs = one.frames[one.inputs].tolist()
        emitted_ns = one.captured_ns[one.inputs] + np.array([latency_ns[seq] for seq in seqs], np.int64)
        return _consistent(one.frames, one.captured_ns, one.asked, one.inputs, emitted_ns)

    def answered_by(self, timeline: Stream, outputs: Sequence[int] | Index | None = None) -> Accuracy:
        """The score where each frame is answered by what `timeline` has in force at its instant.

        `outputs`: which recorded output each of the timeline's repeats; None: its own, in order.
        """
        places = range(len(self.outputs)) if outputs is None else [int(place) for place in outputs]
        answers = in_force(timeline).tolist()
        pairs = [
            (truth, None if answer < 0 else self.outputs[places[answer]])
            for truth, answer in zip(self.truths, answers, strict=True)
        ]
        return score(pairs, self.recording, self.model_labels, self.labels)


def streaming_accuracy(
    reports: Sequence[FrameReport],
    recording: Recording,
    model_labels: Sequence[str],
    stream: StreamBirth,
    *,
    captured: int | None,
    hub_latency_ns: Sequence[int] | None,
    offline: Mapping[str, float],
    hub_unknown: str = "",
) -> StreamingAccuracy:
    """`hub_latency_ns`: capture to receipt, per ok report; None: `hub_unknown` may say why. `offline`: COCO figures.

    `captured` as in `replay.scoring.reference.score_reports`; raises as it does.
    """
    if stream.pace != "realtime":
        return StreamingAccuracy(unknown=UNPACED.format(pace=stream.pace))
    try:
        asking = questions(reports, recording, model_labels, stream.labels, captured=captured, scheduled=True)
    except Unstreamable as error:
        return StreamingAccuracy(unknown=error.sentence)
    heard, unheard = _heard(asking, reports, hub_latency_ns, hub_unknown or HUB_UNHEARD)
    edge = asking.answered_by(asking.timeline).overall
    hub = None if heard is None else asking.answered_by(heard).overall
    return StreamingAccuracy(
        sap_edge=edge["AP"],
        sap_hub=None if hub is None else hub["AP"],
        offline=offline["AP"],
        ap50={"edge": edge["AP50"], "hub": None if hub is None else hub["AP50"], "offline": offline["AP50"]},
        edge=freshness([asking.timeline]),
        hub=None if heard is None else freshness([heard]),
        hub_unknown=unheard,
    )


def _heard(
    asking: Questions, reports: Sequence[FrameReport], hub_latency_ns: Sequence[int] | None, unknown: str
) -> tuple[Stream | None, str]:
    """What the hub had when, or why nobody knows; `unknown` is why where there are no latencies."""
    if hub_latency_ns is None:
        return None, unknown
    try:
        return asking.heard(reports, hub_latency_ns), ""
    except Unstreamable as error:
        return None, error.sentence


def questions(
    reports: Sequence[FrameReport],
    recording: Recording,
    model_labels: Sequence[str],
    labels: Sequence[str] = (),
    *,
    captured: int | None,
    scheduled: bool,
) -> Questions:
    """Every captured frame with its truth, and every ok report with the instant it was published.

    `scheduled`: frames were taken on the recording's schedule, which the reports' stamps tell; else each is supposed
    there on a schedule from 0, and its answer as long after it as it really took. `captured` as in
    `replay.scoring.reference.score_reports`. Raises Unstreamable.
    """
    numbers, pairs = asked(reports, recording, captured)
    place = {number: row for row, number in enumerate(numbers)}
    told = [report for report in reports if report.seq in place]
    due_ns = _schedule(told, recording, scheduled, numbers)
    answers = [(place[report.seq], report, report.findings) for report in told if report.findings is not None]
    inputs = np.array([row for row, _, _ in answers], np.int64)
    took_ns = np.array([one.published.mono_ns - one.stamp.mono_ns for _, one, _ in answers], np.int64)
    timeline = _consistent(
        np.array(numbers, np.int64),
        due_ns,
        np.array([truth is not None for truth, _ in pairs], np.bool_),
        inputs,
        due_ns[inputs] + took_ns,
    )
    return Questions(
        recording=recording,
        model_labels=model_labels,
        labels=labels,
        truths=[truth for truth, _ in pairs],
        outputs=[findings.detections() for _, _, findings in answers],
        timeline=timeline,
    )


def _consistent(frames: Index, captured_ns: Index, asked: Mask, inputs: Index, emitted_ns: Index) -> Stream:
    """Raises Unstreamable where an output left before its frame was taken."""
    try:
        return Stream(frames, captured_ns, asked, inputs, emitted_ns)
    except ValueError as error:
        raise Unstreamable(f"the reports contradict themselves: {error}") from error


def _schedule(reports: Sequence[FrameReport], recording: Recording, scheduled: bool, numbers: Sequence[int]) -> Index:
    """(frames,) when each frame was due, dropped ones too."""
    if not recording.fps > 0:
        raise Unstreamable(f"nobody knows the frame rate of {recording.dataset} {recording.name}")
    if not numbers:
        return np.empty(0, np.int64)
    first = recording.numbers[0]
    nominal = Schedule(0, recording.fps)
    t0_ns = reports[0].stamp.mono_ns - nominal.due_ns(reports[0].seq - first) if scheduled and reports else 0
    schedule = Schedule(t0_ns, recording.fps)
    for report in reports if scheduled else ():
        if report.kind != "scheduled" or report.stamp.mono_ns != schedule.due_ns(report.seq - first):
            raise Unstreamable(f"frame {report.seq} was not taken on the schedule of the frames before it")
    return np.array([schedule.due_ns(number - first) for number in numbers], np.int64)
