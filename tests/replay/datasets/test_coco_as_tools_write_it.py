"""COCO as labelling tools, data frames and other systems write it: the same truth, and a remark on what was odd."""

import copy
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.datasets.coco import Coco
from replay.datasets.content import ContentUnreadable
from replay.datasets.labels import LabelsWrong
from replay.datasets.pictures import PictureRecording
from replay.recording import RecordingUnsound, Severity, check_sound, remarks, unsound
from tests.layouts import COCO_JSON, coco, picture, text, told
from tests.written_pictures import turn

Tree = dict[str, Any]


def every(tree: Tree, part: str, **values: Callable[[Any], Any]) -> None:
    for row in tree[part]:
        row.update({key: change(row.get(key)) for key, change in values.items()})


def ids_as(kind: Callable[[int], Any]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        every(tree, "images", id=kind)
        every(tree, "annotations", image_id=kind)

    return change


def as_windows(tree: Tree) -> None:
    every(tree, "images", file_name=lambda name: f"C:\\data\\set\\val2017\\{name}")


def recording_of(folder: Path, change: Callable[[Tree], None]) -> PictureRecording:
    made = coco(folder)
    tree = copy.deepcopy(COCO_JSON)
    change(tree)
    text(made.labels, json.dumps(tree))
    recording = Coco(made.root).open(made.name)
    assert isinstance(recording, PictureRecording)
    return recording


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (lambda tree: every(tree, "annotations", iscrowd=bool), "iscrowd is written as true and false"),
        (lambda tree: every(tree, "annotations", iscrowd=lambda value: str(value or 0)), "iscrowd is written"),
        (lambda tree: every(tree, "annotations", iscrowd=lambda value: value or None), ""),
        (lambda tree: every(tree, "annotations", iscrowd=float), "iscrowd is written"),
        (ids_as(float), "ids are written as floats"),
        (ids_as(str), "ids are written as text"),
        (ids_as(lambda n: n + 2**70), "image ids that are no numbers, or too long for one, are counted anew"),
        (ids_as(lambda n: f"img-{n}"), "image ids that are no numbers"),
        (lambda tree: every(tree, "categories", id=float), "ids are written as floats"),
        (lambda tree: every(tree, "images", width=lambda _: None, height=lambda _: None), ""),
        (lambda tree: every(tree, "images", width=str, height=str), "numbers are written as text"),
        (lambda tree: every(tree, "annotations", area=str), "numbers are written as text"),
        (lambda tree: every(tree, "annotations", area=lambda area: area or float("nan")), ""),
        (as_windows, "begin with folders that aren't here, left out: C:\\data\\set\\"),
        (lambda tree: every(tree, "images", file_name=lambda name: f"/home/me/val2017/{name}"), "left out: /home/me/"),
        (lambda tree: every(tree, "images", file_name=lambda name: f"./{name}"), ""),
        (lambda tree: every(tree, "images", file_name=lambda name: f"val2017/{name}"), ""),
        (lambda tree: every(tree, "images", file_name=str.upper), "3 pictures spelled otherwise on the disk"),
        (lambda tree: tree.update(licenses=[{"deep": [[[{}]]]}], info=None), ""),
    ],
)  # fmt: skip
def test_what_tools_write_is_the_same_truth(tmp_path: Path, change: Callable[[Tree], None], remark: str) -> None:
    recording = recording_of(tmp_path, change)
    plain = recording_of(tmp_path / "plain", lambda _: None)
    order = dict(zip(plain.numbers, recording.numbers, strict=True))
    if list(recording.numbers) == [1, 2, 3]:  # counted anew: in the order of the file, which lists 632 first
        order = {632: 1, 139: 2, 285: 3}
    for before, now in order.items():
        here, there = recording.truth(now), plain.truth(before)
        assert here is not None
        assert there is not None
        assert here.boxes.tolist() == there.boxes.tolist()
        assert here.labels.tolist() == there.labels.tolist()
        assert recording.pictures[now].name == plain.pictures[before].name
    check_sound(recording)
    assert any(remark in one for one in remarks(recording)) if remark else remarks(recording) == ()


@pytest.mark.parametrize(
    ("crowd", "is_one"),
    [(True, 1), ("1", 1), ("true", 1), (1.0, 1), (False, 0), ("0", 0), ("False", 0), (None, 0), ("", 0)],
)
def test_a_crowd_is_a_crowd_however_it_is_said(tmp_path: Path, crowd: object, is_one: int) -> None:
    recording = recording_of(tmp_path, lambda tree: every(tree, "annotations", iscrowd=lambda _: crowd))
    truth = recording.truth(139)
    assert truth is not None
    assert truth.roles.tolist() == [2 * is_one, 2 * is_one]


@pytest.mark.parametrize("where", ["images", "images/val2017", "."])
def test_pictures_may_lie_flat_or_in_a_folder_of_images(tmp_path: Path, where: str) -> None:
    made = coco(tmp_path)
    (tmp_path / where).mkdir(parents=True, exist_ok=True)
    for path in made.pictures.values():
        path.rename(tmp_path / where / path.name)
    (tmp_path / "val2017").rmdir()
    assert Coco(made.root).open(made.name).numbers == (139, 285, 632)
    text(made.labels, json.dumps(COCO_JSON).replace('"file_name": "', '"file_name": "images/'))
    assert Coco(made.root).open(made.name).numbers == (139, 285, 632)


