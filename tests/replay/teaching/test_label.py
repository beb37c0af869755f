"""`gilmok replay label`: proposals with their provenance, which is told wherever a score over them is."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mcap", reason="needs mcap: pip install 'gilmok[record]'")

import gilmok
from replay.datasets.proposals import MARK
from replay.recording import open_dataset
from tests.tiny import BOX, write_model, write_recording


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 12 frames, a teacher that finds its person, and what that one proposed."""
    made = tmp_path_factory.mktemp("label")
    write_recording(made / "mot")
    write_model(made)
    assert label(made, "proposed", "--least-score", "0.05") == 0
    return made


def label(folder: Path, out: str, *more: str) -> int:
    where = ["--root", str(folder / "mot"), "--name", "WALK", "--teacher", str(folder / "tiny.onnx")]
    return gilmok.main(["replay", "label", *where, "--out", str(folder / out), *more])


def test_a_teachers_findings_are_the_truth_and_the_pictures_are_the_same(folder: Path) -> None:
    before, after = (
        open_dataset("mot", folder / "mot").open("WALK"),
        open_dataset("mcap", folder / "proposed").open("WALK"),
    )
    assert list(after.numbers) == list(before.numbers)
    assert after.labels == ("person",)
    left, top, width, height = BOX
    for number in before.numbers:
        np.testing.assert_array_equal(after.picture(number), before.picture(number))
        truth = after.truth(number)
        assert truth is not None
        np.testing.assert_allclose(truth.boxes, [[left, top, left + width, top + height]], atol=0.01)
    sha256 = hashlib.sha256((folder / "tiny.onnx").read_bytes()).hexdigest()
    assert after.note.startswith(MARK)
    for fact in (sha256, "tiny", "score 0.05", "onnxruntime:cpu", "gilmok 0."):
        assert fact in after.note


def test_a_score_over_proposals_says_so_in_the_table_the_summary_and_the_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "run"
    words = ["--root", str(folder / "proposed"), "--model", str(folder / "tiny.onnx"), "--out", str(out)]
    assert gilmok.main(["replay", "run", *words]) == 0
    assert MARK in capsys.readouterr().out
    (stream,) = json.loads((out / "summary.json").read_text())["streams"]
    assert stream["accuracy"]["coco"]["AP"] == 1.0
    assert stream["accuracy"]["note"].startswith(MARK)
    assert MARK in (out / "report.html").read_text().replace("&#39;", "'").replace("&#x27;", "'")


def test_the_mark_is_not_lost_on_the_way_out_without_a_word(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["replay", "convert", "--root", str(folder / "proposed"), "--to", "coco", "--out", str(folder / "coco")]
    assert gilmok.main(words) == 1
    assert MARK in capsys.readouterr().out
    assert not (folder / "coco").exists()
    assert gilmok.main([*words, "--yes"]) == 0
    assert gilmok.main([*words[:4], "--to", "mcap", "--out", str(folder / "again")]) == 0
    assert open_dataset("mcap", folder / "again").open("WALK").note.startswith(MARK)


def test_where_the_teacher_sees_nothing_the_frames_are_empty_and_where_it_cant_look_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label(folder, "sure", "--least-score", "1") == 0
    sure = open_dataset("mcap", folder / "sure").open("WALK")
    assert [len(truth) for number in sure.numbers if (truth := sure.truth(number)) is not None] == [0] * 12
    assert label(folder, "proposed") == 1
    assert label(folder, "other", "--backend", "nothing") == 1
    assert not (folder / "other").exists()
    for picture in (folder / "mot").rglob("*.jpg"):
        picture.write_bytes(b"no picture")
    capsys.readouterr()
    assert label(folder, "blind") == 1
    assert "the teacher answered for no frame of WALK" in capsys.readouterr().err
    assert not (folder / "blind").exists()
