"""Real detectors on real roads: the figures that a correct pipeline must measure."""

from pathlib import Path

import pytest

import gilmok
from replay.runs.runfolder import read_summary

TOLERANCE = 0.003

DETRAC = ("ua-detrac", "UA-DETRAC", "MVI_40201", "vehicle")
PETS = ("mot", "MOT15", "PETS09-S2L1", "person")
DRIVE = ("kitti-tracking", "KITTI_tracking_derived", "0052", "vehicle")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "road", "ap50", "ap"),
    [
        ("yolox_nano.onnx", DETRAC, 0.7458, 0.4988),
        ("yolox_nano.onnx", PETS, 0.8886, 0.4000),
        ("yolox_nano.onnx", DRIVE, 0.648, 0.372),
        ("picodet_s_416_coco.onnx", DETRAC, 0.8658, 0.5838),
        ("picodet_s_416_coco.onnx", PETS, 0.9067, 0.4119),
    ],
)
def test_the_reference_accuracy_comes_out(
    shared: Path, tmp_path: Path, model: str, road: tuple[str, str, str, str], ap50: float, ap: float
) -> None:
    dataset, folder, name, label = road
    root = str(shared / "recordings" / folder)
    where = ["--dataset", dataset, "--root", root, "--name", name, "--labels", label]
    arguments = [
        *where,
        "--model",
        str(shared / "models" / model),
        "--set",
        "sessions=2",
        "--out",
        str(tmp_path / "run"),
    ]
    assert gilmok.main(["replay", "run", *arguments]) == 0
    coco = read_summary(tmp_path / "run")["accuracy"]["coco"]
    assert coco["AP50"] == pytest.approx(ap50, abs=TOLERANCE)
    assert coco["AP"] == pytest.approx(ap, abs=TOLERANCE)
