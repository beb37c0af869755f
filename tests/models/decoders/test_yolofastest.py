import numpy as np
import pytest

from models.decoders.yolofastest import decode
from sensors.frame import Array
from tests.tiny_models import contract, manifest

NEVER = -1e4
SHAPES = [(1, 8, 2, 4), (1, 2, 2, 4), (1, 3, 2, 4), (1, 4, 1, 2), (1, 1, 1, 2), (1, 3, 1, 2)]
NETWORK = manifest(
    "yolofastest",
    SHAPES,
    input=contract(64, 32),
    decoder_options={"strides": [16, 32], "anchors": [[[10, 20], [30, 40]], [[50, 60]]]},
)


def empty() -> list[Array]:
    outputs = [np.zeros(shape, np.float32) for shape in SHAPES]
    outputs[1][:] = outputs[4][:] = NEVER
    return outputs


def test_a_cell_whose_tensors_are_zero_by_hand() -> None:
    outputs = empty()
    outputs[1][0, 1, 1, 2] = 0
    found = decode(outputs, NETWORK)
    # Second anchor: centre ((2 + .5) 16, (1 + .5) 16), sides 30 and 40; half an object, a third of each class.
    assert found.boxes.tolist() == [[25, 4, 55, 44]] * 3
    assert found.scores.tolist() == pytest.approx([1 / 6] * 3)
    assert found.labels.tolist() == [0, 1, 2]


def test_box_and_class_logits_by_hand() -> None:
    outputs = empty()
    outputs[4][0, 0, 0, 1] = np.log(3)  # sigmoid 3/4
    outputs[3][0, :, 0, 1] = np.log(3)  # centre 2 x 3/4 - 1/2 = 1 cell, sides (2 x 3/4)^2 = 2.25 anchors
    outputs[5][0, :, 0, 1] = np.log([8, 1, 1])  # shares .8, .1, .1
    found = decode(outputs, NETWORK)
    assert found.boxes.tolist() == [pytest.approx([64 - 56.25, 32 - 67.5, 64 + 56.25, 32 + 67.5])]
    assert found.scores.tolist() == pytest.approx([0.6])
    assert found.labels.tolist() == [0]


def test_anchors_of_one_cell_share_its_classes() -> None:
    outputs = empty()
    outputs[1][0, :, 0, 0] = [1e4, np.log(3)]
    outputs[2][0, 1, 0, 0] = 1e4
    found = decode(outputs, NETWORK)
    assert found.labels.tolist() == [1, 1]
    assert found.scores.tolist() == pytest.approx([1.0, 0.75])
    assert (found.boxes[:, 2] - found.boxes[:, 0]).tolist() == [10, 30]
