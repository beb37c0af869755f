"""Average precision against COCO's own program, crowds included."""

import numpy as np
import pytest

from models.detections import Detections
from tools.training.score import Asked, average_precision

FRAMES = 30


def scene(draw: np.random.Generator) -> tuple[Detections, Asked]:
    """Boxes, some of them regions, and findings near them and elsewhere."""
    n = int(draw.integers(0, 7))
    low = draw.uniform(0, 200, (n, 2))
    boxes = np.concatenate([low, low + draw.uniform(10, 60, (n, 2))], axis=1).astype(np.float32)
    near = boxes[draw.random(n) < 0.8]
    near = near + draw.uniform(-4, 4, near.shape).astype(np.float32)
    stray = draw.uniform(0, 200, (int(draw.integers(0, 4)), 2))
    found = np.concatenate([near, np.concatenate([stray, stray + 30], axis=1)]).astype(np.float32)
    scores = -np.sort(-draw.random(len(found))).astype(np.float32)
    roles = (draw.random(n) < 0.3).astype(np.int64)
    one = np.zeros(len(found), np.int64)
    return Detections(found, scores, one), Asked(boxes, np.zeros(n, np.int64), roles)


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_pycocotools(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    coco = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    draw = np.random.default_rng(seed)
    scenes = [scene(draw) for _ in range(FRAMES)]
    annotations = [
        {
            "id": 100 * i + k + 1,
            "image_id": i,
            "category_id": 1,
            "iscrowd": int(role),
            "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])],
            "area": float(np.prod(box[2:] - box[:2])),
        }
        for i, (_, asked) in enumerate(scenes)
        for k, (box, role) in enumerate(zip(asked.boxes, asked.roles, strict=True))
    ]
    truth = coco.COCO()
    truth.dataset = {
        "images": [{"id": i} for i in range(FRAMES)],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": annotations,
    }
    truth.createIndex()
    rows = [
        {
            "image_id": i,
            "category_id": 1,
            "score": float(score),
            "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])],
        }
        for i, (found, _) in enumerate(scenes)
        for box, score in zip(found.boxes, found.scores, strict=True)
    ]
    judge = cocoeval.COCOeval(truth, truth.loadRes(rows), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    capsys.readouterr()
    ours, n = average_precision([s[0] for s in scenes], [s[1] for s in scenes], [0])
    assert n == sum(1 for a in annotations if not a["iscrowd"])
    assert ours == pytest.approx(float(judge.stats[1]), abs=1e-6)


def test_without_anything_to_find_there_is_no_score() -> None:
    empty = np.empty((0, 4), np.float32)
    none = np.empty(0, np.int64)
    score, n = average_precision([Detections(empty, np.empty(0, np.float32), none)], [Asked(empty, none, none)], [0])
    assert np.isnan(score)
    assert n == 0
