"""What VisDrone, DAIR-V2X-I, Rope3D and TUMTraf have of their own, beside the contract of all."""

import json
import math
import shutil
from pathlib import Path

import pytest

from replay.datasets.dair_v2x import DairV2xI
from replay.datasets.kitti import KittiObject
from replay.datasets.labels import LabelsWrong
from replay.datasets.layout import LayoutAbsent
from replay.datasets.rope3d import Rope3D
from replay.datasets.tumtraf import TumTraf
from replay.datasets.visdrone import VisDrone
from replay.truth import Role
from tests.layouts import picture, text, told
from tests.roadside_layouts import dair, dair_v2x_i, rope3d, tumtraf, visdrone, visdrone_sequence


def test_visdrones_score_says_what_must_be_found_and_category_0_is_a_region(tmp_path: Path) -> None:
    made = visdrone(tmp_path)
    text(made.labels, "20,10,10,20,1,4,0,1\n40,8,10,30,0,1,1,2,\n0,0,8,8,0,0,0,0\n2,2,4,4,0,11,-1,-1\n")
    recording = VisDrone(made.root).open(made.name)
    truth = recording.truth(1)
    assert truth is not None
    assert truth.roles.tolist() == [Role.POSITIVE, Role.REGION, Role.REGION, Role.REGION]
    assert [recording.labels[label] if label >= 0 else "" for label in truth.labels] == [
        "car",
        "pedestrian",
        "",
        "others",
    ]
    assert (truth.truncated[1], truth.occluded[1]) == (1, 2)
    assert math.isnan(truth.occluded[3])
    assert told(recording) == [
        "a separator at the line's end is left out (0000001_02999_d_0000005.txt, line 2)",
        "2 boxes with a score of 0: found or not, they count for nothing",
    ]


def test_visdrones_pictures_keep_their_numbers_when_one_goes_away(tmp_path: Path) -> None:
    made = visdrone(tmp_path)
    made.pictures[1].unlink()
    recording = VisDrone(made.root).open(made.name)
    assert recording.numbers == (2, 3)
    assert told(recording) == ["1 labelled frame (3 boxes) without a picture: frame 1"]


def test_visdrones_sequences_have_tracks_and_those_of_vid_and_mot_are_told_apart(tmp_path: Path) -> None:
    made = visdrone_sequence(tmp_path)
    recording = VisDrone(made.root).open("uav1_v")
    first, second, third = (recording.truth(number) for number in (1, 2, 3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.tracks.tolist() == [4, 5, -1]
    assert second.roles.tolist() == [Role.POSITIVE, Role.REGION]
    assert len(third) == 0
    part = tmp_path / "VisDrone2019-VID-val"
    picture(part / "sequences" / "uav1_v" / "0000001.jpg")
    assert list(VisDrone(tmp_path).recordings()) == ["uav1_v", "VisDrone2019-VID-val/uav1_v"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1,1,10,10,1,12,0,0", "line 1: there is no category 12"),
        ("1,1,10,10,1,4,0", "line 1: has 7 columns; these rows of VisDrone have 8"),
        ("1,1,-10,10,1,4,0,0", "line 1: the box has a negative size"),
    ],
)
def test_a_wrong_row_of_visdrones_is_named(tmp_path: Path, row: str, what: str) -> None:
    made = visdrone(tmp_path)
    text(made.labels, f"{row}\n")
    with pytest.raises(LabelsWrong, match=what):
        VisDrone(made.root).open(made.name)


def test_dairs_ignored_types_are_regions_and_unknown_things_need_not_be_found(tmp_path: Path) -> None:
    made = dair_v2x_i(tmp_path)
    kinds = ("Car", "CarIgnore", "OtherIgnore", "Unknown_movable", "car", "Wheelchair")
    text(made.labels, json.dumps([dair(kind, 2 * n, 2, 2 * n + 1, 5) for n, kind in enumerate(kinds)]))
    recording = DairV2xI(made.root).open(made.name)
    truth = recording.truth(3)
    assert truth is not None
    assert [recording.labels[label] if label >= 0 else "" for label in truth.labels] == [
        "Car",
        "Car",
        "",
        "Unknown_movable",
        "Car",
        "Wheelchair",
    ]
    assert truth.roles.tolist() == [
        Role.POSITIVE,
        Role.REGION,
        Role.REGION,
        Role.NEIGHBOUR,
        Role.POSITIVE,
        Role.POSITIVE,
    ]
    assert (truth.truncated[0], truth.occluded[0]) == (1, 2)
    assert told(recording) == ["classes that are scored only where --labels names them: Wheelchair (1 box)"]


def test_an_index_of_dairs_that_lists_nothing_is_refused_where_there_are_pictures(tmp_path: Path) -> None:
    made = dair_v2x_i(tmp_path)
    text(made.root / made.name / "data_info.json", "[]")
    shutil.rmtree(made.labels.parents[1])
    with pytest.raises(LabelsWrong, match=r"data_info\.json: lists no picture"):
        DairV2xI(made.root).open(made.name)


def test_dairs_labels_are_found_by_the_index_where_they_lie_elsewhere(tmp_path: Path) -> None:
    made = dair_v2x_i(tmp_path)
    side = made.root / made.name
    (side / "label" / "camera").rename(side / "label" / "camera_std")
    rows = [
        {"image_path": f"image/{n:06}.jpg", "label_camera_std_path": f"label/camera_std/{n:06}.json"} for n in (3, 11)
    ]
    text(side / "data_info.json", json.dumps(rows))
    recording = DairV2xI(made.root).open(made.name)
    assert [recording.truth(n) is None for n in (3, 11, 12)] == [False, False, True]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ([dair("Car", 30, 10, 20, 30)], "object 1: the box has a negative size"),
        ([dair("Car", 1, 1, 2, 2), dair("", 1, 1, 2, 2)], "object 2: has no type"),
        ([{"type": "Car"}], "is not a label file of DAIR-V2X: .*2d_box"),
    ],
)
def test_a_wrong_object_of_dairs_is_named(tmp_path: Path, content: list[object], what: str) -> None:
    made = dair_v2x_i(tmp_path)
    text(made.labels, json.dumps(content))
    with pytest.raises(LabelsWrong, match=what):
        DairV2xI(made.root).open(made.name)


