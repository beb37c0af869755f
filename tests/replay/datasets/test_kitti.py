from pathlib import Path

import numpy as np
import pytest

from replay.datasets.kitti import KittiObject, KittiTracking
from replay.datasets.labels import LabelsWrong
from replay.truth import Role
from tests.layouts import CAR, kitti_object, kitti_tracking, picture, text, told


def test_an_object_brings_distance_truncation_and_the_level_of_occlusion(tmp_path: Path) -> None:
    made = kitti_object(tmp_path)
    recording = KittiObject(made.root).open(made.name)
    truth = recording.truth(0)
    assert truth is not None
    assert [recording.labels[label] if label >= 0 else "" for label in truth.labels] == ["Car", "Pedestrian", ""]
    assert truth.boxes.tolist() == [[20, 10, 30, 30], [40, 8, 50, 38], [1, 1, 12, 6]]
    assert truth.roles.tolist() == [Role.POSITIVE, Role.POSITIVE, Role.REGION]
    assert truth.tracks.tolist() == [-1, -1, -1]
    np.testing.assert_array_equal(truth.truncated, np.array([0.25, 0, np.nan], np.float32))
    np.testing.assert_array_equal(truth.occluded, np.array([1, 0, np.nan], np.float32))
    # X, Y, Z of the car are 3, 0, 4.
    np.testing.assert_array_equal(truth.distance_m, np.array([5, 12, np.nan], np.float32))


def test_a_picture_without_a_label_file_is_unlabelled_and_an_empty_file_says_nothing_is_there(tmp_path: Path) -> None:
    made = kitti_object(tmp_path)
    (made.labels.parent / "000001.txt").unlink()
    recording = KittiObject(made.root).open(made.name)
    empty = recording.truth(2)
    assert recording.truth(1) is None
    assert empty is not None
    assert len(empty) == 0
    assert told(recording) == ["1 of 3 pictures have no labels: frame 1"]


def test_stills_may_differ_in_size(tmp_path: Path) -> None:
    made = kitti_object(tmp_path)
    picture(made.pictures[1], width=80)
    assert told(KittiObject(made.root).open(made.name)) == []


def test_a_drive_begins_where_it_begins_and_has_tracks(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    recording = KittiTracking(made.root).open(made.name)
    first, last = recording.truth(7), recording.truth(9)
    assert recording.numbers == (7, 8, 9)
    assert first is not None
    assert last is not None
    assert first.tracks.tolist() == [2, 5, -1]
    assert [recording.labels[label] for label in first.labels[:2]] == ["Car", "Person_sitting"]
    assert len(last) == 0


def test_the_halves_of_the_benchmark_both_count_from_0000(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    picture(tmp_path / "testing" / "image_02" / "0003" / "000000.png")
    dataset = KittiTracking(made.root)
    assert dataset.recordings() == ["0003", "testing/0003"]
    assert dataset.open("testing/0003").truth(0) is None
    assert dataset.open("testing/0003").note == ""


def test_a_drive_that_the_benchmark_does_not_label_says_that_its_labels_are_derived(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    made.labels.rename(made.labels.with_name("0052.txt"))
    next(iter(made.pictures.values())).parent.rename(tmp_path / "training" / "image_02" / "0052")
    note = KittiTracking(made.root).open("0052").note
    assert note == "the labels of 0052 are derived: KITTI tracking itself labels the drives 0000..0020 only"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (CAR.replace("Car", "17"), "line 2: there is no type '17'"),
        (CAR.replace("20.00", "2O.00"), "line 2: could not convert string to float: '2O.00'"),
        (CAR.rsplit(" ", 2)[0], "line 2: has 13 columns; KITTI's lines have 15"),
        (CAR.replace("20.00", "inf"), "that is not finite"),
    ],
)
def test_a_garbage_line_is_refused_and_named(tmp_path: Path, line: str, what: str) -> None:
    made = kitti_object(tmp_path)
    text(made.labels, f"{CAR}\n{line}\n")
    with pytest.raises(LabelsWrong) as raised:
        KittiObject(made.root).open(made.name)
    assert str(made.labels) in raised.value.sentence
    assert what in raised.value.sentence


def test_object_labels_are_not_taken_for_tracking_labels(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    text(made.labels, f"{CAR}\n")
    with pytest.raises(LabelsWrong, match="line 1: has 15 columns; KITTI's lines have 17"):
        KittiTracking(made.root).open(made.name)


def test_labels_without_pictures_are_read_and_complained_of(shared: Path) -> None:
    recording = KittiTracking(shared / "recordings" / "KITTI_tracking_labels_only").open("0000")
    assert recording.numbers == ()
    labels = np.concatenate([truth.labels for number in range(154) if (truth := recording.truth(number))])
    counted = {name: int((labels == i).sum()) for i, name in enumerate(recording.labels)}
    assert {name: n for name, n in counted.items() if n} == {"Car": 243, "Van": 292, "Cyclist": 154, "Pedestrian": 22}
    assert int((labels < 0).sum()) == 378
    assert told(recording) == [
        "there are no pictures",
        "154 labelled frames (1089 boxes) without a picture: frames 0, 1, 2, 3, 4, ...",
    ]


def test_the_shared_stills_are_cropped_and_check_says_so(shared: Path) -> None:
    recording = KittiObject(shared / "recordings" / "KITTI_object").open("training")
    assert told(recording) == [
        "1 box reaching more than 1 px out of the picture, the farthest by 16.0 px: frame 4",
    ]
