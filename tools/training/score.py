"""Average precision as COCO counts it: 101 recall points, crowd regions that absorb what lies in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.boxes import iou
from models.detections import Detections

Floats = NDArray[np.float32]
RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one picture; role 0 must be found, 1 is a region of its class that absorbs what lies half in it."""

    boxes: Floats
    labels: NDArray[np.int64]
    roles: NDArray[np.int64]


def _covered(boxes: Floats, regions: Floats) -> Floats:
    """(N, M) share of each box that lies in each region."""
    low, high = (
        np.maximum(boxes[:, None, :2], regions[None, :, :2]),
        np.minimum(boxes[:, None, 2:], regions[None, :, 2:]),
    )
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    return np.asarray(shared / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-9)[:, None], np.float32)


def average_precision(
    found: Sequence[Detections], asked: Sequence[Asked], classes: Sequence[int], threshold: float = 0.5
) -> tuple[float, int]:
    """AP of the `classes` taken as one, and how many boxes were asked for; NaN where none was."""
    scores: list[float] = []
    hits: list[bool] = []
    total = 0
    for got, want in zip(found, asked, strict=True):
        mine, theirs = np.isin(got.labels, classes), np.isin(want.labels, classes)
        boxes, truth, roles = got.boxes[mine], want.boxes[theirs], want.roles[theirs]
        total += int(np.sum(roles == 0))
        table, share = iou(boxes, truth[roles == 0]), _covered(boxes, truth[roles == 1])
        taken = np.zeros(table.shape[1], bool)
        for k in range(len(boxes)):
            able = np.flatnonzero(~taken & (table[k] >= threshold))
            if len(able):
                taken[able[np.argmax(table[k, able])]] = True
            elif (share[k] >= threshold).any():
                continue
            scores.append(float(got.scores[mine][k]))
            hits.append(bool(len(able)))
    if total == 0:
        return float("nan"), 0
    order = np.argsort(-np.array(scores), kind="stable")
    right = np.cumsum(np.array(hits, float)[order]) if hits else np.zeros(0)
    recall = right / total
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    return float(np.mean([envelope[i] if i < len(envelope) else 0.0 for i in at])), total
