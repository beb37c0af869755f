"""`gilmok model compile`, and what was compiled in a run."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import gilmok
from models import artefacts, catalogue
from models.manifest import Calibration
from replay.calibration import PICTURES, CalibrationFrames, CalibrationUnreadable
from replay.recording import open_dataset
from replay.runs.runfolder import read_identity, read_summary
from tests.tiny import write_model, write_recording


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A store with the tiny model in it, and a recording."""
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    model = write_model(tmp_path)
    assert gilmok.main(["model", "add", "tiny", str(model), "--manifest", str(model.with_suffix(".toml"))]) == 0
    return {"root": str(write_recording(tmp_path / "mot"))}


def compiled(*more: str) -> int:
    return gilmok.main(["model", "compile", "tiny", *more])


def replay(parts: dict[str, str], out: Path, *more: str) -> int:
    where = ["--dataset", "mot", "--root", parts["root"], "--name", "WALK", "--model", "tiny"]
    return gilmok.main(["replay", "run", *where, "--out", str(out), "--no-report", *more])


def test_a_compiled_model_finds_what_its_source_finds_and_the_record_tells_them_apart(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compiled("--backend", "onnxruntime", "--precision", "fp32") == 0
    assert "tiny for onnxruntime, fp32" in capsys.readouterr().out
    assert replay(parts, tmp_path / "source") == 0
    assert replay(parts, tmp_path / "compiled", "--precision", "fp32") == 0
    source, made = read_summary(tmp_path / "source"), read_summary(tmp_path / "compiled")
    assert made["accuracy"]["coco"]["AP"] == source["accuracy"]["coco"]["AP"] == pytest.approx(1.0)
    models = [read_identity(tmp_path / run).nodes[0].model for run in ("source", "compiled")]
    assert models[0].sha256 == models[1].sha256 == models[0].artefact != models[1].artefact


@pytest.mark.slow
def test_json_is_all_that_is_printed_whatever_the_quantiser_prints(parts: dict[str, str]) -> None:
    pytest.importorskip("nncf")
    calibration = f"mot:{parts['root']}:WALK:1-3"
    command = ["model", "compile", "tiny", "--backend", "onnxruntime", "--precision", "int8", "--json"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gilmok", *command, "--calibration", calibration], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["precision"], record["calibration"][0]["frames"]) == ("int8", [1, 2, 3])


def test_16_bits_for_qualcomm_are_calibrated_and_their_frames_written_down(parts: dict[str, str]) -> None:
    calibration = f"mot:{parts['root']}:WALK:1-9/4"
    assert compiled("--backend", "qnn", "--precision", "u16", "--calibration", calibration) == 0
    _, artefact = catalogue.locate("tiny", "qnn", "u16")
    (seen,) = artefact.calibration
    assert (seen.dataset, seen.recording, seen.frames) == ("mot", "WALK", (1, 5, 9))
    assert seen.digest == open_dataset("mot", Path(parts["root"])).open("WALK").digest
    assert "uint16" in artefact.toolchain["quantiser"]
    # Two constants are heads of this network, too: the stitch has them, and the device gives what it computes.
    assert len(artefact.cuts) == len(artefact.outputs)


@pytest.mark.parametrize(
    ("frames", "told"),
    [((1, 5), "6 of the frames calibrated the artefact"), ((), "")],
)
def test_no_accuracy_is_told_on_frames_that_calibrated_the_artefact(
    parts: dict[str, str], tmp_path: Path, frames: tuple[int, int] | tuple[()], told: str
) -> None:
    compiled("--backend", "onnxruntime")
    _, artefact = catalogue.locate("tiny", "onnxruntime", "fp32")
    digest = open_dataset("mot", Path(parts["root"])).open("WALK").digest
    numbers = tuple(range(1, 7)) if frames else (100, 101)
    seen = Calibration(dataset="mot", recording="WALK", digest=digest, frames=numbers)
    aside = tmp_path / "aside"
    aside.mkdir()
    (aside / "model.onnx").write_bytes(artefact.path.read_bytes())
    artefacts.keep(catalogue.store(), msgspec.structs.replace(artefact, path=aside / "model.onnx", calibration=(seen,)))
    replay(parts, tmp_path / "run", "--precision", "fp32")
    accuracy = read_summary(tmp_path / "run")["accuracy"]
    assert accuracy["unknown"].startswith(told)
    assert (accuracy["coco"]["AP"] is None) == bool(told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--backend", "abacus"], "no compiler for backend 'abacus'"),
        (["--backend", "qnn", "--precision", "fp32"], "choose u16, int8"),
        (["--backend", "qnn", "--precision", "u16"], "needs pictures to calibrate with"),
        (["--backend", "qnn", "--precision", "u16", "--calibration", "mot:somewhere"], "names no frames"),
        (["--backend", "onnxruntime", "--set", "speed=9"], "unknown key 'speed'"),
    ],
)
def test_what_cannot_be_compiled_is_one_clear_line_and_leaves_nothing(
    parts: dict[str, str], arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compiled(*arguments) == 1
    assert told in capsys.readouterr().err
    assert artefacts.compiled(catalogue.store(), "tiny") == []
    assert list(catalogue.store().glob(".*")) == []
    assert parts


def test_running_what_was_not_compiled_names_the_command_that_would(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(parts, tmp_path / "run", "--precision", "int8") == 1
    assert "gilmok model compile tiny --backend onnxruntime --precision int8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("mot:/a/b:KLT:3-9/3", [3, 6, 9]),
        ("mot:/a/b:KLT:3-5", [3, 4, 5]),
        ("mot:/a/b:KLT", list(range(1, 13))),
    ],
)
def test_frames_are_named_by_their_numbers(parts: dict[str, str], text: str, numbers: list[int]) -> None:
    frames = CalibrationFrames.of(text.replace("/a/b", parts["root"]).replace("KLT", "WALK"))
    told, pictures = frames.read(lambda: None)
    assert list(told.frames) == numbers
    assert len(pictures) == len(numbers) <= PICTURES


@pytest.mark.parametrize("text", ["", "mot", "mot:/a", "mot:/a:KLT:5", "mot:/a:KLT:1-9/0", "mot:/a:KLT:x-y"])
def test_other_texts_name_no_frames(text: str) -> None:
    with pytest.raises(CalibrationUnreadable):
        CalibrationFrames.of(text)
