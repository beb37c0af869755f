"""Real detectors on real roads: the figures that a correct pipeline must measure.

PicoDet runs on OpenVINO, which takes half of ONNX Runtime's CPU: its small depthwise convolutions are slow there. What
OpenVINO finds is not ONNX Runtime's to the last bit; its figures are held to the same ones, within TOLERANCE.
"""

import importlib.util
from pathlib import Path

import pytest

import gilmok
from replay.runs.runfolder import read_summary

TOLERANCE = 0.003

DETRAC = ("ua-detrac", "UA-DETRAC", "MVI_40201", "vehicle")
PETS = ("mot", "MOT15", "PETS09-S2L1", "person")
ORT = ("onnxruntime", "sessions=2")
OPENVINO = ("openvino", "threads=1")
DRIVE = ("kitti-tracking", "KITTI_tracking_derived", "0052", "vehicle")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "backend", "road", "ap50", "ap"),
    [
        pytest.param("yolox_nano.onnx", ORT, DETRAC, 0.7458, 0.4988, marks=pytest.mark.long),
        pytest.param("yolox_nano.onnx", ORT, PETS, 0.8886, 0.4000, marks=pytest.mark.long),
        ("yolox_nano.onnx", ORT, DRIVE, 0.648, 0.372),
        pytest.param("picodet_s_416_coco.onnx", OPENVINO, DETRAC, 0.8657, 0.5838, marks=pytest.mark.long),
        pytest.param("picodet_s_416_coco.onnx", OPENVINO, PETS, 0.9067, 0.4119, marks=pytest.mark.long),
    ],
)
def test_the_reference_accuracy_comes_out(
    shared: Path,
    tmp_path: Path,
    model: str,
    backend: tuple[str, str],
    road: tuple[str, str, str, str],
    ap50: float,
    ap: float,
) -> None:
    name_of_backend, settings = backend
    if importlib.util.find_spec(name_of_backend) is None:
        pytest.skip(f"{name_of_backend} is not installed")
    dataset, folder, name, label = road
    root = str(shared / "recordings" / folder)
    where = ["--dataset", dataset, "--root", root, "--name", name, "--labels", label]
    what = ["--model", str(shared / "models" / model), "--backend", name_of_backend, "--set", settings]
    assert gilmok.main(["replay", "run", *where, *what, "--no-report", "--out", str(tmp_path / "run")]) == 0
    coco = read_summary(tmp_path / "run")["accuracy"]["coco"]
    assert coco["AP50"] == pytest.approx(ap50, abs=TOLERANCE)
    assert coco["AP"] == pytest.approx(ap, abs=TOLERANCE)
