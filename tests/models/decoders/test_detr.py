import numpy as np
import pytest

from models.decoders.detr import decode
from tests.tiny_models import contract, manifest

BOXES = np.array([[[0.5, 0.25, 0.5, 0.5], [0.5, 0.5, 1, 1]]], np.float32)
LOGITS = np.array([[[0, -9, 2], [-9, -9, -9]]], np.float32)
WIDE = {"input": contract(64, 32)}


def test_boxes_are_shares_of_the_input_and_scores_sigmoids_of_the_logits() -> None:
    found = decode([LOGITS, BOXES], manifest("detr", [(1, 2, 3), (1, 2, 4)], **WIDE))
    assert found.boxes.tolist() == [[16, 0, 48, 16]] * 2
    assert found.scores.tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert found.labels.tolist() == [0, 2]


def test_the_boxes_may_come_first() -> None:
    options = {"decoder_options": {"boxes": 0}}
    found = decode([BOXES, LOGITS], manifest("detr", [(1, 2, 4), (1, 2, 3)], **WIDE, **options))
    assert found.labels.tolist() == [0, 2]


def test_one_column_more_than_labels_is_nothing_and_takes_its_share_of_a_softmax() -> None:
    logits = np.array([[[0, 0, 0, 0], [0, 0, 0, 99]]], np.float32)
    network = manifest("detr", [(1, 2, 4), (1, 2, 4)], **WIDE, decoder_options={"scores": "softmax"})
    found = decode([logits, BOXES], network)
    assert found.scores.tolist() == pytest.approx([0.25] * 3)
    assert found.labels.tolist() == [0, 1, 2]
