"""How right one stream was, by every rule: the part of a summary that needs the truth."""

import math
from collections.abc import Collection, Sequence

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.recording import Recording
from replay.scoring.ap_interval import ApInterval, ap_interval
from replay.scoring.breakdown import Breakdown, with_interval
from replay.scoring.by_score import ScoreTable, by_score
from replay.scoring.class_table import ClassTable, class_table
from replay.scoring.profiles.choice import profiles
from replay.scoring.profiles.figures import ProfileFigures, ProfileName
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import StreamingAccuracy, streaming_accuracy
from replay.scoring.tracking import TrackingAccuracy, tracking_accuracy
from sensors.errors import GilmokError
from sensors.record import Record

NEEDED_OF_BANDS = frozenset({"AP", "AP50", "n_truth"})
NEEDED = NEEDED_OF_BANDS | {"n_frames"}


class AccuracySummary(Record, frozen=True, kw_only=True):
    """NaN (null in JSON) where undefined."""

    coco: dict[str, float]
    """Of every captured frame: dropped and failed ones miss what was there. The mean over the evaluated classes that
    have truth, with `n_frames` and `n_truth`."""
    answered: dict[str, float] = {}
    """The same figures of the frames that were answered: the model's, whatever the run lost. Empty in older records."""
    per_class: dict[str, dict[str, float]]
    interval: ApInterval | None = None
    """Of `coco`'s and `per_class`'s AP and AP50; None in older records."""
    interval_answered: ApInterval | None = None
    """Of `answered`'s; None in older records."""
    unknown: str = ""
    """Why there are no figures."""
    streaming: StreamingAccuracy | None = None
    tracking: TrackingAccuracy | None = None
    """None where the node ran no tracker."""
    profiles: dict[ProfileName, ProfileFigures] = {}
    """By other rules than `coco` and `per_class`: never to be put beside them."""
    breakdown: Breakdown = {}
    """By the rule of `coco`."""

    def __post_init__(self) -> None:
        if self.unknown:
            return
        # A summary may have been changed by hand; whoever reads one counts on these.
        bands = [figures for dimension in self.breakdown.values() for figures in dimension.values()]
        whole = [self.coco, *([self.answered] if self.answered else []), *self.per_class.values()]
        missing = {key for one in whole for key in NEEDED - one.keys()}
        missing |= {key for one in bands for key in NEEDED_OF_BANDS - one.keys()}
        if missing:
            raise ValueError(f"its figures lack {', '.join(sorted(missing))}")

    classes: ClassTable | None = None
    """Which labels count for which class; None in older records."""
    by_score: ScoreTable | None = None
    """Precision and recall, as `coco` of every captured frame; None in older records."""
    note: str = ""
    """What must be told beside these figures: that the truth is a teacher's proposals, say."""


def accuracy_summary(
    birth: Birth,
    stream: StreamBirth,
    reports: Sequence[FrameReport],
    recording: Recording,
    *,
    captured: int | None,
    hub_latency_ns: Sequence[int] | None,
    hub_unknown: str = "",
    unreported: Collection[int] = (),
) -> AccuracySummary:
    """`captured` and `unreported` as of `ScoredStream.of`. `hub_latency_ns`: capture to receipt, per ok report; None:
    `hub_unknown` may say why.

    Where nothing can be scored, `unknown` says why.
    """
    if why := calibrated_on(birth, stream, reports):
        return no_accuracy(why)
    scored = ScoredStream.of(
        reports, recording, birth.model.labels, stream.labels, captured, stream.classes, unreported
    )
    try:
        found = score(scored)
        answered = score(scored.where_answered())
        streaming = streaming_accuracy(
            scored,
            stream.pace,
            hub_latency_ns=None if hub_latency_ns is None else _by_frame(reports, hub_latency_ns),
            hub_unknown=hub_unknown,
            captured=found.overall,
            answered=answered.overall,
        )
        tracking = tracking_accuracy(scored)
        bands, interval = with_interval(scored)
        whole = all(answer is not None for answer in scored.answers)
        interval_answered = interval if whole else ap_interval(scored.where_answered().pool)
    except GilmokError as error:
        return no_accuracy(error.sentence)
    return AccuracySummary(
        coco=found.overall,
        answered=answered.overall,
        per_class=found.per_class,
        interval=interval,
        interval_answered=interval_answered,
        streaming=streaming,
        tracking=tracking,
        profiles=profiles(scored),
        breakdown=bands,
        classes=class_table(scored),
        by_score=by_score(scored.pool),
        note=recording.note,
    )


def _by_frame(reports: Sequence[FrameReport], hub_latency_ns: Sequence[int]) -> dict[int, int]:
    ok = [report.seq for report in reports if report.findings is not None]
    return dict(zip(ok, hub_latency_ns, strict=True))


def no_accuracy(why: str) -> AccuracySummary:
    return AccuracySummary(coco={"AP": math.nan, "AP50": math.nan}, per_class={}, unknown=why)


def calibrated_on(birth: Birth, stream: StreamBirth, reports: Sequence[FrameReport]) -> str:
    """Why no accuracy may be told: how many of the reported frames the artefact's quantiser has seen; else empty."""
    frames = frozenset(birth.model.calibration.get(stream.digest, ()))
    seen = sum(report.seq in frames for report in reports)
    return f"{seen} of the frames calibrated the artefact: no accuracy is told on what it was fitted to" if seen else ""
