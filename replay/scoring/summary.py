"""How right one stream was, by every rule: the part of a summary that needs the truth."""

import math
from collections.abc import Sequence

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.recording import Recording
from replay.scoring.breakdown import Breakdown, breakdown
from replay.scoring.profiles.case import Case, ProfileFigures, ProfileName
from replay.scoring.profiles.choice import profiles
from replay.scoring.reference import asked, score_reports
from replay.scoring.streaming import StreamingAccuracy, streaming_accuracy
from replay.scoring.tracking import TrackingAccuracy, tracking_accuracy
from sensors.errors import GilmokError
from sensors.record import Record


class AccuracySummary(Record, frozen=True, kw_only=True):
    """NaN (null in JSON) where undefined."""

    coco: dict[str, float]
    """The mean over the evaluated classes that have truth, with `n_frames` and `n_truth`."""
    per_class: dict[str, dict[str, float]]
    unknown: str = ""
    """Why there are no figures."""
    streaming: StreamingAccuracy | None = None
    tracking: TrackingAccuracy | None = None
    """None where the node ran no tracker."""
    profiles: dict[ProfileName, ProfileFigures] = {}
    """By other rules than `coco` and `per_class`: never to be put beside them."""
    breakdown: Breakdown = {}
    """By the rule of `coco`."""


def accuracy_summary(
    birth: Birth,
    stream: StreamBirth,
    reports: Sequence[FrameReport],
    recording: Recording,
    *,
    captured: int | None,
    hub_latency_ns: Sequence[int] | None,
    hub_unknown: str = "",
) -> AccuracySummary:
    """`captured` as of `reference.score_reports`, `hub_*` as of `streaming.streaming_accuracy`.

    Where nothing can be scored, `unknown` says why.
    """
    if why := calibrated_on(birth, stream, reports):
        return no_accuracy(why)
    model_labels, labels = birth.model.labels, stream.labels
    try:
        found = score_reports(reports, recording, model_labels, labels, captured)
        streaming = streaming_accuracy(
            reports,
            recording,
            model_labels,
            stream,
            captured=captured,
            hub_latency_ns=hub_latency_ns,
            hub_unknown=hub_unknown,
            offline=found.overall,
        )
        tracking = tracking_accuracy(reports, recording, model_labels, labels, captured)
        _, pairs = asked(reports, recording, captured)
        bands = breakdown(pairs, recording, model_labels, labels)
    except GilmokError as error:
        return no_accuracy(error.sentence)
    return AccuracySummary(
        coco=found.overall,
        per_class=found.per_class,
        streaming=streaming,
        tracking=tracking,
        profiles=profiles(Case.of(reports, recording, model_labels, labels, captured)),
        breakdown=bands,
    )


def no_accuracy(why: str) -> AccuracySummary:
    return AccuracySummary(coco={"AP": math.nan, "AP50": math.nan}, per_class={}, unknown=why)


def calibrated_on(birth: Birth, stream: StreamBirth, reports: Sequence[FrameReport]) -> str:
    """Why no accuracy may be told: how many of the reported frames the artefact's quantiser has seen; else empty."""
    frames = frozenset(birth.model.calibration.get(stream.digest, ()))
    seen = sum(report.seq in frames for report in reports)
    return f"{seen} of the frames calibrated the artefact: no accuracy is told on what it was fitted to" if seen else ""
