"""The order of steps between a network's outputs and findings, on a YOLOX head whose cells say what they are told."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.decode import read
from models.detections import Detections
from models.manifest import Suppression
from models.preprocess import place
from sensors.frame import Array
from tests.tiny_models import contract, manifest

SIDE_PX, STRIDE_PX = 64, 16
CELLS = (SIDE_PX // STRIDE_PX) ** 2

Said = tuple[tuple[float, float, float, float], float, int]
"""A box in input pixels, its score, its class."""


def outputs(said: Sequence[Said]) -> list[Array]:
    tensor = np.zeros((1, CELLS, 8), np.float32)
    for cell, ((left, top, right, bottom), score, label) in enumerate(said):
        row, column = divmod(cell, SIDE_PX // STRIDE_PX)
        centre = (left + right) / 2 / STRIDE_PX - column, (top + bottom) / 2 / STRIDE_PX - row
        tensor[0, cell, :5] = (*centre, *np.log([(right - left) / STRIDE_PX, (bottom - top) / STRIDE_PX]), 1)
        tensor[0, cell, 5 + label] = score
    return [tensor]


def findings(
    said: Sequence[Said], width: int = SIDE_PX, height: int = SIDE_PX, keep: int = 100, candidates: int = 3000
) -> Detections:
    network = manifest(
        "yolox",
        [(1, CELLS, 8)],
        input=contract(SIDE_PX, SIDE_PX, resize="letterbox-top-left"),
        decoder_options={"strides": [STRIDE_PX]},
        suppression=Suppression(score_floor=0.1, iou=0.5, keep=keep, candidates=candidates),
    )
    return read(outputs(said), network, place(width, height, network.input))


def test_boxes_come_back_in_frame_pixels_best_first() -> None:
    found = findings([((0, 0, 16, 16), 0.5, 0), ((32, 8, 48, 32), 0.9, 1)], width=128, height=64)
    assert found.boxes == pytest.approx(np.array([[64, 16, 96, 64], [0, 0, 32, 32]]), abs=1e-4)
    assert found.labels.tolist() == [1, 0]


def test_boxes_are_clipped_before_they_are_compared() -> None:
    # Whole, they share 16 x 32 of 16 x 96 (a third); inside the frame they are nearly one.
    found = findings([((0, 0, 16, 32), 0.9, 0), ((0, -64, 16, 32), 0.8, 0)])
    assert found.boxes == pytest.approx(np.array([[0, 0, 16, 32]]), abs=1e-4)


def test_what_lies_in_the_padding_is_nothing() -> None:
    found = findings([((0, 40, 16, 56), 0.9, 0), ((0, 8, 16, 24), 0.8, 0)], width=128, height=64)
    assert found.scores.tolist() == pytest.approx([0.8])


def test_classes_do_not_suppress_each_other() -> None:
    found = findings([((0, 0, 16, 16), 0.9, 0), ((0, 0, 16, 16), 0.8, 1), ((0, 0, 16, 16), 0.7, 0)])
    assert found.labels.tolist() == [0, 1]


def test_the_best_of_all_classes_together_are_kept() -> None:
    said: list[Said] = [((8 * i, 0, 8 * i + 8, 8), 0.9 - i / 10, i % 2) for i in range(6)]
    assert findings(said, keep=3).scores.tolist() == pytest.approx([0.9, 0.8, 0.7])


def test_candidates_are_limited_before_suppression() -> None:
    # The second is suppressed by the first; the third would be kept, were it a candidate.
    said: list[Said] = [((0, 0, 16, 16), 0.9, 0), ((0, 0, 16, 16), 0.8, 0), ((32, 0, 48, 16), 0.7, 0)]
    assert findings(said, candidates=2).scores.tolist() == pytest.approx([0.9])
    assert findings(said, candidates=3).scores.tolist() == pytest.approx([0.9, 0.7])
