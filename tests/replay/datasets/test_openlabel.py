import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.openlabel import OpenLabel
from replay.truth import Role
from tests.layouts import clip, picture, text, told
from tests.roadside_layouts import OPENLABEL, openlabel


def content() -> dict[str, Any]:
    return copy.deepcopy(OPENLABEL)


def written(root: Path, tree: dict[str, Any], name: str = "drive") -> OpenLabel:
    text(root / f"{name}.json", json.dumps({"openlabel": tree}))
    return OpenLabel(root)


def test_boxes_are_centres_and_sizes_with_types_tracks_levels_and_times(tmp_path: Path) -> None:
    made = openlabel(tmp_path)
    recording = OpenLabel(made.root).open("drive")
    truth = recording.truth(0)
    assert truth is not None
    assert truth.boxes.tolist() == [[20, 10, 30, 30], [40, 8, 50, 38]]
    assert [recording.labels[label] for label in truth.labels] == ["car", "pedestrian"]
    assert truth.tracks.tolist() == [1, 2]
    assert (truth.truncated[0], truth.occluded[0]) == (0.25, 1)
    assert recording.fps == pytest.approx(10, rel=1e-5)
    assert told(recording) == []


def test_an_id_below_zero_is_no_track_and_whole_ids_stay(tmp_path: Path) -> None:
    openlabel(tmp_path)
    tree = content()
    frame = tree["frames"]["0"]["objects"]
    frame["-5"] = frame.pop("791ba1b2-811e-4d92-bee2-ce047f097415") | {"type": "pedestrian"}
    truth = written(tmp_path, tree).open("drive").truth(0)
    assert truth is not None
    assert truth.tracks.tolist() == [7, -1]


def test_what_stands_still_is_in_each_frame_of_its_intervals(tmp_path: Path) -> None:
    openlabel(tmp_path)
    tree = content()
    tree["objects"]["9"] = {
        "type": "bollard",
        "frame_intervals": [{"frame_start": 1, "frame_end": 2}],
        "object_data": {"bbox": [{"name": "shape", "val": [5, 5, 4, 4]}]},
    }
    recording = written(tmp_path, tree).open("drive")
    counts = [len(truth) for number in recording.numbers if (truth := recording.truth(number)) is not None]
    assert counts == [2, 2, 1]


def test_a_file_without_frames_is_of_one_picture(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "one" / "7.jpg")
    box = {"bbox": [{"name": "shape", "val": [25, 20, 10, 20]}]}
    tree = {"metadata": {"schema_version": "1.0.0"}, "objects": {"0": {"type": "Car", "object_data": box}}}
    recording = written(tmp_path, tree, "one").open("one")
    truth = recording.truth(recording.numbers[0])
    assert truth is not None
    assert truth.boxes.tolist() == [[20, 10, 30, 30]]


def test_the_pictures_may_be_a_video_that_the_camera_names_or_that_lies_beside(tmp_path: Path) -> None:
    tree = content()
    for frame in tree["frames"].values():
        del frame["frame_properties"]
    data = written(tmp_path, tree)
    clip(tmp_path / "drive.mp4")
    recording = data.open("drive")
    truth = recording.truth(0)
    assert truth is not None
    assert (recording.numbers, len(truth), told(recording)) == ((0, 1, 2), 2, [])
    (tmp_path / "drive.mp4").rename(tmp_path / "other.mp4")
    tree["streams"]["cam"]["uri"] = "other.mp4"
    assert written(tmp_path, tree).open("drive").numbers == (0, 1, 2)


