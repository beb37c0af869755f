"""Real exports, given without a manifest, find what their makers' own programs found on the same pictures."""

from pathlib import Path

import pytest

from edge.config import ModelChoice
from models import adding
from models.recognise.recognition import Answers
from replay.runs.offline import OfflineRun, ReplayConfig
from sensors.clock import SystemClock

LEAST_AP = 0.99


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("yolov8-tiny", None),
        ("yolov8-tiny-nms", None),
        ("yolo26-tiny-end2end", None),
        ("rtdetrv2-tiny-raw", "car,person,truck"),
    ],
)
def test_an_export_finds_what_its_makers_program_found(
    name: str, labels: str | None, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = shared / "models" / "exports"
    if not exports.is_dir():
        pytest.skip(f"no exports at {exports}")
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    adding.add("mine", str(exports / name / f"{name}.onnx"), answers=Answers(labels=labels))
    root = tmp_path / "coco"
    root.mkdir()
    (root / "images").symlink_to(exports / "images")
    (root / "annotations").symlink_to(exports / name / "annotations")
    config = ReplayConfig(dataset="coco", root=root, name="pics", model=ModelChoice(name="mine"))
    summary = OfflineRun(config, tmp_path / "run", SystemClock()).run(lambda _stream, _frames: None)
    accuracy = summary.streams[0].accuracy
    assert accuracy is not None
    assert accuracy.coco["AP"] >= LEAST_AP
