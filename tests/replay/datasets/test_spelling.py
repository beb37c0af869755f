"""Pictures and their labels belong together by name, however a disk or a tool spells it."""

import shutil
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from replay.datasets.spelling import NameTwice
from replay.recording import Recording, check_sound, open_dataset, remarks, unsound
from tests.layouts import Made, picture, text, told
from tests.makers import MAKERS
from tests.roadside_layouts import visdrone_sequence

OF_ONE_FILE_EACH = ("kitti-object", "yolo", "voc", "visdrone", "dair-v2x-i", "rope3d", "tumtraf")
PAIRED_BY_NAME = ("yolo", "voc", "visdrone", "rope3d")
NAMES = ("가_1", "나_2", "다_3")


def opened(kind: str, made: Made) -> Recording:
    return open_dataset(kind, made.root).open(made.name)


def boxes(recording: Recording) -> list[list[list[float]]]:
    truths = [recording.truth(number) for number in recording.numbers]
    assert all(truth is not None for truth in truths)
    return [truth.boxes.tolist() for truth in truths if truth is not None]


def renamed(kind: str, made: Made, form: Literal["NFC", "NFD"], letters: str) -> None:
    """Pictures and labels of Korean names with a capital, the labels' in another `form` of Unicode and `letters`."""
    lists = [path for path in made.root.rglob("val.txt") if kind == "voc"]
    for picture_path, name in zip(made.pictures.values(), NAMES, strict=True):
        label = f"{unicodedata.normalize(form, name)}_{letters}"
        for path in made.root.rglob(f"{picture_path.stem}.*"):
            stem = f"{unicodedata.normalize('NFC', name)}_A" if path == picture_path else label
            path.rename(path.with_name(f"{stem}{path.suffix}"))
        for path in lists:
            text(path, path.read_text().replace(picture_path.stem, label))


@pytest.mark.parametrize("kind", PAIRED_BY_NAME)
def test_a_picture_is_its_labels_in_either_form_of_unicode_and_case(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    before = boxes(opened(kind, made))
    renamed(kind, made, "NFD", "a")
    recording = opened(kind, made)
    check_sound(recording)
    assert boxes(recording) == before
    assert any("spelled otherwise than the label file (case, or Unicode)" in one for one in remarks(recording))


@pytest.mark.parametrize("kind", [*OF_ONE_FILE_EACH, "kitti-tracking", "openlabel", "cvat", "bdd100k"])
def test_label_files_may_end_in_capitals(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    before = boxes(opened(kind, made))
    for path in made.labels.parent.glob(f"*{made.labels.suffix}"):
        path.rename(path.with_suffix(path.suffix.upper()))
    assert boxes(opened(kind, made)) == before


def test_a_sequences_label_file_may_end_in_capitals(tmp_path: Path) -> None:
    made = visdrone_sequence(tmp_path)
    before = boxes(opened("visdrone", made))
    made.labels.rename(made.labels.with_suffix(".TXT"))
    assert boxes(opened("visdrone", made)) == before


def test_bdd100ks_frames_are_found_by_names_in_another_case(tmp_path: Path) -> None:
    made = MAKERS["bdd100k"](tmp_path)
    text(made.labels, made.labels.read_text().replace(".jpg", ".JPG"))
    recording = opened("bdd100k", made)
    check_sound(recording)
    assert boxes(recording)[0] == [[20, 10, 30, 30], [40, 8, 50, 38]]


@pytest.mark.parametrize("kind", ["voc", "visdrone", "rope3d"])
def test_two_pictures_of_one_name_are_refused(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    first = next(iter(made.pictures.values()))
    picture(first.with_suffix(".bmp"))
    with pytest.raises(NameTwice, match="two files of one name"):
        opened(kind, made)


def test_a_label_file_of_two_pictures_is_not_sound(tmp_path: Path) -> None:
    made = MAKERS["yolo"](tmp_path)
    picture(made.pictures[7].with_suffix(".bmp"))
    assert unsound(opened("yolo", made)) == ("000007.txt is the label file of 000007.bmp and 000007.jpg",)


@pytest.mark.parametrize("kind", OF_ONE_FILE_EACH)
def test_labels_without_a_picture_are_not_sound(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    next(iter(made.pictures.values())).unlink()
    assert any("without a picture" in one or "not there" in one for one in unsound(opened(kind, made)))


def test_without_a_list_every_label_file_of_voc_has_its_picture_or_is_not_sound(tmp_path: Path) -> None:
    made = MAKERS["voc"](tmp_path)
    shutil.rmtree(made.root / "ImageSets")
    made.pictures[28].unlink()
    recording = open_dataset("voc", made.root).open("all")
    assert unsound(recording) == ("1 picture of JPEGImages not there, 1 of them labelled: 2007_000028 first",)


def test_vocs_names_may_have_spaces(tmp_path: Path) -> None:
    made = MAKERS["voc"](tmp_path)
    for path in [*made.root.rglob("*.jpg"), *made.root.rglob("*.xml"), *made.root.rglob("val.txt")]:
        if path.suffix == ".txt":
            text(path, path.read_text().replace("2007_", "crossing (7) "))
        else:
            path.rename(path.with_name(path.name.replace("2007_", "crossing (7) ")))
    recording = opened("voc", made)
    assert told(recording) == []
    assert boxes(recording)[0] == [[20, 10, 30, 30], [40, 8, 50, 38]]


@pytest.mark.parametrize("kind", ["bdd100k", "nuimages"])
def test_numbers_as_text_are_numbers_and_told_once(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    before = boxes(opened(kind, made))
    said = made.labels.read_text().replace('"x1": 20', '"x1": "20"').replace("[20, ", '["20.0", ')
    text(made.labels, said.replace('"id": "00000004"', '"id": 4.0').replace('"id": "00000007"', '"id": null'))
    recording = opened(kind, made)
    check_sound(recording)
    assert boxes(recording) == before
    assert any("numbers are written as text" in one for one in remarks(recording))


@pytest.mark.parametrize("source", ["", "다리.mp4", "D:\\work\\다리.MP4"])
def test_a_video_beside_its_labels_may_be_spelled_otherwise(source: str, tmp_path: Path) -> None:
    made = MAKERS["cvat"](tmp_path)
    video = next(iter(made.pictures.values()))
    video.rename(video.with_name(f"{unicodedata.normalize('NFD', '다리')}.mp4" if source else "CORNER.mp4"))
    text(made.labels, made.labels.read_text().replace("</meta>", f"<source>{source}</source></meta>"))
    check_sound(opened("cvat", made))
