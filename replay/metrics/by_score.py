"""Precision and recall where only findings of a score or above count, and the score at which F1 is greatest.

Definitions: docs/metrics/accuracy.md, "By score".
"""

from dataclasses import dataclass

import numpy as np

from replay.metrics.matching import FALSE_ALARM, HIT, Outcomes
from replay.metrics.pool import Numbers


@dataclass(frozen=True, slots=True)
class Operating:
    """What stands where findings of `score` or above count; NaN where undefined."""

    score: float
    precision: float
    recall: float
    f1: float


NOWHERE = Operating(np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCurve:
    """What stands as fewer and fewer findings are left out. Findings of one score stand or fall together."""

    scores: Numbers
    """(steps,) those that occur, falling."""
    right: Numbers
    """(steps,) hits of that score or above."""
    shown: Numbers
    """(steps,) hits and false alarms of that score or above."""
    positives: float
    """What was to be found."""

    @property
    def n_found(self) -> float:
        """Hits and false alarms at any score."""
        return float(self.shown[-1]) if len(self.shown) else 0.0

    def at(self, score: float) -> Operating:
        """Precision is NaN where nothing is found, recall where nothing was there."""
        # Scores are 32 bits wide: one of .35 is no less than .35.
        least = min(score, float(np.float32(score)))
        return self._after(int(np.searchsorted(-self.scores, -least, "right")), score)

    def best(self) -> Operating:
        """The highest score at which F1 is greatest; NaN throughout where nothing is right."""
        if not self.right.any():
            return NOWHERE
        best = int(np.argmax(2 * self.right / (self.shown + self.positives)))
        return self._after(best + 1, float(self.scores[best]))

    def _after(self, steps: int, score: float) -> Operating:
        right, shown = (float(self.right[steps - 1]), float(self.shown[steps - 1])) if steps else (0.0, 0.0)
        f1 = _share(2 * right, shown + self.positives)
        return Operating(score, _share(right, shown), _share(right, self.positives), f1)


def score_curve(outcomes: Outcomes, label: int | None = None, weights: Numbers | None = None) -> ScoreCurve:
    """Of one class, or of all together (None), at the first of the IoU thresholds that were matched at.

    `weights`: (images,) how much each image counts; None: 1.
    """
    states, found = outcomes.states[0], outcomes.found
    counts = (states == HIT) | (states == FALSE_ALARM)
    positive = np.ones(len(outcomes.positive_labels), np.bool_)
    if label is not None:
        counts &= found.labels == label
        positive = outcomes.positive_labels == label
    rows = np.flatnonzero(counts)
    rows = rows[np.argsort(-found.scores[rows], kind="stable")]
    scores = found.scores[rows]
    weighed = np.ones(len(rows)) if weights is None else weights[found.images[rows]]
    there = outcomes.positive_images[positive]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)[: len(scores)])
    return ScoreCurve(
        scores=scores[last],
        right=np.cumsum(weighed * (states[rows] == HIT))[last],
        shown=np.cumsum(weighed)[last],
        positives=float(len(there) if weights is None else weights[there].sum()),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