def test_several_cameras_are_several_recordings(tmp_path: Path) -> None:
    openlabel(tmp_path)
    tree = content()
    tree["streams"]["rear"] = {"type": "camera", "uri": "rear"}
    for number in (0, 1, 2):
        picture(tmp_path / "rear" / f"{number}.png")
    objects = tree["frames"]["0"]["objects"]
    objects["7"]["object_data"]["bbox"].append({"name": "rear__bbox__car", "val": [5, 5, 4, 4]})
    data = written(tmp_path, tree)
    assert list(data.recordings()) == ["drive/cam", "drive/rear"]
    rear = data.open("drive/rear").truth(0)
    assert rear is not None
    assert rear.boxes.tolist() == [[3, 3, 7, 7]]
    assert any("of no camera by name" in sentence for sentence in told(data.open("drive/cam")))


@pytest.mark.parametrize(
    ("about", "kind", "role", "label"),
    [
        ({"boolean": [{"name": "ignore", "val": True}]}, "car", Role.REGION, 0),
        ({}, "ignored_region", Role.REGION, -1),
        ({"text": [{"name": "role", "val": "neighbour"}]}, "car", Role.NEIGHBOUR, 0),
        ({"boolean": [{"name": "ignore", "val": False}]}, "car", Role.POSITIVE, 0),
    ],
)
def test_what_need_not_be_found_is_told_by_type_or_attribute(
    tmp_path: Path, about: dict[str, Any], kind: str, role: Role, label: int
) -> None:
    openlabel(tmp_path)
    tree = content()
    box = {"bbox": [{"name": "shape", "val": [25, 20, 10, 20], "attributes": about}]}
    tree["frames"]["0"]["objects"] = {"1": {"type": kind, "object_data": box}}
    tree["frames"]["1"]["objects"] = {}
    truth = written(tmp_path, tree).open("drive").truth(0)
    assert truth is not None
    assert (truth.roles.tolist(), truth.labels.tolist()) == ([role], [label])


@pytest.mark.parametrize(
    ("box", "what"),
    [
        ([1, 2, 3], "object 7 in frame 1: its bbox has 3 values"),
        ([1, 2, -3, 4], "object 7 in frame 1: the box has a negative size: -3x4"),
        ([1, 2, "x", 4], "object 7 in frame 1: 'x' is no number"),
        ([1, 2, None, 4], "object 7 in frame 1: a value of its bbox is not finite"),
    ],
)
def test_a_wrong_box_is_refused_and_named(tmp_path: Path, box: list[Any], what: str) -> None:
    openlabel(tmp_path)
    tree = content()
    tree["frames"]["1"]["objects"]["7"]["object_data"]["bbox"][0]["val"] = box
    with pytest.raises(LabelsWrong, match=what):
        written(tmp_path, tree).open("drive")


def test_pictures_that_count_otherwise_are_taken_by_place_and_outlines_told(tmp_path: Path) -> None:
    tree = content()
    for frame in tree["frames"].values():
        del frame["frame_properties"]
    tree["frames"]["2"]["objects"] = {"8": {"type": "car", "object_data": {"poly2d": [{"name": "p", "val": [1, 2]}]}}}
    for number in (101, 102, 103):
        picture(tmp_path / "images" / f"{number}.jpg")
    recording = written(tmp_path, tree).open("drive")
    assert recording.numbers == (0, 1, 2)
    assert told(recording) == [
        "1 outline without a bbox: not read",
        "the frames' numbers are not the pictures': frame 0 is the first picture, 101.jpg",
    ]


def test_numbers_of_four_hundred_digits_are_no_numbers(tmp_path: Path) -> None:
    made = openlabel(tmp_path)
    said, digits = made.labels.read_text(), f"1{'0' * 400}"
    text(made.labels, said.replace('"val": 0.25', f'"val": {digits}').replace('"1631702348.0"', digits))
    recording = OpenLabel(made.root).open("drive")
    truth = recording.truth(0)
    assert truth is not None
    assert truth.truncated is not None
    assert np.isnan(truth.truncated[0])
    assert recording.fps == pytest.approx(10, rel=1e-4)
    text(made.labels, said.replace("[25, ", f"[{digits}, "))
    with pytest.raises(LabelsWrong, match="a value of its bbox is not finite"):
        OpenLabel(made.root).open("drive")
