"""COCO's average precision and recall, and the same under integer weights per image (for resampling).

Definitions and the points where programs differ: docs/metrics/accuracy.md, "Average precision".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.metrics.matching import HIT, IOU_THRESHOLDS, LEFT_OUT, Matching, Outcomes, Slice
from replay.metrics.pool import Found, Index, Labelled, Numbers

RECALLS: Numbers = np.linspace(0.0, 1.0, 101)

AREAS: Mapping[str, tuple[float, float]] = {
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e5**2),
}
"""Both ends belong: a box of 1024 square pixels is small and medium."""


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Interpolated precision and the greatest recall; NaN for a class without a positive."""

    thresholds: Numbers
    curves: Numbers
    """(thresholds, 101 recalls, classes)"""
    recalls: Numbers
    """(thresholds, classes)"""

    def ap(self, iou: float | None = None, label: int | None = None) -> float:
        """The mean over thresholds (or at the one nearest `iou`), recalls and classes with a positive (or of one)."""
        curves = self.curves if iou is None else self.curves[np.argmin(np.abs(self.thresholds - iou))]
        return mean_of_known(curves if label is None else curves[..., label])

    def ar(self) -> float:
        return mean_of_known(self.recalls)


def precision_of(outcomes: Outcomes, thresholds: Numbers, *, weights: Index | None = None, top: int = 0) -> Precision:
    """Precision and recall of every class at every threshold.

    `weights`: how often each image counts (0 and more, by image), as if it were in the set that often. `top`: only
    each image's and class's best so many take part (0: all).
    """
    n_images = 1 + int(max(outcomes.found.images.max(initial=-1), outcomes.positive_images.max(initial=-1)))
    weights = np.ones(n_images, np.int64) if weights is None else weights
    positives = np.bincount(
        outcomes.positive_labels, weights[outcomes.positive_images].astype(np.float64), outcomes.n_labels
    )
    bounds = np.searchsorted(outcomes.found.labels, np.arange(outcomes.n_labels + 1))
    counted = weights[outcomes.found.images]
    if top:
        counted = np.where(outcomes.ranks < top, counted, 0)
    shape = (len(thresholds), len(RECALLS), outcomes.n_labels)
    curves, recalls = np.full(shape, np.nan), np.full((shape[0], shape[2]), np.nan)
    for label in np.flatnonzero(positives > 0):
        rows = slice(bounds[label], bounds[label + 1])
        for row in range(len(thresholds)):
            curves[row, :, label], recalls[row, label] = _curve(
                outcomes.states[row, rows], counted[rows], float(positives[label])
            )
    return Precision(thresholds, curves, recalls)


def _curve(states: NDArray[np.int8], weights: Index, positives: float) -> tuple[Numbers, float]:
    """One class at one threshold; only a hit can be the first point at or beyond a recall."""
    hits = np.flatnonzero(states == HIT)
    if not len(hits):
        return np.zeros(len(RECALLS)), 0.0
    seen = np.cumsum(np.where(states == LEFT_OUT, 0, weights))[hits].astype(np.float64)
    right = np.cumsum(weights[hits]).astype(np.float64)
    recall = right / positives
    precision = right / (seen + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(recall, RECALLS, "left")
    reached = first < len(recall)
    curve = np.where(reached, envelope[np.minimum(first, len(recall) - 1)], 0.0)
    return curve, float(recall[-1])


def mean_of_known(values: Numbers) -> float:
    """NaN where nothing is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def area_slices(found: Found, labelled: Labelled) -> list[Slice]:
    """COCO's small, medium and large."""
    areas = found.boxes[:, 2] * found.boxes[:, 3]
    return [
        Slice(
            name,
            (labelled.areas >= low) & (labelled.areas <= high),
            (areas < low) | (areas > high),
        )
        for name, (low, high) in AREAS.items()
    ]


def coco_figures(found: Found, labelled: Labelled, n_labels: int) -> dict[str, float]:
    """COCO's twelve: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl; NaN where undefined."""
    return coco_scores(found, labelled, n_labels)[0]


def coco_scores(found: Found, labelled: Labelled, n_labels: int) -> tuple[dict[str, float], Precision]:
    """The twelve figures, and the precision they were read from (all sizes, 100 a class and image)."""
    matching = Matching(found, labelled, n_labels)
    everything = matching.outcomes(_whole(found, labelled))
    overall = precision_of(everything, IOU_THRESHOLDS)
    figures = {"AP": overall.ap(), "AP50": overall.ap(0.5), "AP75": overall.ap(0.75)}
    sizes = {
        part.name[0]: precision_of(matching.outcomes(part), IOU_THRESHOLDS) for part in area_slices(found, labelled)
    }
    figures |= {f"AP{letter}": size.ap() for letter, size in sizes.items()}
    figures |= {f"AR{top}": precision_of(everything, IOU_THRESHOLDS, top=top).ar() for top in (1, 10)}
    figures["AR100"] = overall.ar()
    return figures | {f"AR{letter}": size.ar() for letter, size in sizes.items()}, overall


def _whole(found: Found, labelled: Labelled) -> Slice:
    """Every size up to COCO's own limit: a box beyond 1e10 square pixels doesn't count."""
    limit = AREAS["large"][1]
    return Slice("all", labelled.areas <= limit, found.boxes[:, 2] * found.boxes[:, 3] > limit)
