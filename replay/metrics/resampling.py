"""Average precision of many resamples of the same matching: matched once, sorted once, then only weighted.

A resample draws whole sequences, so it is an integer count per sequence; the figure is exactly that of a data set that
holds each sequence so often (`average_precision.precision_of` with weights gives the same number, one at a time).
"""

import numpy as np
from numpy.typing import NDArray

from replay.metrics.average_precision import RECALLS
from replay.metrics.matching import HIT, LEFT_OUT, Outcomes
from replay.metrics.pool import Index, Numbers

CHUNK = 1 << 22
"""Numbers held at once for one class and threshold."""


def resampled_ap(outcomes: Outcomes, sequence_of_image: Index, draws: Index) -> Numbers:
    """(draws, thresholds, classes) AP; NaN where a draw holds no positive of a class.

    `draws` (draws, sequences) says how often each sequence is in; `sequence_of_image` which one an image is of.
    """
    n_sequences = draws.shape[1]
    weights = draws.astype(np.float64)
    at = outcomes.positive_labels * n_sequences + sequence_of_image[outcomes.positive_images]
    per_sequence = np.bincount(at, minlength=outcomes.n_labels * n_sequences).reshape(outcomes.n_labels, n_sequences)
    bounds = np.searchsorted(outcomes.found.labels, np.arange(outcomes.n_labels + 1))
    sequences = sequence_of_image[outcomes.found.images]
    result = np.full((len(draws), len(outcomes.states), outcomes.n_labels), np.nan)
    for label in np.flatnonzero(per_sequence.sum(axis=1)):
        rows = slice(bounds[label], bounds[label + 1])
        positives = weights @ per_sequence[label]
        for row, states in enumerate(outcomes.states[:, rows]):
            seen, right = _counts_at_hits(states, sequences[rows], n_sequences)
            result[:, row, label] = _areas(weights, seen, right, positives)
    return result


def mean_ap(resampled: Numbers) -> Numbers:
    """(draws,) the mean over thresholds and over the classes that a draw has positives of; NaN where it has none."""
    known = ~np.isnan(resampled)
    n = known.sum(axis=(1, 2))
    total = np.where(known, resampled, 0.0).sum(axis=(1, 2))
    means: Numbers = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return means


def _counts_at_hits(states: NDArray[np.int8], sequences: Index, n_sequences: int) -> tuple[Numbers, Numbers]:
    """(sequences, hits) up to each hit, by sequence: how many found boxes counted, and how many were hits."""
    hits = np.flatnonzero(states == HIT)
    counted = np.flatnonzero(states != LEFT_OUT)
    counted = counted[: np.searchsorted(counted, hits[-1] if len(hits) else -1, "right")]
    shape = (n_sequences, len(hits))
    place = sequences[counted] * len(hits) + np.searchsorted(hits, counted)
    seen = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    place = sequences[hits] * len(hits) + np.arange(len(hits))
    right = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    return np.cumsum(seen, axis=1, dtype=np.float64), np.cumsum(right, axis=1, dtype=np.float64)


def _areas(weights: Numbers, seen: Numbers, right: Numbers, positives: Numbers) -> Numbers:
    """(draws,) AP of one class at one threshold."""
    n_hits = seen.shape[1]
    areas = np.where(positives > 0, 0.0, np.nan)
    if not n_hits:
        return areas
    step = max(1, CHUNK // n_hits)
    for start in range(0, len(weights), step):
        some = weights[start : start + step]
        hits = some @ right
        precision = hits / (some @ seen + np.spacing(1))
        for row, total in enumerate(positives[start : start + step]):
            if total > 0:
                areas[start + row] = _area(hits[row] / total, precision[row])
    return areas


def _area(recall: Numbers, precision: Numbers) -> float:
    """The mean interpolated precision; both ascending by hit."""
    first = np.searchsorted(recall, RECALLS, "left")
    first = first[: np.searchsorted(first, len(recall), "left")]
    if not len(first):
        return 0.0
    # Between one recall's first point and the next one's only the best matters, then the best to the right.
    best = np.maximum.reduceat(precision, first)
    return float(np.maximum.accumulate(best[::-1]).sum() / len(RECALLS))
