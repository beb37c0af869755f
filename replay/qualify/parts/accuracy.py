"""What the candidate loses against the reference, per class, on the same frames."""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np

from edge.pipeline import Pipeline
from edge.wire.messages import FrameReport
from models.detections import Detections
from replay.metrics.coco import average_precision
from replay.metrics.matching import Matching
from replay.metrics.pool import Index, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.qualify.campaign import Campaign, NothingToMeasure, evenly
from replay.qualify.candidate import candidate, frame, recordings, reference
from replay.qualify.parts.ratio import Ratio, judged
from replay.qualify.progress import Tell
from replay.recording import Recording
from replay.runs.digests import found_bytes
from replay.scoring.ap_interval import ApInterval, ap_interval
from replay.scoring.class_table import ClassTable, class_table, together
from replay.scoring.classes import Wanted, is_offered, known_to
from replay.scoring.pool import Pool, pooled_together
from replay.scoring.stream import ScoredStream
from replay.statistics.bootstrap import LEAST_SEQUENCES, Statistic, draws_of, paired_differences
from replay.statistics.verdicts import judge_each
from replay.truth import Role
from sensors.clock import SystemClock
from sensors.record import Record

MARGIN = 0.005
"""A class may lose so much AP before it counts."""
DROP = 0.02
"""A class that loses more is named on the first page, whatever the interval says."""


class ClassAccuracy(Record, frozen=True, kw_only=True):
    """AP figures (COCO's) of both sides; NaN where undefined."""

    name: str
    n_truth: int
    sequences: int
    """That hold the class."""
    reference: dict[str, float]
    candidate: dict[str, float]
    difference: float
    """Candidate minus reference, of AP."""
    low: float
    high: float
    verdict: str
    why: str


class Accuracy(Record, frozen=True, kw_only=True):
    """Both sides on the same frames: `reference` and `candidate` are COCO's figures over all classes."""

    frames: int
    """Scored, of both sides."""
    sequences: int
    reference: dict[str, float]
    candidate: dict[str, float]
    classes: tuple[ClassAccuracy, ...]
    ratio: Ratio
    dropped: tuple[str, ...]
    """Classes that lost more than DROP."""
    failed: dict[str, int]
    """Frames that the candidate failed, by reason; their truth counts as missed."""
    same_findings: int
    """Frames on which both sides said the same, to the wire's rounding."""
    findings: dict[str, str]
    """sha256 over all findings of each side."""
    resamples: int
    seed: int
    n_truth: int | None = None
    """Labelled objects on these frames; None in older records."""
    reference_interval: ApInterval | None = None
    """Of AP and AP50, over all classes and of each; None in older records."""
    candidate_interval: ApInterval | None = None
    counted: ClassTable | None = None
    """Which labels of the candidate count for which class; None in older records."""


@dataclass(slots=True, eq=False)
class _Answers:
    """One side's answers."""

    found: list[list[Detections | None]] = field(default_factory=list)
    """By recording and frame."""
    failed: dict[str, int] = field(default_factory=dict)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def put(self, report: FrameReport) -> None:
        findings = report.findings
        if findings is None:
            self.failed[report.reason] = self.failed.get(report.reason, 0) + 1
        else:
            self.digest.update(found_bytes(findings))
        self.found[-1].append(None if findings is None else findings.detections())


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Accuracy:  # noqa: ARG001 (every part is called alike)
    clock = SystemClock()
    used = recordings(campaign)
    chosen = [evenly(one.numbers, campaign.budget.accuracy_frames) for one in used]
    whole, done, same = sum(map(len, chosen)), 0, 0
    ours, theirs = _Answers(), _Answers()
    with reference(campaign) as ref, candidate(campaign) as dut:
        theirs_way, ours_way = ref.pipeline(clock), dut.pipeline(clock)
        for recording, numbers in zip(used, chosen, strict=True):
            ours.found.append([])
            theirs.found.append([])
            for number in numbers:
                same += _ask(recording, number, (theirs_way, theirs), (ours_way, ours))
                done += 1
                tell(0.9 * done / whole, recording.name)
        sides = [
            _streams(used, chosen, side.found, labels, campaign.labels, known_to(campaign.classes, labels, other))
            for side, labels, other in ((theirs, ref.labels, dut.labels), (ours, dut.labels, ref.labels))
        ]
    tell(0.92, "scoring")
    pools = [pooled_together([stream.pool for stream in streams]) for streams in sides]
    scored = _scored(pools[0], pools[1], len(used), campaign.seed, same, theirs, ours)
    return msgspec.structs.replace(scored, counted=together([class_table(stream) for stream in sides[1]]))


