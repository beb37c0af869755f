"""Names of files and folders that are no UTF-8, as an archive from another country leaves them: everything works, and
what is printed or written shows the bytes.
"""

import json
import os
from pathlib import Path

import pytest

from fleet.ledger.store import Store
from gilmok import main
from models.plain_path import plain_name, plain_path
from replay.recording import open_recorded
from sensors.terminal.foreign_text import path_of, without_surrogates
from tests.tiny import write_model, write_recording

ODD = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\xe9"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ODD
    made.mkdir()
    # Neither OpenCV nor onnx can write there.
    (write_recording(tmp_path / "mot") / "train" / "WALK").rename(tmp_path / "mot" / "train" / ODD)
    (tmp_path / "mot").rename(made / "mot")
    model = write_model(tmp_path)
    for path in (model, model.with_suffix(".toml")):
        path.rename(made / f"{ODD}{path.suffix}")
    return made


def test_recordings_are_listed_and_run_and_their_run_is_read_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--dataset", "mot", "--root", str(folder / "mot")]
    assert main(["replay", "list", *data, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["root"] == str(folder.parent / SHOWN / "mot")
    assert [one["name"] for one in told["recordings"]] == [SHOWN]
    run = str(folder / f"run {ODD}")
    asked = ["--name", ODD, "--model", str(folder / f"{ODD}.onnx"), "--out", run, "--no-report", "--json"]
    assert main(["replay", "run", *data, *asked]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["run"] == f"run {SHOWN}"
    assert summary["streams"][0]["accuracy"]["coco"]["AP50"] == 1
    assert main(["replay", "whatif", run]) == 0
    assert main(["replay", "list", *data]) == 0
    assert SHOWN in capsys.readouterr().out


def test_a_model_is_shown_where_it_lies_and_taken_in_under_a_plain_name(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GILMOK_HOME", str(folder / "home"))
    model = str(folder / f"{ODD}.onnx")
    assert main(["model", "show", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(folder.parent / SHOWN / f"{SHOWN}.onnx")
    assert main(["model", "add", "mine", model, "--manifest", str(folder / f"{ODD}.toml")]) == 0
    assert [path.name for path in (folder / "home/models/mine").glob("*.onnx")] == ["caf_.onnx"]


def test_one_frame_is_seen(folder: Path) -> None:
    out = folder / f"{ODD}.png"
    pictures = folder / "mot" / "train" / ODD / "img1"
    assert main(["camera", "view", str(pictures), "--model", str(folder / f"{ODD}.onnx"), "--out", str(out)]) == 0
    assert out.stat().st_size > 0


@pytest.mark.parametrize("name", [ODD, "a?b#c%41 d", "차량"])
def test_a_store_is_where_it_was_asked_for(tmp_path: Path, name: str) -> None:
    Store(tmp_path / f"{name}.sqlite", write=True).close()
    assert (tmp_path / f"{name}.sqlite").is_file()


def test_a_path_of_a_file_of_ours_is_found_again(tmp_path: Path) -> None:
    there = tmp_path / ODD
    text = without_surrogates(str(there))
    assert path_of(text + "/new") == Path(text + "/new")
    there.mkdir()
    assert path_of(text) == there
    assert path_of(text + "/new") == there / "new"
    Path(text).mkdir()
    assert path_of(text) == Path(text)


def test_a_recording_is_found_by_the_name_that_a_message_shows(folder: Path) -> None:
    assert open_recorded("mot", folder / "mot", SHOWN).name == ODD


def test_a_link_that_any_sdk_can_read_leads_to_the_file_and_to_what_lies_beside_it(tmp_path: Path) -> None:
    beside = tmp_path / ODD
    beside.mkdir()
    (beside / "net.onnx").write_bytes(b"net")
    (beside / "net.data").write_bytes(b"weights")
    (beside / f"{ODD}.onnx").write_bytes(b"odd")
    link = plain_path(beside / "net.onnx")
    assert os.fspath(link).isprintable()
    assert (link.read_bytes(), link.with_name("net.data").read_bytes()) == (b"net", b"weights")
    assert plain_path(beside / f"{ODD}.onnx").read_bytes() == b"odd"
    assert plain_name(beside / f"{ODD}.onnx") == "caf_.onnx"
    assert plain_path(tmp_path) is tmp_path
