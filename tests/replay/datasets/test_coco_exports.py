"""COCO in the folders that labelling tools make of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from replay.datasets import coco_instances
from replay.datasets.coco import Coco
from replay.datasets.labels import LabelsWrong
from replay.datasets.recognise import recognise
from replay.recording import unsound
from tests.layouts import COCO_JSON, clip, coco, picture, text, told

NAMES = {139: "a.jpg", 285: "b.jpg", 632: "c.jpg"}


def tree(**changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(COCO_JSON)
    for image in made["images"]:
        image["file_name"] = changed.get("before", "") + NAMES[image["id"]]
    return made


@pytest.mark.parametrize(
    ("labels", "images", "before", "name"),
    [
        ("valid/_annotations.coco.json", "valid", "", "valid"),
        ("annotations/instances_default.json", "images/default", "", "default"),
        ("result.json", "images", "images/", "result"),
        ("result.json", "images", "../../label-studio/data/media/upload/1/", "result"),
        ("result.json", "images", "images\\1\\", "result"),
        ("labels.json", "data", "", "labels"),
    ],
)
def test_every_tool_has_its_own_folders(tmp_path: Path, labels: str, images: str, before: str, name: str) -> None:
    for number, file in NAMES.items():
        picture(tmp_path / images / file, seed=number)
    text(tmp_path / labels, json.dumps(tree(before=before)))
    dataset = Coco(tmp_path)
    recording = dataset.open(name)
    assert dataset.recordings() == [name]
    assert recording.numbers == (139, 285, 632)
    assert unsound(recording) == ()
    truth = recording.truth(139)
    assert truth is not None
    assert truth.boxes.tolist() == [[20, 10, 30, 30], [40, 8, 52, 38]]


@pytest.mark.parametrize(
    ("images", "remark"),
    [
        ([{"id": 9, "file_name": "frame_000001.PNG"}], []),
        ([{"id": 9, "file_name": "x", "frame_id": 1}], []),
        ([{"id": n + 10, "file_name": f"clip_{n}.jpg"} for n in (1, 2, 3)], ["frames that are counted from 1"]),
    ],
)
def test_a_video_with_a_file_beside_it_is_a_recording(tmp_path: Path, images: Any, remark: list[str]) -> None:
    clip(tmp_path / "clip.mp4")
    annotations = [{"image_id": images[-1]["id"], "category_id": 1, "bbox": [1, 2, 3, 4]}]
    categories = [{"id": 1, "name": "car"}]
    text(tmp_path / "clip.json", json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    recording = Coco(tmp_path).open("clip")
    assert (recording.numbers, recording.fps, unsound(recording)) == ((0, 1, 2), 10, ())
    assert [len(truth) for n in range(3) if (truth := recording.truth(n)) is not None] == [0] * (len(images) - 1) + [1]
    assert [sentence.split(" (")[0] for sentence in told(recording) if "from 1" in sentence] == remark


def test_a_heading_over_the_categories_is_no_class(tmp_path: Path) -> None:
    made = tree()
    made["categories"] = [
        {"id": 0, "name": "vehicles", "supercategory": "none"},
        *({**kind, "supercategory": "vehicles"} for kind in made["categories"]),
    ]
    text(tmp_path / "train" / "_annotations.coco.json", json.dumps(made))
    assert list(Coco(tmp_path).open("train").groups) == ["person", "car"]


@pytest.mark.parametrize(
    ("labels", "pictures"),
    [("train.json", "images"), ("annotations/train.json", "images"), ("train.json", "train"), ("set.json", "")],
)
def test_a_file_of_any_name_with_its_pictures_is_read(tmp_path: Path, labels: str, pictures: str) -> None:
    made = coco(tmp_path / "made")
    text(tmp_path / "mine" / labels, made.labels.read_text())
    for path in made.pictures.values():
        picture(tmp_path / "mine" / pictures / path.name)
    for root in (tmp_path / "mine", tmp_path / "mine" / labels):
        assert recognise(root) == "coco"
        recording = Coco(root).open(Path(labels).stem)
        assert [recording.truth(number) is not None for number in recording.numbers] == [True] * len(made.pictures)


def test_captions_and_a_list_beside_pictures_are_no_recordings(tmp_path: Path) -> None:
    made = coco(tmp_path)
    text(made.labels.with_name("captions_val2017.json"), made.labels.read_text())
    text(tmp_path / "val2017.json", '[{"images": []}]')
    assert Coco(tmp_path).recordings() == [made.name]


def test_a_file_too_large_to_be_held_is_the_same_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = coco(tmp_path)
    whole = Coco(tmp_path).open(made.name)
    monkeypatch.setattr(coco_instances, "LARGE_BYTES", 0)
    parts = Coco(tmp_path).open(made.name)
    assert (parts.labels, parts.numbers) == (whole.labels, whole.numbers)
    for number in whole.numbers:
        mine, theirs = parts.truth(number), whole.truth(number)
        assert mine is not None
        assert theirs is not None
        assert (mine.boxes.tolist(), mine.labels.tolist()) == (theirs.boxes.tolist(), theirs.labels.tolist())
    said = json.loads(made.labels.read_text())
    for change, what in (
        ({"annotations": [*said["annotations"], {"image_id": 139}]}, f"annotations[{len(said['annotations'])}]"),
        ({"images": 7}, "no list 'images'"),
    ):
        text(made.labels, json.dumps(said | change))
        with pytest.raises(LabelsWrong) as raised:
            Coco(tmp_path).open(made.name)
        assert what in raised.value.sentence
