"""YOLOX-nano on frames of PETS09-S2L1: what each SDK that is here makes of it, against ONNX Runtime on the CPU.

The losses that are allowed are those of docs/backends.md, rounded up; float32 and float16 may not lose .005.
"""

import importlib.util
from pathlib import Path

import pytest

import gilmok
from edge.device.environment import folder_of, python_of
from replay.runs.runfolder import read_summary

SHARED_MODEL = "models/yolox_nano.onnx"

CASES = [
    ("openvino", "cpu", "original", 40, 0.005),
    ("openvino", "cpu", "fp32", 40, 0.005),
    ("openvino", "cpu", "fp16", 40, 0.005),
    ("openvino", "cpu", "int8", 40, 0.05),
    ("qnn", "htp", "u16", 4, 0.03),
    ("rknn", "simulator", "fp16", 4, 0.005),
]

NEEDS = {"openvino": ("openvino",), "qnn": ("onnxruntime_qnn",), "rknn": ()}


@pytest.fixture
def store(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new store with the model in it; environments that were built apart are the user's own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "backends").symlink_to(folder_of("any").parent)
    monkeypatch.setenv("GILMOK_HOME", str(home))
    assert gilmok.main(["model", "add", "yolox-nano", str(shared / SHARED_MODEL)]) == 0
    return home


def average_precision(shared: Path, out: Path, frames: int, *more: str) -> float:
    where = ["--dataset", "mot", "--root", str(shared / "recordings/MOT15"), "--name", "PETS09-S2L1"]
    what = ["--model", "yolox-nano", "--frames", str(frames), "--deadline-ms", "120000", "--no-report"]
    assert gilmok.main(["replay", "run", *where, *what, "--out", str(out), *more]) == 0
    summary = read_summary(out)
    assert summary["frames"]["ok"] == frames
    return float(summary["accuracy"]["coco"]["AP"])


@pytest.fixture(scope="module")
def references() -> dict[int, float]:
    """What ONNX Runtime found on so many frames, once measured."""
    return {}


@pytest.mark.long
# OpenVINO, NNCF and ONNX Runtime's quantiser warn of their own insides.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("backend", "device", "precision", "frames", "loss"), CASES)
def test_a_vendor_loses_no_more_than_was_told(
    shared: Path,
    store: Path,
    tmp_path: Path,
    references: dict[int, float],
    backend: str,
    device: str,
    precision: str,
    frames: int,
    loss: float,
) -> None:
    if backend == "rknn" and not python_of("rknn").is_file():
        pytest.skip("its environment is not built: gilmok backend install rknn")
    for module in (*NEEDS[backend], *(["nncf"] if precision == "int8" else [])):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    if precision != "original":
        recordings = shared / "recordings"
        seen = [
            f"ua-detrac:{recordings}/UA-DETRAC:MVI_40201:1-500/31",
            f"kitti-tracking:{recordings}/KITTI_tracking_derived:0052:7-31/2",
        ]
        calibration = [word for frames_of in seen for word in ("--calibration", frames_of)]
        made = gilmok.main(
            ["model", "compile", "yolox-nano", "--backend", backend, "--precision", precision, *calibration]
        )
        assert made == 0
    if frames not in references:
        references[frames] = average_precision(shared, tmp_path / "reference", frames)
    choice = ["--backend", backend, "--device", device, "--precision", precision]
    assert average_precision(shared, tmp_path / "run", frames, *choice) > references[frames] - loss
    assert store
