"""Training, in small: it learns, it goes on where it stopped, and the same seed gives the same network."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'gilmok[training]'")

import torch

from tools.training import augment, evaluate, teach
from tools.training.frames import HEIGHT, PICTURE, WIDTH, Frames
from tools.training.network import Detector, boxes_of, cells

PLAN = teach.Plan(epochs=2, batch=4, width=16, warm_up=2, plain_epochs=0)


def drawn(count: int) -> Frames:
    """White squares on grey."""
    draw = np.random.default_rng(3)
    images = np.full((count, HEIGHT, WIDTH, 3), 90, np.uint8)
    boxes = []
    for image in images:
        x, y, side = int(draw.integers(0, 250)), int(draw.integers(0, 120)), int(draw.integers(24, 60))
        image[y : y + side, x : x + side] = 230
        boxes.append([x, y, x + side, y + side])
    return Frames(
        images, np.array(boxes, np.float32), np.full(count, 2), np.zeros(count, np.int64), np.arange(count)
    )  # fmt: skip


def run(folder: Path, plan: teach.Plan) -> list[float]:
    frames = drawn(16)
    _, history = teach.teach(plan, frames, frames, folder, lambda _words, _done, _total: None)
    return [row["loss"] for row in history]


def test_the_same_seed_gives_the_same_losses_and_they_fall(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a", PLAN), run(tmp_path / "b", PLAN)
    assert first == second
    assert first[1] < first[0]


def test_an_interrupted_training_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", PLAN)

    class Stopped(Exception):
        pass

    def stop(_words: str, done: int, _total: int) -> None:
        if done == 6:
            raise Stopped

    frames = drawn(16)
    with pytest.raises(Stopped):
        teach.teach(PLAN, frames, frames, tmp_path / "parts", stop)
    assert run(tmp_path / "parts", PLAN) == whole


def test_the_head_has_the_layout_that_the_decoder_reads() -> None:
    detector = Detector(16)
    raw = detector(torch.zeros(1, 3, HEIGHT, WIDTH))
    places, strides = cells(HEIGHT, WIDTH)
    ours, widths = evaluate.grid(HEIGHT, WIDTH)
    assert raw.shape == (1, len(ours), 10)
    assert (places.numpy() == ours).all()
    assert (strides.numpy() == widths).all()
    box = boxes_of(torch.zeros(1, 10), torch.tensor([[3.0, 2.0]]), torch.tensor([[8.0]]))
    assert box.tolist() == [[20.0, 12.0, 28.0, 20.0]]


def test_changes_keep_boxes_on_what_they_marked() -> None:
    frames = drawn(12)
    draw = np.random.default_rng(5)
    for index in range(12):
        changed = augment.changed(augment.plain(frames, index), draw)
        for x1, y1, x2, y2 in changed.boxes:
            assert 0 <= x1 < x2 <= PICTURE[0]
            assert 0 <= y1 < y2 <= PICTURE[1]
            inside = changed.image[int(y1) + 2 : int(y2) - 2, int(x1) + 2 : int(x2) - 2].mean()
            assert inside > float(changed.image[: PICTURE[1]].mean())