def test_korean_names_are_one_composed_or_decomposed(tmp_path: Path) -> None:
    made = coco(tmp_path)
    for path, name in zip(made.pictures.values(), ["교차로", "길목", "신호등"], strict=True):
        path.rename(path.with_name(unicodedata.normalize("NFD", f"{name}.jpg")))
    tree: Tree = copy.deepcopy(COCO_JSON)
    for row in tree["images"]:
        row["file_name"] = {139: "교차로.jpg", 285: "길목.jpg", 632: "신호등.jpg"}[row["id"]]
    text(made.labels, json.dumps(tree, ensure_ascii=False))
    recording = Coco(made.root).open(made.name)
    assert recording.numbers == (139, 285, 632)
    assert told(recording) == ["3 pictures spelled otherwise on the disk than in the labels (case, or Unicode)"]


def test_a_name_never_leads_out_of_the_folder_nor_to_another_picture(tmp_path: Path) -> None:
    picture(tmp_path / "secret.jpg")
    recording = recording_of(tmp_path / "root", lambda tree: tree["images"][0].update(file_name="../secret.jpg"))
    assert 632 not in recording.pictures
    with pytest.raises(RecordingUnsound, match="without a picture: frame 632"):
        check_sound(recording)
    # One folder holds days and nights of the same numbers: a night that is missing is no day.
    days = recording_of(tmp_path / "days", lambda tree: tree["images"][0].update(file_name="night/000000000139.jpg"))
    assert 632 not in days.pictures


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda tree: tree["annotations"][1]["bbox"].__setitem__(2, float("nan")), "annotation 2: the box is not"),
        (lambda tree: tree["annotations"][1]["bbox"].__setitem__(2, float("inf")), "annotation 2: the box is not"),
        (lambda tree: tree["annotations"][1]["bbox"].__setitem__(2, -12), "annotation 2: the box has a negative size"),
        (lambda tree: tree["annotations"][1]["bbox"].__setitem__(0, 1e300), "annotation 2: the box is not"),
        (lambda tree: tree["annotations"][1]["bbox"].__setitem__(0, "left"), "annotation 2: 'left' is no number"),
        (lambda tree: tree["annotations"][1]["bbox"].pop(), "Expected 'array' of length 4"),
        (lambda tree: tree["annotations"][1].update(category_id=77), "annotation 2: there is no category 77"),
        (lambda tree: tree["images"][1].update(id=632), "image 632: stands there twice: 000000000632.jpg and"),
        (lambda tree: tree["categories"][1].update(id=3), "category 3: stands there twice: car and person"),
        (lambda tree: tree["images"][1].update(id=139.5), "image 139.5: its id is no whole number"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[Tree], None], what: str
) -> None:
    with pytest.raises(LabelsWrong) as raised:
        recording_of(tmp_path, change)
    assert "instances_val2017.json" in raised.value.sentence
    assert what in raised.value.sentence


def test_annotations_of_no_image_and_pictures_that_are_listed_twice_are_not_sound(tmp_path: Path) -> None:
    def change(tree: Tree) -> None:
        tree["annotations"][0]["image_id"] = 7
        tree["images"][0]["file_name"] = tree["images"][1]["file_name"]

    assert unsound(recording_of(tmp_path, change)) == (
        "1 annotation of images that the file doesn't list",
        "1 picture listed more than once: 000000000139.jpg is 139 and 632",
    )


@pytest.mark.parametrize(("size", "shape"), [((64, 48), (48, 64, 3)), ((48, 64), (64, 48, 3)), (None, (64, 48, 3))])
def test_the_labels_own_sizes_say_which_way_up_a_picture_was_labelled(
    tmp_path: Path, size: tuple[int, int] | None, shape: tuple[int, ...]
) -> None:
    wide, high = size or (None, None)
    made = coco(tmp_path)
    for path in made.pictures.values():
        turn(path, 6)
    tree = copy.deepcopy(COCO_JSON)
    every(tree, "images", width=lambda _: wide, height=lambda _: high)
    text(made.labels, json.dumps(tree))
    recording = Coco(made.root).open(made.name)
    assert [recording.picture(number).shape for number in recording.numbers] == [shape] * 3
    assert unsound(recording) == ()
    (how,) = [one for one in remarks(recording) if "EXIF" in one]
    assert ("so the labels' sizes say" in how) == (size is not None)
    assert ("of which no size in the labels tells" in how) == (size is None)


def test_a_picture_whose_size_does_not_tell_is_read_as_its_neighbours_are(tmp_path: Path) -> None:
    made = coco(tmp_path)
    for number, orientation in ((139, 6), (285, 3)):  # upside down: as wide as before
        turn(made.pictures[number], orientation)
    stored = Coco(made.root).open(made.name)
    assert [one.what for one in stored.problems() if one.severity is Severity.REMARK] == [
        "1 picture with an EXIF orientation, read as stored: so the labels' sizes say",
        "1 picture with an EXIF orientation of which no size in the labels tells whether they are of the upright "
        "picture or of the stored one: read as stored, as the others are",
    ]


def test_a_number_that_no_float_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsWrong, match="annotation 1: the box is not finite"):
        recording_of(tmp_path, lambda tree: tree["annotations"][0].update(bbox=[10**400, 1, 1, 1]))


def test_a_pipe_in_a_pictures_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    recording = recording_of(tmp_path, lambda _tree: None)
    path = recording.pictures[139]
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ContentUnreadable, match="it is no file"):
        _ = recording.digest


@pytest.mark.parametrize("width", [-64, 1e30, "-64"])
def test_a_size_that_no_picture_has_is_refused(tmp_path: Path, width: Any) -> None:
    with pytest.raises(LabelsWrong, match=r"image \d+: there is no picture of"):
        recording_of(tmp_path, lambda tree: every(tree, "images", width=lambda _: width))
