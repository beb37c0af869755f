"""How right a stream was, box by box: what the accuracy figures rest on, at IoU .50."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.average_precision import RECALLS, precision_of
from replay.metrics.by_score import Operating, score_curve
from replay.metrics.matching import FALSE_ALARM, HIT, Matching, Outcomes
from replay.metrics.pool import Index, Mask, Numbers
from replay.recording import Recording
from replay.scoring.pool import Pool
from replay.scoring.stream import ScoredStream
from replay.truth import Role

IOU = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Interpolated precision of one class; `precision` is by the recalls 0, .01, ..., 1."""

    name: str
    recalls: Numbers
    precision: Numbers
    ap50: float
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """(images,) each: what became of every scored frame at the operating score."""

    answered: Mask
    hits: Index
    false_alarms: Index
    missed: Index

    @property
    def f1(self) -> Numbers:
        """NaN for a frame where there was nothing and nothing was found."""
        whole = (2 * self.hits + self.false_alarms + self.missed).astype(np.float64)
        with np.errstate(invalid="ignore"):
            f1: Numbers = 2 * self.hits / whole
        return f1


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    stream: ScoredStream
    recording: Recording
    numbers: Index
    """(images,) the frame number of each scored frame."""
    pool: Pool
    outcomes: Outcomes
    operating: Operating
    """Where F1 over all classes is greatest."""
    curves: tuple[Curve, ...]
    """Of the classes that have truth."""
    found_at: Numbers
    """(labelled,) the score of the finding that took each labelled box; NaN: nobody found it."""
    tally: Tally

    @property
    def positive(self) -> Mask:
        """(labelled,) marks what has to be found."""
        marks: Mask = self.pool.labelled.roles == Role.POSITIVE
        return marks


def evidence(stream: ScoredStream) -> Evidence:
    """Raises LabelsNotOffered or LabelsUnknownToModel."""
    pool = stream.pool
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes), thresholds=[IOU]).outcomes()
    operating = score_curve(outcomes).best()
    answered = np.array([stream.answers[row] is not None for row in stream.images.tolist()], np.bool_)
    return Evidence(
        stream=stream,
        recording=stream.recording,
        numbers=np.array(stream.frames, np.int64)[stream.images],
        pool=pool,
        outcomes=outcomes,
        operating=operating,
        curves=tuple(_curves(pool.classes, outcomes)),
        found_at=scores_of_hits(outcomes, len(pool.labelled)),
        tally=tallied(outcomes, operating, answered),
    )


def _curves(classes: Sequence[str], outcomes: Outcomes) -> Iterator[Curve]:
    precision = precision_of(outcomes, np.array([IOU]))
    for label, name in enumerate(classes):
        n = int((outcomes.positive_labels == label).sum())
        if n:
            yield Curve(name, RECALLS, precision.curves[0, :, label], precision.ap(label=label), n)


def scores_of_hits(outcomes: Outcomes, n_labelled: int) -> Numbers:
    found_at = np.full(n_labelled, np.nan)
    hits = np.flatnonzero(outcomes.states[0] == HIT)
    found_at[outcomes.partners[0, hits]] = outcomes.found.scores[hits]
    return found_at


def tallied(outcomes: Outcomes, operating: Operating, answered: Mask) -> Tally:
    shown = outcomes.found.scores >= operating.score

    def per_image(state: int) -> Index:
        images = outcomes.found.images[shown & (outcomes.states[0] == state)]
        return np.bincount(images, minlength=len(answered))

    hits = per_image(HIT)
    there = np.bincount(outcomes.positive_images, minlength=len(answered))
    return Tally(answered, hits, per_image(FALSE_ALARM), there - hits)
