import math
from pathlib import Path

import numpy as np
import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.mot import MotChallenge, SequenceWrong
from replay.recording import remarks, unsound
from replay.truth import Role
from tests.layouts import MOT15_GT, mot, mot15, text, told


def test_in_mot15_everyone_with_a_flag_is_a_pedestrian(tmp_path: Path) -> None:
    made = mot15(tmp_path)
    recording = MotChallenge(made.root).open(made.name)
    first, second = recording.truth(1), recording.truth(2)
    assert first is not None
    assert second is not None
    assert first.boxes.tolist() == [[20, 10, 30, 30], [40, 8, 52.5, 38]]
    assert first.tracks.tolist() == [9, 15]
    assert [recording.labels[label] for label in first.labels] == ["pedestrian", "pedestrian"]
    assert second.pick(second.of_role(Role.POSITIVE)).tracks.tolist() == [9]
    assert second.pick(second.of_role(Role.INVISIBLE)).tracks.tolist() == [15]
    assert math.isnan(first.occluded[0])


MOT17_GT = """1,1,20,10,10,20,1,1,0.75
1,2,40,8,12,30,0,1,1
1,3,2,2,8,8,0,8,1
1,4,2,20,8,8,0,3,1
1,5,2,30,8,8,0,6,1
"""


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (
            "MOT17-02-FRCNN",
            {1: Role.POSITIVE, 2: Role.INVISIBLE, 3: Role.NEIGHBOUR, 4: Role.INVISIBLE, 5: Role.INVISIBLE},
        ),
        ("MOT20-01", {1: Role.POSITIVE, 2: Role.INVISIBLE, 3: Role.NEIGHBOUR, 4: Role.INVISIBLE, 5: Role.NEIGHBOUR}),
    ],
)
def test_since_mot16_look_alikes_are_neighbours_and_unflagged_rows_are_not_seen(
    tmp_path: Path, name: str, kept: dict[int, Role]
) -> None:
    made = mot(tmp_path, name, MOT17_GT)
    truth = MotChallenge(made.root).open(made.name).truth(1)
    assert truth is not None
    assert dict(zip(truth.tracks.tolist(), truth.roles.tolist(), strict=True)) == kept
    np.testing.assert_allclose(truth.occluded[0], 0.25)


def test_the_rate_and_the_folder_come_from_seqinfo(tmp_path: Path) -> None:
    made = mot15(tmp_path)
    folder = tmp_path / "train" / made.name
    (folder / "img1").rename(folder / "frames")
    text(folder / "seqinfo.ini", (folder / "seqinfo.ini").read_text().replace("img1", "frames").replace("=7", "=12.5"))
    recording = MotChallenge(made.root).open(made.name)
    assert (recording.fps, recording.numbers) == (12.5, (1, 2, 3))


def test_a_sequence_of_the_test_half_has_no_truth(tmp_path: Path) -> None:
    made = mot15(tmp_path)
    made.labels.unlink()
    (tmp_path / "train").rename(tmp_path / "test")
    assert MotChallenge(made.root).open(made.name).truth(1) is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("1,9,20,ten,10,20,1,-1,-1,-1", "line 2: could not convert string to float: 'ten'"),
        ("1,9,20,10,10,20,1,-1,-1", "line 2: has 9 columns, the first line has 10"),
        ("1,9,20,nan,10,20,1,-1,-1,-1", "line 2: '20 nan 10 20 1 -1 -1 -1' has a value that is not finite"),
        ("1.5,9,20,10,10,20,1,-1,-1,-1", "line 2: 1.5 is not a whole number"),
        ("1,1e300,20,10,10,20,1,-1,-1,-1", "line 2: 1e+300 is not a whole number"),
        ("garbage", "line 2: has 1 columns, the first line has 10"),
    ],
)
def test_a_garbage_line_is_refused_and_named(tmp_path: Path, line: str, what: str) -> None:
    made = mot15(tmp_path)
    first, *_ = MOT15_GT.splitlines()
    text(made.labels, f"{first}\n{line}\n")
    with pytest.raises(LabelsWrong) as raised:
        MotChallenge(made.root).open(made.name)
    assert raised.value.sentence == f"{made.labels}, {what}"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"1,2,3\n", "line 1: has 3 columns; gt.txt has 10 in MOT15, later 9"),
        (b"\n1,1,20,10,10,20,1,0,1\n", "line 2: there is no class 0"),
        (b"\xff\xfe\x00", "is not text"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    made = mot15(tmp_path)
    made.labels.write_bytes(content)
    with pytest.raises(LabelsWrong, match=what):
        MotChallenge(made.root).open(made.name)


def test_an_empty_gt_says_that_nobody_was_there(tmp_path: Path) -> None:
    made = mot(tmp_path, "TINY", "")
    truth = MotChallenge(made.root).open(made.name).truth(1)
    assert truth is not None
    assert len(truth) == 0


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[Sequence]\nname=x\n", "there is no 'frameRate'"),
        ("frameRate=7\n", "File contains no section headers"),
        (
            "[Sequence]\nframeRate=fast\nseqLength=3\nimWidth=64\nimHeight=48\n",
            "could not convert string to float: 'fast'",
        ),
    ],
)
def test_a_sequence_without_a_proper_seqinfo_is_refused(tmp_path: Path, content: str, what: str) -> None:
    made = mot15(tmp_path)
    path = tmp_path / "train" / made.name / "seqinfo.ini"
    text(path, content)
    with pytest.raises(SequenceWrong) as raised:
        MotChallenge(made.root).open(made.name)
    assert str(path) in raised.value.sentence
    assert what in raised.value.sentence


@pytest.mark.parametrize("place", ["train/{}", "{}", ""])
def test_a_sequence_that_a_tool_exported_has_no_seqinfo_and_may_be_the_root(tmp_path: Path, place: str) -> None:
    made = mot15(tmp_path / "made")
    folder = tmp_path / "root" / place.format(made.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    (made.root / "train" / made.name).rename(folder)
    (folder / "seqinfo.ini").unlink()
    (name,) = MotChallenge(tmp_path / "root").recordings()
    recording = MotChallenge(tmp_path / "root").open(name)
    assert recording.numbers == tuple(made.pictures)
    assert math.isnan(recording.fps)
    assert "nobody states the frame rate" in remarks(recording)[0]
    assert unsound(recording) == ()


def test_pictures_that_seqinfo_promises_otherwise_are_complained_of(tmp_path: Path) -> None:
    made = mot15(tmp_path)
    path = tmp_path / "train" / made.name / "seqinfo.ini"
    text(path, path.read_text().replace("seqLength=3", "seqLength=4").replace("imWidth=64", "imWidth=1920"))
    assert told(MotChallenge(made.root).open(made.name)) == [
        "seqinfo.ini promises 4 pictures, the folder img1 holds 3",
        "3 pictures of another size than the data set states: frame 1 is 64x48, not 1920x48 (frames 1, 2, 3)",
    ]
