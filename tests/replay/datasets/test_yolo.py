from collections.abc import Callable
from pathlib import Path

import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.recognise import recognise
from replay.datasets.yolo import Yolo
from replay.datasets.yolo_config import SplitsAbsent
from replay.recording import DatasetWrong, unsound
from tests.layouts import picture, text, told
from tests.layouts_labelling import yolo

ROW = "0 0.5 0.5 0.25 0.5\n"


def roboflow(root: Path) -> None:
    picture(root / "valid" / "images" / "a_jpg.rf.1f.jpg")
    text(root / "valid" / "labels" / "a_jpg.rf.1f.txt", ROW)
    text(root / "data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['no', 'car']\n")


def listed(root: Path) -> None:
    picture(root / "images" / "val2017" / "a.jpg")
    picture(root / "images" / "val2017" / "of-train.jpg")
    text(root / "labels" / "val2017" / "a.txt", ROW)
    text(root / "val2017.txt", "./images/val2017/a.jpg\n")
    text(root / "coco.yaml", "path: /datasets/coco\nval: val2017.txt\nnames:\n  0: no\n  1: car\n")


def beside(root: Path) -> None:
    picture(root / "set" / "a.png")
    text(root / "set" / "a.txt", ROW)
    text(root / "data.yaml", "names: {1: car, 0: no}\nval: [set]\n")


def without_yaml(root: Path) -> None:
    picture(root / "images" / "val" / "a.png")
    text(root / "labels" / "val" / "a.txt", ROW)
    text(root / "classes.txt", "no\ncar\n")


def in_capitals(root: Path) -> None:
    picture(root / "Images" / "val" / "a.JPG")
    text(root / "Labels" / "val" / "a.txt", ROW)
    text(root / "data.yaml", "names: [no, car]\nval: Images/val\n")


@pytest.mark.parametrize("make", [roboflow, listed, beside, without_yaml, in_capitals])
def test_every_way_to_lay_it_out_is_the_same_truth(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    dataset = Yolo(tmp_path)
    recording = dataset.open("val")
    truth = recording.truth(1)
    assert truth is not None
    assert (dataset.recordings(), recording.labels, recording.numbers) == (["val"], ("no", "car"), (1,))
    assert truth.boxes.tolist() == [[24, 12, 40, 36]]
    assert told(recording, thoroughly=True) == []


def test_cvat_s_files_for_darknet_are_read(tmp_path: Path) -> None:
    picture(tmp_path / "obj_train_data" / "a.png")
    text(tmp_path / "obj_train_data" / "a.txt", ROW)
    text(tmp_path / "obj.names", "no\ncar\n")
    text(tmp_path / "obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n")
    text(tmp_path / "train.txt", "data/obj_train_data/a.png\n")
    assert recognise(tmp_path) == "yolo"
    recording = Yolo(tmp_path).open("train")
    truth = recording.truth(1)
    assert truth is not None
    assert (recording.labels, truth.boxes.tolist()) == (("no", "car"), [[24, 12, 40, 36]])
    (tmp_path / "obj.names").unlink()
    with pytest.raises(LabelsWrong, match=r"data/obj\.names is not there"):
        Yolo(tmp_path)


def test_an_outline_is_the_box_around_it_with_its_own_area(tmp_path: Path) -> None:
    made = yolo(tmp_path)
    text(made.labels, "1 0.25 0.25 0.75 0.25 0.75 0.75\n")
    recording = Yolo(made.root).open("val")
    truth = recording.truth(7)
    assert truth is not None
    assert (truth.boxes.tolist(), truth.areas.tolist()) == ([[16, 12, 48, 36]], [384])
    assert told(recording) == ["1 outline read as the box around it"]


def test_a_picture_without_a_file_has_nothing_in_it_and_that_is_told(tmp_path: Path) -> None:
    made = yolo(tmp_path)
    made.labels.unlink()
    recording = Yolo(made.root).open("val")
    truth = recording.truth(7)
    assert truth is not None
    assert len(truth) == 0
    assert told(recording) == ["1 picture without a label file: taken for pictures with nothing in them"]
    for path in (tmp_path / "labels" / "val").iterdir():
        path.unlink()
    assert Yolo(made.root).open("val").truth(7) is None


def test_labels_without_a_picture_are_not_sound(tmp_path: Path) -> None:
    made = yolo(tmp_path)
    made.pictures[8].unlink()
    assert unsound(Yolo(made.root).open("val")) == ("1 label file without a picture: 000008.txt first",)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("0 32 24 10 20", "32 is no fraction of a picture"),
        ("0 0.5 0.5 -0.1 0.2", "the box has a negative size: -0.1x0.2"),
        ("2 0.5 0.5 0.1 0.2", "there is no class 2: data.yaml has 2 classes, from 0"),
        ("0 0.5 0.5 0.1 0.2 0.9", "has 6 columns, as a prediction with its score has"),
        ("0 0.5 0.5 0.1 0.2 0.9 0.1 0.1", "has 8 columns: a box has 5"),
        ("0 nan 0.5 0.1 0.2", "not finite"),
    ],
)
def test_rows_that_can_not_be_meant_are_refused_with_their_line(tmp_path: Path, row: str, what: str) -> None:
    made = yolo(tmp_path)
    text(made.labels, f"{ROW}{row}\n")
    with pytest.raises(LabelsWrong, match=r"000007\.txt, line 2: ") as raised:
        Yolo(made.root).open("val")
    assert what in raised.value.sentence


@pytest.mark.parametrize(
    ("config", "kind", "what"),
    [
        ("names: [a]\nval: elsewhere\n", SplitsAbsent, "says val: elsewhere; nothing of it is there"),
        ("names: [a\nval: images\n", LabelsWrong, "line 2: is not YAML"),
        ("names: {a: b}\nval: images\n", LabelsWrong, "names"),
        ("val: images\n", LabelsWrong, "missing required field 'names'"),
        ("names: " + "[" * 5000, LabelsWrong, ""),
    ],
)
def test_a_config_that_says_nothing_is_refused(
    tmp_path: Path, config: str, kind: type[DatasetWrong], what: str
) -> None:
    made = yolo(tmp_path)
    text(tmp_path / "data.yaml", config)
    with pytest.raises(kind) as raised:
        Yolo(made.root)
    assert what in raised.value.sentence
