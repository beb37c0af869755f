from pathlib import Path

import pytest

from fleet.scenario.scenario import read_scenario
from replay.scoring.classes import LabelsNotOffered, LabelsUnknownToModel
from tests.fleet.scenario.plans import node, plan, stream
from tests.tiny import write_model, write_recording


def test_classes_are_read_and_what_neither_side_has_is_told_before_the_drive(tmp_path: Path) -> None:
    model, root = write_model(tmp_path), write_recording(tmp_path / "mot")

    def read(classes: dict[str, list[str]]) -> object:
        return read_scenario(plan(tmp_path, node("a", model, stream(root, "WALK", classes=classes))))

    assert read({"person": ["person", "car"]})
    with pytest.raises(LabelsUnknownToModel, match="'cat'"):
        read({"person": ["cat"]})
    with pytest.raises(LabelsNotOffered, match="'plane'"):
        read({"plane": ["car"]})
