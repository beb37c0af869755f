from pathlib import Path

import numpy as np
import pytest

from replay.datasets.layout import FrameTwice, pictures
from replay.datasets.pictures import PictureRecording
from replay.truth import Role, Truth, nothing_there
from tests.layouts import picture, told

REACHING = "1 box reaching more than 1 px out of the picture, the farthest by {} px: frame 1"


def truth(*boxes: tuple[float, float, float, float], tracks: tuple[int, ...] = ()) -> Truth:
    n = len(boxes)
    return Truth(
        np.array(boxes, np.float64).reshape(-1, 4),
        np.zeros(n, np.int64),
        np.array(tracks or range(n), np.int64),
        np.full(n, int(Role.POSITIVE)),
    )


def recording(folder: Path, truths: dict[int, Truth], *, labelled: bool = True, film: bool = True) -> PictureRecording:
    return PictureRecording(
        dataset="made",
        name="drive",
        fps=10,
        labels=("thing",),
        groups={},
        pictures=pictures(folder),
        truths=truths,
        unmentioned=nothing_there() if labelled else None,
        film=film,
    )


@pytest.mark.parametrize(
    ("box", "complaint"),
    [
        ((0, 0, 64, 48), None),
        ((-1, 0, 65, 49), None),
        ((-1.5, 0, 20, 20), REACHING.format(1.5)),
        ((10, 10, 70, 51), REACHING.format(6.0)),
        ((64, 0, 80, 20), "1 box wholly outside the picture: frame 1"),
        ((-9, 0, 0, 20), "1 box wholly outside the picture: frame 1"),
        ((20, 10, 20, 30), "1 box without width or height, which nothing can find: frame 1"),
        ((5, 5, 9, 9), "1 box standing there already, with the same class and edges: frame 1"),
        ((30, 10, 20, 30), "1 box inside out, or not finite: frame 1"),
    ],
)  # fmt: skip
def test_a_box_may_end_one_pixel_beyond_its_picture_and_no_more(
    tmp_path: Path, box: tuple[float, float, float, float], complaint: str | None
) -> None:
    picture(tmp_path / "000001.png")
    assert told(recording(tmp_path, {1: truth((5, 5, 9, 9), box)})) == ([complaint] if complaint else [])


def test_boxes_are_counted_and_the_first_frames_named(tmp_path: Path) -> None:
    for number in range(1, 9):
        picture(tmp_path / f"{number:06}.png")
    truths = {number: truth((0, 0, 66 + number, 20), (0, 0, 67, 21)) for number in range(1, 9)}
    assert told(recording(tmp_path, truths)) == [
        "16 boxes reaching more than 1 px out of the picture, the farthest by 10.0 px in frame 8: "
        "frames 1, 2, 3, 4, 5, ...",
    ]


def test_holes_labels_beyond_the_pictures_and_odd_sizes_are_told(tmp_path: Path) -> None:
    for number in (3, 4, 8):
        picture(tmp_path / f"{number:06}.png", width=80 if number == 8 else 64)
    truths = {2: truth((1, 1, 9, 9), (2, 2, 9, 9)), 3: truth(), 9: truth()}
    assert told(recording(tmp_path, truths)) == [
        "2 labelled frames (2 boxes) without a picture: frames 2, 9",
        "3 pictures missing between frame 3 and frame 8: after frame 4",
        "the pictures have 2 sizes (2 of 64x48, 1 of 80x48); the fewer ones: frame 8",
    ]


def test_a_track_in_two_places_at_once_is_told(tmp_path: Path) -> None:
    for number in (1, 2):
        picture(tmp_path / f"{number:06}.png")
    twice = truth((1, 1, 9, 9), (2, 2, 9, 9), tracks=(7, 7))
    untracked = truth((1, 1, 9, 9), (2, 2, 9, 9), tracks=(-1, -1))
    assert told(recording(tmp_path, {1: untracked, 2: twice})) == [
        "a track stands twice in one frame: track 7 in frame 2 first (frame 2)",
    ]


def test_pictures_that_nobody_labelled_are_counted(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        picture(tmp_path / f"{number:06}.png")
    assert told(recording(tmp_path, {1: truth()}, labelled=False)) == [
        "2 of 3 pictures have no labels: frames 2, 3",
        "not a single object is labelled: whatever is found is wrong, and nothing can be missed",
    ]


def test_two_pictures_of_one_frame_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "000001.png")
    picture(tmp_path / "img00001.jpg")
    with pytest.raises(FrameTwice, match=r"two pictures of frame 1: 000001\.png and img00001\.jpg"):
        pictures(tmp_path)


def test_what_is_no_numbered_picture_is_passed_over(tmp_path: Path) -> None:
    picture(tmp_path / "img00002.JPG")
    for name in ("._img00002.jpg", "Thumbs.db", "cover.jpg", "00003.txt"):
        (tmp_path / name).write_bytes(b"")
    assert list(pictures(tmp_path)) == [2]
