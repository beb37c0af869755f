import json
import math
from pathlib import Path
from typing import Any

import pytest

from replay.datasets.coco import Coco
from replay.datasets.labels import LabelsWrong
from replay.recording import Group
from replay.truth import Role
from tests.layouts import COCO_JSON, coco, picture, text, told


def test_crowds_are_regions_of_their_class_and_areas_are_kept(tmp_path: Path) -> None:
    made = coco(tmp_path)
    recording = Coco(made.root).open(made.name)
    truth = recording.truth(139)
    assert truth is not None
    assert recording.labels == ("person", "car")
    assert truth.labels.tolist() == [1, 0]
    assert truth.roles.tolist() == [Role.POSITIVE, Role.REGION]
    assert truth.areas[0] == 150.5
    assert math.isnan(truth.areas[1])
    assert math.isnan(recording.fps)


def test_every_class_is_scored_under_its_own_name(tmp_path: Path) -> None:
    made = coco(tmp_path)
    groups = Coco(made.root).open(made.name).groups
    people = Group(("person",), ("person", "pedestrian", "people", "human", "walker"))
    assert groups == {"person": people, "car": Group(("car",), ("car",))}


def test_pictures_may_lie_in_a_folder_of_images(tmp_path: Path) -> None:
    made = coco(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "val2017").rename(tmp_path / "images" / "val2017")
    assert Coco(made.root).open(made.name).numbers == (139, 285, 632)


def test_a_listed_picture_that_is_missing_and_one_that_is_not_listed_are_complained_of(tmp_path: Path) -> None:
    made = coco(tmp_path)
    made.pictures[285].unlink()
    picture(tmp_path / "val2017" / "000000000777.jpg")
    picture(made.pictures[632], width=32)
    recording = Coco(made.root).open(made.name)
    assert recording.numbers == (139, 632)
    assert told(recording) == [
        "1 picture that the labels don't list, 000000000777.jpg first",
        "1 labelled frame (1 box) without a picture: frame 285",
        "1 picture of another size than the data set states: frame 632 is 32x48, not 64x48 (frame 632)",
    ]


def changed(**parts: Any) -> str:
    return json.dumps(COCO_JSON | parts)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (changed()[:-40], "is not a COCO instances file: Input data was truncated"),
        (changed(images=3), "Expected 'array', got 'int' - at '$.images'"),
        (changed(categories=[{"id": 1, "name": "person"}]), "annotation 1: there is no category 3"),
        ('{"images": []}', "Object missing required field 'categories'"),
    ],
)
def test_broken_labels_are_refused_and_named(tmp_path: Path, content: str, what: str) -> None:
    made = coco(tmp_path)
    text(made.labels, content)
    with pytest.raises(LabelsWrong) as raised:
        Coco(made.root).open(made.name)
    assert str(made.labels) in raised.value.sentence
    assert what in raised.value.sentence
