"""COCO average precision by hotcoco: pycocotools' figures to the last digit, some ninety times faster."""

import math
from collections.abc import Mapping

import hotcoco
import numpy as np
from numpy.typing import NDArray

from replay.metrics.pool import Found, Labelled
from replay.truth import Role

FIGURES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100")
"""AP is the mean over IoU .50:.05:.95; s, m, l: truth areas up to 32², up to 96², above; AR100: mean recall at 100
detections an image and class."""

_AP50, _AP75 = 0, 5
_ALL, _SMALL, _MEDIUM, _LARGE = range(4)
_AT_100 = 2
"""Places in the tensors: precision (IoU, recall, class, area, detections), recall (the same without the recalls)."""


def average_precision(
    found: Found, labelled: Labelled, n_images: int, n_labels: int
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """FIGURES over all classes that have truth, and for each class; NaN where there is no truth to speak of.

    `labelled` holds positives, and regions of a class, which are COCO's crowds.
    """
    if not np.isin(labelled.roles, (Role.POSITIVE, Role.REGION)).all() or np.any(labelled.labels < 0):
        raise ValueError("COCO knows positives and the crowds of a class, and no other truth")
    # COCO ids count from 1: pycocotools takes id 0 for "unmatched", and hotcoco follows it.
    truth = hotcoco.COCO.from_arrays(
        [{"id": image + 1} for image in range(n_images)],
        [{"id": label + 1, "name": str(label)} for label in range(n_labels)],
        labelled.images + 1,
        labelled.labels + 1,
        labelled.boxes,
        ids=np.arange(1, len(labelled) + 1),
        area=labelled.areas,
        iscrowd=(labelled.roles == Role.REGION).astype(np.int64),
    )
    results = truth.load_res(np.column_stack([found.images + 1, found.boxes, found.scores, found.labels + 1]))
    evaluation = hotcoco.COCOeval(truth, results, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    tensors: Mapping[str, NDArray[np.float64]] = evaluation.eval or {}
    precision, recall = tensors["precision"], tensors["recall"]
    per_class = [_figures(precision[:, :, [label]], recall[:, [label]]) for label in range(n_labels)]
    return _figures(precision, recall), per_class


def _figures(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> dict[str, float]:
    at_100 = precision[..., _AT_100]
    values = (
        _mean(at_100[..., _ALL]),
        _mean(at_100[_AP50, ..., _ALL]),
        _mean(at_100[_AP75, ..., _ALL]),
        _mean(at_100[..., _SMALL]),
        _mean(at_100[..., _MEDIUM]),
        _mean(at_100[..., _LARGE]),
        _mean(recall[..., _ALL, _AT_100]),
    )
    return dict(zip(FIGURES, values, strict=True))


def _mean(values: NDArray[np.float64]) -> float:
    """Of what is defined: COCO marks the rest by -1."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else math.nan
