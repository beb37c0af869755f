"""Reports of two models on the same frames, paired, and what is told of the pairs."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.comparison.same_frames import agreed, no_accuracy, paired_accuracy
from replay.metrics.percentiles import Percentiles, percentiles
from replay.recording import Recording
from replay.runs.same_frames.figures import OnSameFrames, PairedAccuracy, Ran, SeenBy
from replay.scoring.stream import ScoredStream
from replay.scoring.summary import calibrated_on
from sensors.errors import GilmokError

Identity: TypeAlias = Callable[[FrameReport], Hashable]
LATENCIES = ("infer", "total")


def very_frame(report: FrameReport) -> Hashable:
    """Of two reports of one session: the frame that the camera took at that instant."""
    return report.seq, report.stamp.mono_ns


def recorded_frame(report: FrameReport) -> Hashable:
    """Of two streams that replay one recording: its frame."""
    return report.seq


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One side: by whom, and its reports in any order; `birth` has the model of this side."""

    ran: Ran
    birth: Birth
    stream: StreamBirth
    reports: Sequence[FrameReport]

    @classmethod
    def active(cls, birth: Birth, stream: StreamBirth, reports: Sequence[FrameReport]) -> "Told":
        model, backend = birth.model, birth.backend
        ran = Ran(
            name=f"{birth.node}/{stream.name}",
            model=model.name,
            sha256=model.sha256,
            artefact=model.artefact,
            precision=model.precision,
            backend=backend.name,
            device=backend.device,
            device_kind=backend.device_kind,
        )
        return cls(ran, birth, stream, reports)

    @classmethod
    def shadow(cls, birth: Birth, stream: StreamBirth, reports: Sequence[FrameReport], device_kind: str) -> "Told":
        """Of a birth that names one."""
        shadow = birth.shadow
        if shadow is None:
            raise ValueError(f"{birth.node} has no shadow")
        own = cls.active(msgspec.structs.replace(birth, model=shadow.model), stream, reports)
        on = {"backend": shadow.backend, "device": shadow.device, "device_kind": device_kind}
        return cls(msgspec.structs.replace(own.ran, **on), own.birth, stream, reports)


def on_same_frames(
    a: Told, b: Told, seen_by: SeenBy, recording: Recording | None, truth_unknown: str = ""
) -> OnSameFrames:
    """Of every frame of which both reports are here, in the order in which A's were taken.

    `recording`: with the truth of these frames; None: `truth_unknown` says why nobody knows it.
    """
    identity = very_frame if seen_by == "shadow" else recorded_frame
    theirs = {identity(report): report for report in b.reports}
    pairs = [
        (ours, theirs[key]) for key, ours in {identity(report): report for report in a.reports}.items() if key in theirs
    ]
    pairs.sort(key=lambda pair: pair[0].stamp.mono_ns)
    both = [
        (one.findings, other.findings)
        for one, other in pairs
        if one.findings is not None and other.findings is not None
    ]
    answered = [pair for pair in pairs if pair[0].findings is not None and pair[1].findings is not None]
    labels = a.birth.model.labels, b.birth.model.labels
    return OnSameFrames(
        seen_by=seen_by,
        a=a.ran,
        b=b.ran,
        pairs=len(pairs),
        failed_a=sum(one.findings is None for one, _ in pairs),
        failed_b=sum(other.findings is None for _, other in pairs),
        alone_b=len(theirs) - len(pairs),
        agreement=agreed([(one.detections(), other.detections()) for one, other in both], *labels),
        accuracy=_accuracy(a, b, pairs, recording, truth_unknown),
        latency_a_ns=_latency([one for one, _ in answered]),
        latency_b_ns=_latency([other for _, other in answered]),
    )


def _accuracy(
    a: Told, b: Told, pairs: Sequence[tuple[FrameReport, FrameReport]], recording: Recording | None, unknown: str
) -> PairedAccuracy:
    if recording is None:
        return no_accuracy(unknown or "no truth is known for these frames")
    for name, side, place in (("A", a, 0), ("B", b, 1)):
        if why := calibrated_on(side.birth, side.stream, [pair[place] for pair in pairs]):
            return no_accuracy(f"{name}: {why}")
    try:
        return paired_accuracy(*(_scored(side, pairs, place, recording) for place, side in enumerate((a, b))))
    except GilmokError as error:
        return no_accuracy(error.sentence)


def _scored(
    side: Told, pairs: Sequence[tuple[FrameReport, FrameReport]], place: int, recording: Recording
) -> ScoredStream:
    """Both sides by A's stream: which classes are asked for stands there."""
    frames = [pair[place].seq for pair in pairs]
    answers = [pair[place].findings for pair in pairs]
    return ScoredStream(
        recording=recording,
        model_labels=side.birth.model.labels,
        labels=side.stream.labels,
        frames=frames,
        truths=[recording.truth(frame) for frame in frames],
        answers=[None if one is None else one.detections() for one in answers],
        wanted=side.stream.classes,
    )


def _latency(reports: Sequence[FrameReport]) -> dict[str, Percentiles]:
    return {
        name: percentiles(
            report.total_ns if name == "total" else report.stages[name]
            for report in reports
            if name == "total" or name in report.stages
        )
        for name in LATENCIES
    }
