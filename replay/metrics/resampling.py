"""Average precision of many resamples of the same matching: matched once, sorted once, then only weighted.

A resample draws whole sequences, so it is an integer count per sequence; the figure is exactly that of a data set that
holds each sequence so often (`average_precision.precision_of` with weights gives the same number, one at a time).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.metrics.average_precision import RECALLS
from replay.metrics.matching import HIT, LEFT_OUT, Outcomes
from replay.metrics.pool import Index, Numbers


def resampled_ap(outcomes: Outcomes, sequence_of_image: Index, draws: Index) -> Numbers:
    """(draws, thresholds, classes) AP; NaN where a draw holds no positive of a class.

    `draws` (draws, sequences) says how often each sequence is in; `sequence_of_image` which one an image is of.
    """
    weights = draws.astype(np.float64)
    bounds = np.searchsorted(outcomes.found.labels, np.arange(outcomes.n_labels + 1))
    sequences = sequence_of_image[outcomes.found.images]
    result = np.full((len(draws), len(outcomes.states), outcomes.n_labels), np.nan)
    for label in range(outcomes.n_labels):
        rows = slice(bounds[label], bounds[label + 1])
        images = outcomes.positive_images[outcomes.positive_labels == label]
        positives = weights @ np.bincount(sequence_of_image[images], minlength=draws.shape[1])
        # Thresholds between which no box changes sides share a curve: of a class with few boxes, most do.
        alike = [states.tobytes() for states in outcomes.states[:, rows]]
        events = {key: _Events.of(states) for key, states in zip(alike, outcomes.states[:, rows], strict=True)}
        for row in np.flatnonzero(positives):
            found = weights[row][sequences[rows]]
            so_far = np.cumsum(found)
            areas = {key: one.area(found, so_far, float(positives[row])) for key, one in events.items()}
            result[row, :, label] = [areas[key] for key in alike]
    return result


def mean_ap(resampled: Numbers) -> Numbers:
    """(draws,) the mean over thresholds and over the classes that a draw has positives of; NaN where it has none."""
    known = ~np.isnan(resampled)
    n = known.sum(axis=(1, 2))
    total = np.where(known, resampled, 0.0).sum(axis=(1, 2))
    means: Numbers = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return means


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Where, best first, a class's found boxes are hits and where they don't count, at one threshold."""

    hits: NDArray[np.intp]
    left_out: NDArray[np.intp]
    left_before: NDArray[np.intp]
    """How many were left out before each hit."""

    @classmethod
    def of(cls, states: NDArray[np.int8]) -> "_Events":
        hits, left_out = np.flatnonzero(states == HIT), np.flatnonzero(states == LEFT_OUT)
        return cls(hits, left_out, np.searchsorted(left_out, hits))

    def area(self, found: Numbers, so_far: Numbers, positives: float) -> float:
        """AP where each found box counts `found` times; `so_far` is its running sum."""
        right = np.cumsum(found[self.hits])
        seen = so_far[self.hits]
        if len(self.left_out):
            seen = seen - np.append(0.0, np.cumsum(found[self.left_out]))[self.left_before]
        first = np.searchsorted(right / positives, RECALLS, "left")
        first = first[: np.searchsorted(first, len(right), "left")]
        if not len(first):
            return 0.0
        # Between one recall's first point and the next one's only the best matters, then the best to the right.
        best = np.maximum.reduceat(right / (seen + np.spacing(1)), first)
        return float(np.maximum.accumulate(best[::-1]).sum() / len(RECALLS))