def test_rope3d_has_levels_distances_and_things_that_need_not_be_found(tmp_path: Path) -> None:
    made = rope3d(tmp_path)
    text(made.labels, made.labels.read_text() + "unknown_unmovable 1 1 0.2 0 4 8 9 0.7 0.6 2 -11 0 34 0\n")
    recording = Rope3D(made.root).open("training")
    truth = recording.truth(1)
    assert truth is not None
    assert truth.roles.tolist() == [Role.POSITIVE, Role.POSITIVE, Role.NEIGHBOUR]
    assert truth.distance_m[0] == 5
    assert math.isnan(truth.distance_m[1])
    assert truth.occluded.tolist() == [1, 0, 1]
    assert recording.numbers == (1, 2, 3)


def test_rope3d_is_not_taken_for_kitti_nor_kitti_for_it(tmp_path: Path) -> None:
    with pytest.raises(LayoutAbsent):
        KittiObject(rope3d(tmp_path).root)


def test_tumtrafs_boxes_are_bboxes_or_around_the_projected_corners(tmp_path: Path) -> None:
    made = tumtraf(tmp_path)
    recording = TumTraf(made.root).open(made.name)
    truth = recording.truth(recording.numbers[0])
    assert truth is not None
    assert truth.boxes.tolist() == [[20, 10, 30, 30], [40, 8, 50, 38]]
    assert truth.tracks.tolist() == [-1, 1]
    assert truth.occluded.tolist()[1] == 2
    assert recording.fps == pytest.approx(10)


def test_a_folder_of_a_cameras_name_without_times_is_of_another_layout(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "s110_camera_basler_south1_8mm" / "1646667310000000044.jpg")
    with pytest.raises(LayoutAbsent):
        TumTraf(tmp_path)


def test_tumtrafs_labels_of_a_lidar_are_told_and_are_no_empty_truth(tmp_path: Path) -> None:
    made = tumtraf(tmp_path)
    labels = made.labels.parent
    labels.rename(labels.with_name("s110_lidar_ouster_south"))
    recording = TumTraf(made.root).open(made.name)
    assert recording.truth(recording.numbers[0]) is None
    assert told(recording)[0] == (
        "the labels are of other sensors alone (s110_lidar_ouster_south): no boxes in these pictures"
    )
