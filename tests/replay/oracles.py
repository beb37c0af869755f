"""The published programs that define a figure, called as their authors call them, and random worlds to feed them."""

import contextlib
import io
from typing import Any

import numpy as np

from replay.metrics.pool import Found, Labelled, Numbers
from replay.truth import Role

FIGURES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")

Rows = list[dict[str, Any]]


def pycocotools_figures(truth: dict[str, Any], results: Rows) -> dict[str, float]:
    """COCO's twelve figures; NaN where pycocotools says -1. `results` must not be empty (pycocotools fails)."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO()
        loaded.dataset = truth
        loaded.createIndex()
        evaluation = COCOeval(loaded, loaded.loadRes([dict(row) for row in results]), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: float(value) if value > -1 else np.nan for name, value in zip(FIGURES, evaluation.stats, strict=True)}


def random_world(rng: np.random.Generator, least_images: int = 1) -> tuple[dict[str, Any], Rows]:
    """A COCO truth and results: crowds, equal scores, equal boxes, sizes on the limits, more than 100 in a class."""
    images, classes = int(rng.integers(least_images, least_images + 5)), int(rng.integers(1, 4))
    size = float(rng.choice([20, 60, 150]))
    annotations: Rows = []
    results: Rows = []
    for image in range(images):
        for label in range(1, classes + 1):
            boxes = _random_boxes(rng, 25 if rng.random() < 0.1 else int(rng.integers(0, 7)), size)
            for box in boxes:
                annotations.append({
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": label,
                    "bbox": box.tolist(),
                    "area": float(box[2] * box[3] * rng.choice([1.0, 0.7])),
                    "iscrowd": int(rng.random() < 0.15),
                })  # fmt: skip
            for _ in range(130 if rng.random() < 0.05 else int(rng.integers(0, 12))):
                results.append({
                    "image_id": image,
                    "category_id": label,
                    "bbox": _random_answer(rng, boxes, size).tolist(),
                    "score": float(np.round(rng.random(), int(rng.integers(1, 4)))),
                })  # fmt: skip
    truth = {
        "info": {},
        "images": [{"id": image} for image in range(images)],
        "categories": [{"id": label} for label in range(1, classes + 1)],
        "annotations": annotations,
    }
    return truth, results


def _random_boxes(rng: np.random.Generator, n: int, size: float) -> Numbers:
    boxes = np.concatenate([rng.uniform(0, 200, (n, 2)), rng.uniform(5, size, (n, 2))], axis=1)
    boxes = np.round(boxes, int(rng.integers(0, 3)))
    if n > 1 and rng.random() < 0.3:
        boxes[1] = boxes[0]
    if n > 2 and rng.random() < 0.3:
        boxes[2, 2:] = 32
    return boxes


def _random_answer(rng: np.random.Generator, boxes: Numbers, size: float) -> Numbers:
    if not len(boxes) or rng.random() < 0.25:
        return _random_boxes(rng, 1, size).reshape(4)
    box: Numbers = boxes[rng.integers(len(boxes))] + (rng.normal(0, 3, 4) if rng.random() < 0.7 else 0)
    box[2:] = np.maximum(box[2:], 0.5)
    return np.round(box) if rng.random() < 0.5 else box


def pooled(truth: dict[str, Any], results: Rows) -> tuple[Found, Labelled, int]:
    """The same world as gilmok's arrays; image ids are 0.., category ids 1.."""
    rows = truth["annotations"]
    labelled = Labelled(
        images=np.array([row["image_id"] for row in rows], np.int64),
        labels=np.array([row["category_id"] - 1 for row in rows], np.int64),
        boxes=np.array([row["bbox"] for row in rows], np.float64).reshape(-1, 4),
        areas=np.array([row["area"] for row in rows], np.float64),
        roles=np.array([Role.REGION if row["iscrowd"] else Role.POSITIVE for row in rows], np.int64),
    )
    found = Found(
        images=np.array([row["image_id"] for row in results], np.int64),
        labels=np.array([row["category_id"] - 1 for row in results], np.int64),
        boxes=np.array([row["bbox"] for row in results], np.float64).reshape(-1, 4),
        scores=np.array([row["score"] for row in results], np.float64),
    )
    return found, labelled, len(truth["categories"])
