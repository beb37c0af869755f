"""Box arithmetic on (N, 4) arrays of left, top, right, bottom; the latter two are edges: a width is right - left."""

import math
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Boxes, Detections

Indices: TypeAlias = NDArray[np.intp]

FIRST_LOOK = 512
"""So many of the best candidates usually hold all that are kept; suppression costs the square of their number."""


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """(N,) in square pixels; 0 for a box that is inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    area: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return area


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """(N, M) intersection over union, 0..1; 0 where neither box has an area."""
    width = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    height = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    union = areas(a)[:, None] + areas(b) - shared
    overlap: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def clip(boxes: Boxes, width: int, height: int) -> Boxes:
    """The part of each box inside a picture; a box outside of it becomes a line or a point on the border."""
    edges = np.array((width, height, width, height), np.float32)
    clipped: Boxes = np.minimum(np.maximum(boxes, np.float32(0)), edges)
    return clipped


def ranked(scores: NDArray[np.float32], at_most: int) -> Indices:
    """Indices of the `at_most` highest scores, best first; equal scores keep their order."""
    if len(scores) <= at_most:
        return np.argsort(-scores, kind="stable")
    bar = np.partition(scores, -at_most)[-at_most]
    good_enough = np.flatnonzero(scores >= bar)
    return good_enough[np.argsort(-scores[good_enough], kind="stable")][:at_most]


def suppress(found: Detections, threshold: float, keep: int) -> Indices:
    """Greedy non-maximum suppression within each class: indices of the survivors, best first.

    A box goes if its IoU with a better surviving box of its label is greater than `threshold`. Boxes have an area.
    """
    looked_at = FIRST_LOOK
    while True:
        best = ranked(found.scores, looked_at)
        survivors = best[_greedy(found.pick(best), threshold)]
        if len(survivors) >= keep or len(best) == len(found):
            return survivors[:keep]
        # A worse box never suppresses a better one: the survivors so far stay, and more are to come.
        looked_at *= 2


def partners(theirs: Detections, ours: Detections, least_iou: float) -> list[tuple[int, int]]:
    """1:1, the greatest overlap first: same class, an IoU of `least_iou` at least."""
    overlap = np.where(theirs.labels[:, None] == ours.labels, iou(theirs.boxes, ours.boxes), 0)
    found: list[tuple[int, int]] = []
    rows, columns = np.nonzero(overlap >= least_iou)
    order = np.argsort(-overlap[rows, columns], kind="stable")
    free_a, free_b = set(rows.tolist()), set(columns.tolist())
    for a, b in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if a in free_a and b in free_b:
            found.append((a, b))
            free_a.remove(a)
            free_b.remove(b)
    return found


def _greedy(found: Detections, threshold: float) -> Indices:
    corners = found.boxes.astype(np.float64)
    corners[:, 2:] -= corners[:, :2]
    # OpenCV's stubs ask for sequences of numbers; the arrays spare a conversion of each.
    boxes: Any = corners
    scores: Any = found.scores
    labels: Any = found.labels.astype(np.int32)
    kept = cv2.dnn.NMSBoxesBatched(boxes, scores, labels, -math.inf, threshold)
    return np.asarray(kept, np.intp).reshape(-1)
