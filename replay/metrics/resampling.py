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

MANY = 300
"""Hits beyond which most of them are left aside."""
AT_ONCE = 150_000
"""Found boxes times draws that are worked out at once: what a processor's cache holds, about."""


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
        drawn = np.flatnonzero(positives)
        # Thresholds between which no box changes sides share a curve: of a class with few boxes, most do.
        alike = [states.tobytes() for states in outcomes.states[:, rows]]
        events = {key: _Events.of(states) for key, states in zip(alike, outcomes.states[:, rows], strict=True)}
        at_once = max(1, AT_ONCE // max(rows.stop - rows.start, 1))
        for start in range(0, len(drawn), at_once):
            some = drawn[start : start + at_once]
            found = weights[some].take(sequences[rows], axis=1)
            so_far = np.cumsum(found, axis=1)
            areas = {key: one.areas(found, so_far, positives[some]) for key, one in events.items()}
            result[some, :, label] = np.column_stack([areas[key] for key in alike])
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

    def areas(self, found: Numbers, so_far: Numbers, positives: Numbers) -> Numbers:
        """(draws,) AP where each found box counts `found` times, (draws, N); `so_far` is its running sum."""
        if not len(self.hits):
            return np.zeros(len(found))
        right = np.cumsum(found.take(self.hits, axis=1), axis=1)
        seen = so_far.take(self.hits, axis=1)
        if len(self.left_out):
            left = np.cumsum(found.take(self.left_out, axis=1), axis=1)
            seen -= np.concatenate([np.zeros((len(left), 1)), left], axis=1)[:, self.left_before]
        precision = right / (seen + np.spacing(1))
        areas = _of_many(right, precision, positives) if len(self.hits) > MANY else _of_few(right, precision, positives)
        return areas / len(RECALLS)


def _of_few(right: Numbers, precision: Numbers, positives: Numbers) -> Numbers:
    """(draws,) the interpolated precisions' sum: at each hit, as often as it is the first to reach a recall."""
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recalls = right / positives[:, None]
    # The nearest recall is the only one that has to be looked at.
    reached = (recalls * (len(RECALLS) - 1) + 0.5).astype(np.int64)
    reached += RECALLS[reached] <= recalls
    total: Numbers = np.einsum("dh,dh->d", best, np.diff(reached, axis=1, prepend=0))
    return total


def _of_many(right: Numbers, precision: Numbers, positives: Numbers) -> Numbers:
    """The same with most hits left aside: between one recall's first hit and the next one's only the best matters."""
    whole = positives[:, None]
    # The least number of hits that reaches each recall, just where floating point has that quotient.
    least = np.ceil(RECALLS * whole)
    least -= (least - 1) / whole >= RECALLS
    least += least / whole < RECALLS
    reached = least <= right[:, -1:]
    # One sorted row for all draws: each above all that those before it have. A draw's first recall is 0: its points
    # begin where those of the one before end.
    above = np.concatenate([[0.0], np.cumsum(right[:-1, -1] + 1)])[:, None]
    first = np.searchsorted((right + above).ravel(), (least + above)[reached])
    best = np.zeros(least.shape)
    best[reached] = np.maximum.reduceat(precision.ravel(), first)
    total: Numbers = np.maximum.accumulate(best[:, ::-1], axis=1).sum(axis=1)
    return total
