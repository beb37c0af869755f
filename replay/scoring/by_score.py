"""Precision and recall of each class by the score from which on a finding counts: a table that can be kept."""

import math
from collections.abc import Sequence

from replay.metrics.by_score import Operating, ScoreCurve, score_curve
from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Numbers
from replay.scoring.pool import Pool
from sensors.record import Record

IOU = 0.5
STEPS = tuple(step / 20 for step in range(20))


class Best(Record, frozen=True, kw_only=True):
    """Where F1 is greatest; NaN where nothing is right.

    Chosen with the truth in hand: of other frames it promises nothing.
    """

    score: float
    precision: float
    recall: float
    f1: float


class ByScore(Record, frozen=True, kw_only=True):
    """Of one class; NaN (null in JSON) where undefined."""

    of: str
    """The class; empty: all of them together, each finding of its own class."""
    n_truth: int
    n_found: int
    """Findings that count, right or wrong, at any score."""
    precision: tuple[float, ...]
    """By the table's scores; NaN where nothing is found from there on."""
    recall: tuple[float, ...]
    best: Best


class ScoreTable(Record, frozen=True, kw_only=True):
    """Dropped and failed frames miss what was there, as in AP."""

    iou: float = IOU
    """From which overlap on a finding is right."""
    scores: tuple[float, ...] = STEPS
    classes: tuple[ByScore, ...]
    """All together first, then those that there is a truth or a finding of."""


def by_score(pool: Pool) -> ScoreTable:
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes), thresholds=[IOU]).outcomes()
    return score_table(outcomes, pool.classes)


def score_table(outcomes: Outcomes, classes: Sequence[str], weights: Numbers | None = None) -> ScoreTable:
    """`outcomes` at IOU first; `weights` as of `score_curve`: counts are rounded sums of them."""
    told = [_row("", score_curve(outcomes, weights=weights))]
    for label, name in enumerate(classes):
        curve = score_curve(outcomes, label, weights)
        if curve.positives or curve.n_found:
            told.append(_row(name, curve))
    return ScoreTable(classes=tuple(told))


def _row(name: str, curve: ScoreCurve) -> ByScore:
    steps = [curve.at(score) for score in STEPS]
    return ByScore(
        of=name,
        n_truth=round(curve.positives),
        n_found=round(curve.n_found),
        precision=tuple(_kept(step.precision) for step in steps),
        recall=tuple(_kept(step.recall) for step in steps),
        best=_best(curve.best()),
    )


def _best(found: Operating) -> Best:
    return Best(score=found.score, precision=_kept(found.precision), recall=_kept(found.recall), f1=_kept(found.f1))


def _kept(value: float) -> float:
    """To a ten-thousandth: summaries hold hundreds of these."""
    return value if math.isnan(value) else round(value, 4)
