"""How far two answers to the same picture are apart: tensors by their cosine, boxes by partners."""

import math

import numpy as np

from models.boxes import iou
from models.detections import Detections
from sensors.frame import Array


def cosine(a: Array, b: Array) -> float:
    """1 for two tensors of zeros; NaN where one is all zeros or not finite."""
    left, right = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    scale = math.sqrt(float(left @ left)) * math.sqrt(float(right @ right))
    if scale == 0:
        return 1.0 if not left.any() and not right.any() else math.nan
    return float(left @ right) / scale


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
