import json
from pathlib import Path

import pytest

from gilmok import main
from tests.layouts import kitti_object, kitti_tracking, mot, text


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    status = main(["replay", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_list_tells_what_is_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = kitti_tracking(tmp_path)
    status, out, _ = run(capsys, "list", "--dataset", "kitti-tracking", "--root", made.root, "--json")
    assert status == 0
    assert json.loads(out)["recordings"] == [
        {
            "name": "0003",
            "frames": 3,
            "first": 7,
            "fps": 10,
            "labelled": 3,
            "boxes": 3,
            "tracks": 2,
            "scored_for": ["vehicle", "person"],
            "note": "",
        }
    ]
    status, out, _ = run(capsys, "list", "--dataset", "kitti-tracking", "--root", made.root)
    assert status == 0
    title, *_, row = out.strip().splitlines()
    assert title == f"kitti-tracking recordings in {made.root}"
    assert row.split() == ["0003", "3", "7", "10", "3", "3", "2", "vehicle,", "person"]


def test_list_goes_on_past_a_recording_that_can_not_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mot(tmp_path, "A", "")
    mot(tmp_path, "B", "garbage\n")
    status, out, _ = run(capsys, "list", "--dataset", "mot", "--root", tmp_path, "--json")
    good, bad = json.loads(out)["recordings"]
    assert (status, good["frames"], bad["name"]) == (1, 3, "B")
    assert "gt.txt, line 1: has 1 columns" in bad["error"]
    _, out, _ = run(capsys, "list", "--dataset", "mot", "--root", tmp_path)
    assert "gt.txt, line 1: has 1 columns" in out


def test_check_is_content_with_a_sound_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = kitti_object(tmp_path)
    status, out, _ = run(capsys, "check", "--dataset", "kitti-object", "--root", made.root)
    assert (status, out) == (0, "training: sound\n")


def test_check_says_a_sentence_for_each_thing_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mot(tmp_path, "A", "9,1,20,10,10,20,1,1,1\n")
    text(tmp_path / "train" / "B" / "seqinfo.ini", "")
    status, out, _ = run(capsys, "check", "--dataset", "mot", "--root", tmp_path)
    assert status == 1
    assert out.splitlines() == [
        "A: not sound",
        "  1 labelled frame (1 box) without a picture: frame 9",
        "B: not sound",
        f"  {tmp_path}/train/B/seqinfo.ini: there is no 'Sequence'",
    ]
    status, out, _ = run(capsys, "check", "--dataset", "mot", "--root", tmp_path, "--name", "A", "--json")
    assert status == 1
    assert json.loads(out)["recordings"] == [
        {
            "name": "A",
            "sound": False,
            "complaints": ["1 labelled frame (1 box) without a picture: frame 9"],
            "remarks": [],
        }
    ]


@pytest.mark.parametrize("verb", ["list", "check"])
@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["--dataset", "kitti-object", "--root", "ROOT/nowhere"], "there is no folder", "name the folder that holds"),
        (["--dataset", "mot", "--root", "ROOT"], "is no mot folder: it holds training", "train/*/seqinfo.ini"),
        (["--dataset", "kity", "--root", "ROOT"], "there is no dataset named 'kity'", "known datasets: "),
    ],
)
def test_a_wrong_question_gets_one_clear_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, arguments: list[str], what: str, hint: str
) -> None:
    kitti_object(tmp_path)
    status, out, err = run(capsys, verb, *(part.replace("ROOT", str(tmp_path)) for part in arguments))
    first, second = err.splitlines()
    assert (status, out) == (1, "")
    assert first.startswith("gilmok: ")
    assert what in first
    assert hint in second


def test_check_of_a_recording_that_is_not_there_names_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = kitti_object(tmp_path)
    status, _, err = run(capsys, "check", "--dataset", "kitti-object", "--root", made.root, "--name", "0052")
    assert status == 1
    assert err.splitlines()[1] == "  it holds: training"


def test_layout_and_name_may_be_left_out_where_they_go_without_saying(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mot(tmp_path, "A", "1,1,20,10,10,20,1,1,1\n")
    assert run(capsys, "check", "--root", tmp_path)[:2] == (0, "A: sound\n")
    assert "mot recordings in" in run(capsys, "list", "--root", tmp_path)[1]
    mot(tmp_path, "B", "")
    status, _, err = run(capsys, "run", "--root", tmp_path, "--model", "yolox-nano", "--out", tmp_path / "out")
    assert (status, err.splitlines()[1]) == (1, "  --name takes one: A, B")