def _ask(recording: Recording, number: int, theirs: tuple[Pipeline, _Answers], ours: tuple[Pipeline, _Answers]) -> bool:
    """Both sides on one frame; returns whether they said the same."""
    clock = SystemClock()
    reports = [way.step(frame(recording, number, clock)) for way, _ in (theirs, ours)]
    for report, (_, answers) in zip(reports, (theirs, ours), strict=True):
        answers.put(report)
    return reports[0].findings is not None and reports[0].findings == reports[1].findings


def _streams(
    used: Sequence[Recording],
    frames: Sequence[Sequence[int]],
    found: Sequence[Sequence[Detections | None]],
    model_labels: Sequence[str],
    labels: Sequence[str],
    wanted: Wanted,
) -> list[ScoredStream]:
    return [
        ScoredStream(
            recording=recording,
            model_labels=model_labels,
            labels=[label for label in labels if is_offered(recording, label)],
            wanted={key: words for key, words in wanted.items() if is_offered(recording, key)},
            frames=numbers,
            truths=[recording.truth(number) for number in numbers],
            answers=answers,
        )
        for recording, numbers, answers in zip(used, frames, found, strict=True)
    ]


def _scored(theirs: Pool, ours: Pool, sequences: int, seed: int, same: int, ref: _Answers, dut: _Answers) -> Accuracy:
    if not theirs.n_images:
        raise NothingToMeasure("nobody labelled one of these frames")
    if theirs.classes != ours.classes:
        raise NothingToMeasure(f"the sides know other classes: {theirs.classes} and {ours.classes}")
    n_classes = len(theirs.classes)
    overall, per_class = average_precision(theirs.found, theirs.labelled, theirs.n_images, n_classes)
    our_overall, our_per_class = average_precision(ours.found, ours.labelled, ours.n_images, n_classes)
    draws = draws_of(sequences, np.random.default_rng(seed))
    if sequences < LEAST_SEQUENCES:
        # The set itself only: too few sequences to draw from, and blocks of a recording are no sequences.
        draws = draws[:1]
    estimates = paired_differences(_statistic(theirs), _statistic(ours), draws)
    holding = [_sequences_of(theirs, label) for label in range(n_classes)]
    # A class that few recordings hold rests on those few.
    of_classes = [replace(one, n=n) for one, n in zip(estimates[1:], holding, strict=True)]
    judged_classes = judge_each(
        dict(zip(theirs.classes, of_classes, strict=True)),
        dict.fromkeys(theirs.classes, MARGIN),
        {name: figures["AP"] for name, figures in zip(theirs.classes, per_class, strict=True)},
    )
    classes = tuple(
        ClassAccuracy(
            name=name,
            n_truth=int(((theirs.labelled.labels == label) & (theirs.labelled.roles == Role.POSITIVE)).sum()),
            sequences=holding[label],
            reference=per_class[label],
            candidate=our_per_class[label],
            difference=verdict.difference,
            low=verdict.low,
            high=verdict.high,
            verdict=verdict.verdict,
            why=verdict.why,
        )
        for label, (name, verdict) in enumerate(judged_classes.items())
    )
    return Accuracy(
        frames=theirs.n_images,
        sequences=sequences,
        reference=overall,
        candidate=our_overall,
        classes=classes,
        ratio=judged(estimates[0]),
        dropped=tuple(one.name for one in classes if one.difference < -DROP),
        failed=dut.failed,
        same_findings=same,
        findings={"reference": ref.digest.hexdigest(), "candidate": dut.digest.hexdigest()},
        resamples=len(draws) - 1,
        seed=seed,
        n_truth=sum(one.n_truth for one in classes),
        reference_interval=ap_interval(theirs),
        candidate_interval=ap_interval(ours),
    )


def _sequences_of(pool: Pool, label: int) -> int:
    images = pool.labelled.images[pool.labelled.labels == label]
    return len(np.unique(pool.sequence_of_image[images]))


def _statistic(pool: Pool) -> Statistic:
    """The logarithm of AP, then AP of each class."""
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()

    def figures(draws: Index) -> Numbers:
        resampled = resampled_ap(outcomes, pool.sequence_of_image, draws)
        whole = mean_ap(resampled)
        logarithm = np.log(np.where(whole > 0, whole, np.nan))
        with warnings.catch_warnings():
            # A draw without any positive of a class has no AP for it.
            warnings.simplefilter("ignore", RuntimeWarning)
            each = np.nanmean(resampled, axis=1)
        columns: Numbers = np.column_stack([logarithm, each])
        return columns

    return figures
