"""Heads whose findings are made in the graph: each as its exporter lays them out."""

import numpy as np
import pytest

from models.decoders import end2end, ssd
from models.decoders.cells import OutputsUnfit
from models.manifest import Manifest
from sensors.frame import Array
from tests.tiny_models import contract, manifest


def rows(columns: str = "x1 y1 x2 y2 score class") -> Manifest:
    return manifest("end2end", [(1, 0, len(columns.split()))], decoder_options={"columns": columns})


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("x1 y1 x2 y2 score class", [2, 4, 10, 20, 0.5, 2]),
        ("batch x1 y1 x2 y2 class score", [0, 2, 4, 10, 20, 2, 0.5]),
        ("class score x1 y1 x2 y2", [2, 0.5, 2, 4, 10, 20]),
        ("x1 y1 x2 y2 class score", [2, 4, 10, 20, 2, 0.5]),
        ("cx cy w h score class", [6, 12, 8, 16, 0.5, 2]),
    ],
)
@pytest.mark.parametrize("batch", [True, False])
def test_a_row_is_a_finding(columns: str, row: list[float], batch: bool) -> None:
    table = np.array([row], np.float32)
    found = end2end.decode([table[None] if batch else table], rows(columns))
    assert found.boxes.tolist() == [[2, 4, 10, 20]]
    assert found.scores.tolist() == [0.5]
    assert found.labels.tolist() == [2]


def test_rows_that_only_fill_the_tensor_are_no_findings() -> None:
    table = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 9, 9, 0.9, -1], [0, 0, 9, 9, 0.9, 1]], np.float32)
    assert len(end2end.decode([table[None]], rows())) == 1


def test_no_row_at_all_is_no_finding() -> None:
    assert len(end2end.decode([np.empty((0, 6), np.float32)], rows())) == 0


def columns(**options: object) -> Manifest:
    return manifest("ssd", [(1, 0, 4)] * 4, input=contract(64, 32), decoder_options=options)


def tensors(*parts: list[object]) -> list[Array]:
    return [np.array(part, np.float32) for part in parts]


def test_tensorflows_boxes_are_shares_from_the_top_and_its_first_label_is_one() -> None:
    found = ssd.decode(
        tensors([[[0.25, 0.5, 0.5, 1], [0, 0, 1, 1]]], [[1, 2]], [[0.9, 0.8]], [1]),
        columns(boxes=0, labels=1, scores=2, count=3, corners="y1 x1 y2 x2", unit="shares", first_label=1),
    )
    assert found.boxes.tolist() == [[32, 8, 64, 16]]
    assert found.labels.tolist() == [0]
    assert found.scores.tolist() == pytest.approx([0.9])


def test_torchvisions_background_is_no_finding() -> None:
    found = ssd.decode(
        tensors([[1, 2, 3, 4], [5, 6, 7, 8]], [0, 3], [0.9, 0.8]), columns(boxes=0, labels=1, scores=2, first_label=1)
    )
    assert found.boxes.tolist() == [[5, 6, 7, 8]]
    assert found.labels.tolist() == [2]


def test_a_single_finding_of_open_length_keeps_its_shape() -> None:
    found = ssd.decode(tensors([[1, 2, 3, 4]], [1], [0.9]), columns(boxes=0, labels=1, scores=2))
    assert found.boxes.tolist() == [[1, 2, 3, 4]]


def test_efficientnms_counts_first() -> None:
    found = ssd.decode(
        tensors([[1]], [[[1, 2, 3, 4], [5, 6, 7, 8]]], [[0.9, 0.8]], [[2, 1]]),
        columns(count=0, boxes=1, scores=2, labels=3),
    )
    assert found.boxes.tolist() == [[1, 2, 3, 4]]
    assert found.labels.tolist() == [2]


def test_tensors_of_different_length_are_refused() -> None:
    with pytest.raises(OutputsUnfit):
        ssd.decode(tensors([[1, 2, 3, 4]], [1, 2], [0.9]), columns(boxes=0, labels=1, scores=2))
