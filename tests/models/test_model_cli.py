import json
from pathlib import Path

import pytest
import tomli_w

from gilmok import main
from tests.models.test_catalogue import MINIMAL
from tests.tiny_models import sums


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def mine(tmp_path: Path) -> list[str]:
    """The arguments that add a model of one's own."""
    manifest = tmp_path / "mine.toml"
    manifest.write_text(tomli_w.dumps(MINIMAL), encoding="utf-8")
    return ["model", "add", "my-net", str(sums(tmp_path / "mine.onnx")), "--manifest", str(manifest)]


def test_list_tells_which_files_are_here(mine: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(mine) == 0
    capsys.readouterr()
    assert main(["model", "list", "--json"]) == 0
    models = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert Path(models["my-net"]["path"]).is_file()
    assert models["yolox-nano"]["path"] is None
    assert main(["model", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:3] == ["my-net", "yes", "4x4"] for line in lines)
    assert any(line.split()[:3] == ["yolox-nano", "no", "416x416"] for line in lines)


def test_show_tells_the_whole_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "show", "picodet-s-416", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["input"]["colour"] == "RGB"
    assert shown["origin"]["licence"] == "Apache-2.0"
    assert main(["model", "show", "picodet-s-416"]) == 0
    assert "suppression.iou" in capsys.readouterr().out


def test_add_and_verify_say_what_they_found(mine: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*mine, "--json"]) == 0
    path = Path(json.loads(capsys.readouterr().out)["path"])
    assert path == home / "models/my-net/mine.onnx"
    assert main(["model", "verify"]) == 0
    assert capsys.readouterr().out == "gilmok-mini-int8: right\ngilmok-mini: right\nmy-net: right\n"
    path.write_bytes(b"no model any more")
    assert main(["model", "verify", "my-net", "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert "found 17 bytes" in verdict["wrong"]


def test_what_is_wrong_goes_to_stderr_in_one_sentence_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "add", "yolox-nano", "/no/such/file"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-2:] == [
        "gilmok: can't fetch /no/such/file: No such file or directory",
        "  check the path or URL; nothing was stored",
    ]


def test_a_missing_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["model", "add", "yolox-nano"])
    assert stop.value.code == 2
    assert "FILE_OR_URL" in capsys.readouterr().err


def test_what_can_be_no_model_is_refused_by_the_name_that_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.onnx").write_bytes(b"\0garbage" * 9)
    for name, source, said in (
        ("a" * 101, "x.onnx", "use up to 100 letters"),
        ("mine", "/dev/zero", "it is no file"),
        ("mine", str(tmp_path / "cut.onnx"), f"gilmok: {tmp_path}/cut.onnx is no whole ONNX model"),
    ):
        assert main(["model", "add", name, source]) == 1
        assert said in capsys.readouterr().err
