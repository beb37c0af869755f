from typing import Any

import numpy as np
import pytest

from models.decoders.gfl import decode
from sensors.frame import Array
from tests.tiny_models import contract, manifest

SURE = 1000.0
"""A logit whose bin gets everything; its exponential overflows unless the decoder takes care."""


def head(centre: str, **more: Any) -> Any:
    """Two cells of stride 16 beside each other, three bins a side."""
    options = {"strides": [16], "centre": centre, "bins": 3, **more}
    return manifest("gfl", [(1, 2, 3), (1, 2, 12)], input=contract(32, 16), decoder_options=options)


def sides(left: int, top: int, right: int, bottom: int) -> Array:
    """Logits that leave no doubt: each side at a whole number of strides."""
    logits = np.zeros((4, 3), np.float32)
    logits[range(4), (left, top, right, bottom)] = SURE
    return logits.ravel()


@pytest.mark.parametrize(
    ("centre", "expected"),
    [("edges", [24 - 16, 8, 24 + 32, 8 + 16]), ("pixels", [23.5 - 16, 7.5, 23.5 + 32, 7.5 + 16])],
)
def test_one_cell_by_hand_under_both_rules_of_its_middle(centre: str, expected: list[float]) -> None:
    scores = np.array([[[0, 0, 0], [0.3, 0, 0.9]]], np.float32)
    boxes = np.stack((sides(0, 0, 0, 0), sides(1, 0, 2, 1)))[None]
    found = decode([scores, boxes], head(centre))
    assert found.boxes.tolist() == [expected] * 2
    assert found.scores.tolist() == pytest.approx([0.3, 0.9])
    assert found.labels.tolist() == [0, 2]


def test_a_side_is_the_mean_of_its_distribution() -> None:
    scores = np.array([[[0.5, 0, 0], [0, 0, 0]]], np.float32)
    logits = np.zeros((1, 2, 12), np.float32)  # no preference among 0, 1 and 2: 1 stride
    logits[0, 0, :3] = np.log([1, 1, 2])  # a quarter, a quarter, a half: 1.25 strides
    found = decode([scores, logits], head("edges"))
    assert found.boxes.tolist() == [[pytest.approx(8 - 20), 8 - 16, 8 + 16, 8 + 16]]


def test_scores_of_all_strides_come_first_and_a_grid_that_does_not_divide_the_input_has_a_cell_more() -> None:
    # 20 pixels: three cells of stride 8 a row, and one of stride 32.
    shapes = [(1, 9, 3), (1, 1, 3), (1, 9, 12), (1, 1, 12)]
    options = {"strides": [8, 32], "centre": "edges", "bins": 3}
    network = manifest("gfl", shapes, input=contract(20, 20), decoder_options=options)
    outputs = [np.zeros(shape, np.float32) for shape in shapes]
    outputs[0][0, 5, 1] = 0.5  # second row, third column
    outputs[1][0, 0, 2] = 0.6
    outputs[2][0, 5] = outputs[3][0, 0] = sides(0, 0, 1, 1)
    found = decode(outputs, network)
    assert found.boxes.tolist() == [[20, 12, 28, 20], [16, 16, 48, 48]]
    assert found.labels.tolist() == [1, 2]
