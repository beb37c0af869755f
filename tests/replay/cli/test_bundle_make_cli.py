"""`gilmok bundle make`, with models that run."""

import json
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import gilmok
from edge.answering.self_test import run_self_test
from models.bundle.verify import verify
from sensors.clock import SystemClock
from tests.tiny import write_model


def make(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    found = gilmok.main(["bundle", "make", *map(str, words)])
    streams = capsys.readouterr()
    assert found == status, streams.err
    return streams.out if status == 0 else streams.err


def test_the_model_that_comes_with_gilmok_becomes_a_bundle_that_passes_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patch.toml").write_text("[backend]\ndeadline_ms = 250.0\n[backend.options]\nthreads = 1\n")
    words = ["--model", "gilmok-mini", "--backend", "onnxruntime", "--config", tmp_path / "patch.toml"]
    told = json.loads(make(capsys, *words, "--out", tmp_path / "mini", "--admit", "runtime=onnxruntime >=1", "--json"))
    assert told["good_for"][0]["runtime"] == "onnxruntime >=1"
    assert (told["name"], told["self_test"]["frames"]) == ("gilmok-mini-onnxruntime-original", 3)
    assert told["self_test"]["boxes"] > 30
    assert told["patch"]["backend"]["deadline_ms"] == 250
    bundle = verify(tmp_path / "mini", told["digest"])
    assert run_self_test(bundle, "cpu", SystemClock()).why == ""
    text = (bundle.folder / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["type"] == "machine-learning-model"
    assert bill["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    named = {one["name"] for one in bill["components"]}
    assert {"onnxruntime", "numpy", "gilmok", "model/gilmok-mini.onnx"} <= named


@pytest.mark.long
def test_int8_for_openvino_becomes_a_bundle_with_its_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nncf")
    pytest.importorskip("openvino")
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    seen = Path(gilmok.__file__).parent / "replay/samples"
    words = ["gilmok-mini", "--backend", "openvino", "--precision", "int8"]
    assert gilmok.main(["model", "compile", *words, "--calibration", f"world:{seen}:crossing-rain-rsu-1:0-40/4"]) == 0
    capsys.readouterr()
    told = json.loads(make(capsys, "--model", *words, "--out", tmp_path / "int8", "--json"))
    assert {"artefact/model.xml", "artefact/model.bin", "artefact/stitch.onnx"} <= told["files"].keys()
    bundle = verify(tmp_path / "int8")
    assert "nncf" in bundle.artefact.toolchain
    assert bundle.artefact.calibration[0].recording == "crossing-rain-rsu-1"
    assert run_self_test(bundle, "cpu", SystemClock()).why == ""
    elsewhere = ["--elsewhere", "cpu", "--admit", "architecture=*", "--admit", "runtime=*"]
    make(capsys, "--model", *words, *elsewhere, "--out", tmp_path / "elsewhere")
    result = run_self_test(verify(tmp_path / "elsewhere"), "cpu", SystemClock())
    assert result.why == ""
    assert result.verdict is not None
    assert 0.98 < result.verdict.cosine_min < 0.9999


def test_what_can_not_become_a_bundle_is_told_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path)
    (tmp_path / "patch.toml").write_text("[broker]\nhost = 'elsewhere'\n")
    (tmp_path / "empty").mkdir()
    usual = ["--model", model, "--backend", "onnxruntime", "--out", tmp_path / "out"]
    for words, why in (
        (["--config", tmp_path / "patch.toml"], "broker"),
        (["--config", tmp_path / "nowhere.toml"], "there is no file"),
        (["--frames", tmp_path / "empty"], "there are no pictures"),
        (["--qualification", tmp_path / "empty"], "there is no qualification.json"),
        (["--admit", "runtime"], "it is no PART=RULE"),
        (["--admit", "colour=red"], "a device has architecture, compiler"),
        (["--admit", "runtime=x >=one"], "its range can't be read"),
        (["--device", "npu7"], "no device 'npu7'"),
        (["--precision", "int8"], "has no int8 artefact"),
        (["--elsewhere", "npu", "--admit", "runtime=*"], "architecture"),
        (["--name", "../x"], "can't be in a bundle"),
    ):
        line = make(capsys, *usual, *words, status=1)
        assert why in line, line
        assert len(line.splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "patch.toml", "tiny.onnx", "tiny.toml"]
