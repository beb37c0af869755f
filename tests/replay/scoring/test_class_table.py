from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.detections import Detections
from replay.recording import Group
from replay.scoring.class_table import class_table, told
from replay.scoring.stream import ScoredStream
from replay.truth import Truth

NAMES = ["person", "bicycle", "car", "motorcycle", "airplane"]
RECORDING: Any = SimpleNamespace(
    dataset="made",
    name="street",
    labels=("Car", "Pedestrian"),
    groups={"Car": Group(("Car",), ("car",)), "Pedestrian": Group(("Pedestrian",), ("person",))},
)
BOX = np.array([[10, 10, 50, 50]])


def street(found: list[int]) -> ScoredStream:
    """A frame a finding, each upon a car; a better one stands elsewhere."""
    n = len(found)
    zeros = np.zeros(1, np.int64)
    truth = Truth(boxes=BOX.astype(np.float64), labels=zeros, tracks=zeros - 1, roles=zeros)
    boxes = np.concatenate((BOX + 100, BOX)).astype(np.float32)
    return ScoredStream(
        recording=RECORDING,
        model_labels=NAMES,
        labels=(),
        frames=range(n),
        truths=[truth] * n,
        answers=[
            Detections(boxes, np.array([0.9, 0.5], np.float32), np.array([2, label], np.int64)) for label in found
        ],
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([1] * 20, "20 of 20 objects are found as the label before theirs (car as bicycle)"),
        ([3] * 20 + [2] * 4, "20 of 24 objects are found as the label behind theirs (car as motorcycle)"),
        ([3] * 20 + [2] * 8, ""),
        ([3] * 19, ""),
        ([4] * 30, ""),
        ([2] * 30, ""),
    ],
)
def test_objects_that_are_found_as_the_label_beside_theirs_are_told(found: list[int], said: str) -> None:
    table = class_table(street(found))
    assert table.shifted.startswith(said) if said else not table.shifted
    assert any("look shifted" in line for line in told(table)) is bool(said)
