from pathlib import Path

import pytest

from replay.datasets.recognise import LayoutAmbiguous, LayoutUnknown, recognise
from replay.recording import DatasetWrong, RecordingUnnamed, only_recording, open_dataset
from sensors import plugins
from tests.layouts import mot, mot15, text
from tests.makers import MAKERS


@pytest.mark.parametrize("kind", plugins.names("datasets"))
def test_every_layout_is_told_from_all_others(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path / "root")
    assert recognise(made.root) == kind
    assert only_recording(kind, made.root) == made.name


@pytest.mark.parametrize("kind", ["kitti-object", "kitti-tracking", "rope3d"])
def test_a_root_without_its_upper_level_is_read_as_the_whole_one(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path / "root")
    before = open_dataset(kind, made.root).open(made.name)
    pooled = tmp_path / "pooled"
    (made.root / "training").rename(pooled)
    for folder in made.root.glob("training-*"):
        folder.rename(pooled / folder.name.removeprefix("training-"))
    for root in (pooled, next(pooled.glob("image*"))):
        assert recognise(root) == kind
        name = only_recording(kind, root)
        assert name == ("all" if made.name == "training" else made.name)
        recording = open_dataset(kind, root).open(name)
        assert list(recording.numbers) == list(before.numbers)
        for number in before.numbers:
            one, other = before.truth(number), recording.truth(number)
            assert one is not None
            assert other is not None
            assert one.boxes.tolist() == other.boxes.tolist()


def test_what_is_of_no_layout_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    with pytest.raises(LayoutUnknown, match="it holds holiday") as raised:
        recognise(tmp_path)
    for kind in plugins.names("datasets"):
        assert f"{kind}: " in raised.value.hint


def test_a_folder_above_is_told_where_the_layout_is(tmp_path: Path) -> None:
    mot15(tmp_path / "MOT15")
    with pytest.raises(LayoutUnknown) as raised:
        recognise(tmp_path)
    assert raised.value.hint == f"name that one: {tmp_path}/MOT15 is a mot folder"
    with pytest.raises(LayoutUnknown, match="there is no folder"):
        recognise(tmp_path / "nowhere")


def test_a_folder_of_two_layouts_is_asked_about(tmp_path: Path) -> None:
    mot15(tmp_path)
    text(tmp_path / "annotations" / "instances_val.json", "{}")
    with pytest.raises(LayoutAmbiguous, match="coco, mot") as raised:
        recognise(tmp_path)
    assert "--dataset" in raised.value.hint


def test_where_there_are_several_recordings_they_are_listed_and_not_all(tmp_path: Path) -> None:
    for number in range(1, 13):
        mot(tmp_path, f"S{number}", "")
    with pytest.raises(RecordingUnnamed, match="holds 12 mot recordings") as raised:
        only_recording("mot", tmp_path)
    assert raised.value.hint == "--name takes one: S1, S2, S3, S4, S5, S6, S7, S8 and 4 more"


def test_a_broken_file_of_a_known_layout_is_that_layout(tmp_path: Path) -> None:
    text(tmp_path / "annotations" / "instances_val.json", "{")
    assert recognise(tmp_path / "annotations" / "instances_val.json") == "coco"
    with pytest.raises(DatasetWrong):
        recognise(tmp_path / "annotations" / "none.json")
