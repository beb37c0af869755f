import json
from pathlib import Path

import pytest

from replay.datasets.bdd100k import Bdd100k
from replay.datasets.labels import LabelsWrong
from replay.recording import unsound
from replay.truth import Role
from tests.layouts import picture, text, told
from tests.layouts_labelling import bdd100k, bdd100k_label

DRIVE = "b1c66a42-6f7d68ca"


def test_a_drive_has_tracks_and_says_what_is_hidden(tmp_path: Path) -> None:
    recording = Bdd100k(bdd100k(tmp_path).root).open(DRIVE)
    truth = recording.truth(1)
    assert truth is not None
    assert (recording.fps, recording.labels) == (5, ("car", "pedestrian"))
    assert truth.tracks.tolist() == [4, 7]
    assert (truth.occluded.tolist(), truth.truncated.tolist()) == ([1, 0], [0, 1])


def test_stills_have_crowds_and_things_that_the_makers_leave_out(tmp_path: Path) -> None:
    for name in ("b", "a"):
        picture(tmp_path / "images" / "100k" / "val" / f"{name}.jpg")
    labels = [
        bdd100k_label("car", "7", 20, 10, 30, 30),
        bdd100k_label("other vehicle", "8", 2, 2, 9, 9),
        bdd100k_label("car", "9", 30, 10, 60, 40, crowd=True),
        {"id": "10", "category": "lane", "poly2d": []},
    ]
    frames = [{"name": "b.jpg", "labels": labels}, {"name": "a.jpg", "labels": None}]
    text(tmp_path / "labels" / "det_20" / "det_val.json", json.dumps({"config": {}, "frames": frames}))
    recording = Bdd100k(tmp_path).open("val")
    truth = recording.truth(2)
    assert truth is not None
    assert truth.roles.tolist() == [Role.POSITIVE, Role.REGION, Role.REGION]
    assert recording.groups["car"].truth == ("car", "other vehicle")
    assert list(recording.groups) == ["car"]
    assert recording.fps != recording.fps
    assert told(recording) == []


def test_labels_without_a_picture_are_not_sound_and_pictures_without_labels_are_nobodys(tmp_path: Path) -> None:
    made = bdd100k(tmp_path)
    made.pictures[1].rename(made.pictures[1].with_name(f"{DRIVE}-0000004.jpg"))
    recording = Bdd100k(made.root).open(DRIVE)
    assert unsound(recording) == (f"1 labelled frame without a picture: {DRIVE}-0000001.jpg first",)
    assert recording.truth(4) is None


def test_the_labels_of_2018_may_be_a_file_for_each_picture(tmp_path: Path) -> None:
    for name in ("b1c66a42-6f7d68ca", "b1c66a42-7a8b"):
        picture(tmp_path / "images" / "100k" / "val" / f"{name}.jpg")
    lane = {"category": "lane/road curb", "id": 1, "poly2d": [[1, 2, "L"]]}
    objects = [bdd100k_label("car", "7", 20, 10, 30, 30, occluded=True), lane]
    said = {"name": "b1c66a42-6f7d68ca", "frames": [{"timestamp": 10000, "objects": objects}], "attributes": {}}
    text(tmp_path / "labels" / "100k" / "val" / "b1c66a42-6f7d68ca.json", json.dumps(said))
    recording = Bdd100k(tmp_path).open("val")
    first, second = (recording.truth(number) for number in recording.numbers)
    assert first is not None
    assert (first.boxes.tolist(), first.occluded.tolist()) == ([[20, 10, 30, 30]], [1])
    assert second is None
    text(tmp_path / "labels" / "100k" / "val" / "b1c66a42-7a8b.json", '{"name": "x"}')
    with pytest.raises(LabelsWrong, match=r"b1c66a42-7a8b\.json: is not BDD100K's labels"):
        Bdd100k(tmp_path).open("val")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('[{"name": "a.jpg"}, {"name": "a.jpg"}]', "frame a.jpg: stands there twice"),
        ('[{"name": "%s-0000001.jpg", "labels": [{"category": "car", "box2d": {"x1": 9, "y1": 1, "x2": 2, "y2": 3}}]}]',
         "frame b1c66a42-6f7d68ca-0000001.jpg: the box has a negative size: -7x2"),
        ('[{"labels": []}]', "missing required field 'name'"),
        ('[{"name": "a.jpg"}', "ends in the middle"),
        ("[]", "lists no picture, and there are some"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused_with_its_frame(tmp_path: Path, content: str, what: str) -> None:
    made = bdd100k(tmp_path)
    text(made.labels, content.replace("%s", DRIVE))
    with pytest.raises(LabelsWrong, match=DRIVE) as raised:
        Bdd100k(made.root).open(DRIVE)
    assert what in raised.value.sentence
