import numpy as np
import pytest

from models.decoders import yolov5, yolov8
from models.decoders.cells import OutputsUnfit
from tests.tiny_models import manifest

EVERY = {"classes": "every"}


def test_a_cell_of_v8_is_a_candidate_of_its_best_class_or_of_every_one_over_the_floor() -> None:
    raw = np.zeros((1, 7, 5), np.float32)
    raw[0, :, 3] = [10, 20, 4, 8, 0.25, 0.05, 0.5]
    best = yolov8.decode([raw], manifest("yolov8", [(1, 7, 5)]))
    assert (best.boxes.tolist(), best.scores.tolist(), best.labels.tolist()) == ([[8, 16, 12, 24]], [0.5], [2])
    found = yolov8.decode([raw], manifest("yolov8", [(1, 7, 5)], decoder_options=EVERY))
    assert found.boxes.tolist() == [[8, 16, 12, 24]] * 2
    assert found.scores.tolist() == [0.25, 0.5]
    assert found.labels.tolist() == [0, 2]
    turned = yolov8.decode([raw.transpose(0, 2, 1)], manifest("yolov8", [(1, 5, 7)], decoder_options=EVERY))
    assert turned.boxes.tolist() == found.boxes.tolist()


def test_the_score_of_v5_is_objectness_times_class() -> None:
    raw = np.zeros((1, 5, 8), np.float32)
    raw[0, 3] = [10, 20, 4, 8, 0.5, 0.5, 0.1, 0.9]
    best = yolov5.decode([raw], manifest("yolov5", [(1, 5, 8)]))
    assert (best.scores.tolist(), best.labels.tolist()) == ([pytest.approx(0.45)], [2])
    found = yolov5.decode([raw], manifest("yolov5", [(1, 5, 8)], decoder_options=EVERY))
    assert found.boxes.tolist() == [[8, 16, 12, 24]] * 2
    assert found.scores.tolist() == pytest.approx([0.25, 0.45])
    assert found.labels.tolist() == [0, 2]


@pytest.mark.parametrize("decoder", [yolov5, yolov8])
def test_outputs_of_other_labels_are_refused(decoder: object) -> None:
    with pytest.raises(OutputsUnfit):
        decoder.decode([np.zeros((1, 9, 5), np.float32)], manifest("any", [(1, 9, 5)]))  # type: ignore[attr-defined]
