from pathlib import Path

import numpy as np
import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.ua_detrac import UaDetrac
from replay.recording import Group
from replay.truth import Role
from tests.layouts import DETRAC_XML, text, told, ua_detrac


def test_a_target_brings_its_type_track_truncation_and_the_part_hidden_by_others(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    recording = UaDetrac(made.root).open(made.name)
    truth = recording.truth(1)
    assert truth is not None
    assert recording.labels == ("Hovercraft", "Sedan")
    assert truth.labels.tolist() == [1, 0, -1]
    assert truth.tracks.tolist() == [4, 7, -1]
    assert truth.boxes.tolist() == [[20, 10, 30, 30], [40.5, 8, 65, 38], [0.5, 0.5, 10.5, 5.5]]
    assert truth.roles.tolist() == [Role.POSITIVE, Role.POSITIVE, Role.REGION]
    np.testing.assert_array_equal(truth.truncated, np.array([0.25, np.nan, np.nan], np.float32))
    # 5x10 behind another vehicle and 5x10 behind something else, of 10x20; what it hides itself doesn't count.
    np.testing.assert_array_equal(truth.occluded, np.array([0.5, 0, np.nan], np.float32))


def test_a_frame_without_an_element_is_a_frame_with_nothing_but_the_regions(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    truth = UaDetrac(made.root).open(made.name).truth(3)
    assert truth is not None
    assert truth.roles.tolist() == [Role.REGION]


def test_every_type_is_a_vehicle_even_one_that_nobody_knows(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    groups = UaDetrac(made.root).open(made.name).groups
    assert groups == {"vehicle": Group(("Hovercraft", "Sedan"), ("car", "bus", "truck"))}


def test_the_finer_labels_win_where_there_are_two(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    coarse = DETRAC_XML.replace("Sedan", "car").replace("Hovercraft", "car")
    text(tmp_path / "DETRAC-Train-Annotations-XML" / "MVI_00001.xml", coarse)
    assert UaDetrac(made.root).open(made.name).labels == ("Hovercraft", "Sedan")


def test_pictures_without_labels_have_no_truth(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    made.labels.unlink()
    recording = UaDetrac(made.root).open(made.name)
    assert [recording.truth(number) for number in recording.numbers] == [None, None, None]
    assert told(recording) == [
        "nobody labelled any of the 3 pictures: there is nothing to score against",
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("</sequence>", "", "line 30", "is not whole XML: no element found"),
        ('target id="7"', "target", "line 15", "<target> lacks its attribute 'id'"),
        ('left="40.5"', 'left="wide"', "line 16", "left of <box> is no number: 'wide'"),
        ('left="40.5"', 'left="nan"', "line 16", "left of <box> is not finite: nan"),
        ('width="24.5"', 'width="-1"', "line 16", "the box has a negative size: -1x30"),
        ('truncation_ratio="0"', 'truncation_ratio="inf"', "line 25", "truncation_ratio of <attribute> is not finite"),
        ('<attribute vehicle_type="Hovercraft"/>', "", "line 15", "target 7 of frame 1 has no box or no attribute"),
        ('num="2"', 'num="1"', "line 21", "frame 1 stands there twice"),
        ("sequence", "annotation", "line 1", "holds a <annotation>, not a <sequence>"),
    ],
)
def test_broken_labels_are_refused_and_named(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, DETRAC_XML.replace(old, new))
    with pytest.raises(LabelsWrong) as raised:
        UaDetrac(made.root).open(made.name)
    assert raised.value.sentence.startswith(f"{made.labels}{', ' if where else ''}{where}: ")
    assert what in raised.value.sentence


def test_labels_of_another_sequence_and_miscounted_targets_are_complained_of(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, DETRAC_XML.replace('name="MVI_00001"', 'name="MVI_00002"').replace('density="2"', 'density="3"'))
    assert told(UaDetrac(made.root).open(made.name)) == [
        "the labels say that they are of MVI_00002",
        "1 frame with another number of targets than the density says, frame 1 first",
    ]


def test_the_shared_sequence_is_as_counted(shared: Path) -> None:
    recording = UaDetrac(shared / "recordings" / "UA-DETRAC").open("MVI_40201")
    truths = [truth for number in recording.numbers if (truth := recording.truth(number))]
    labels = np.concatenate([truth.labels[truth.labels >= 0] for truth in truths])
    counts = dict(zip(recording.labels, np.bincount(labels).tolist(), strict=True))
    assert counts == {
        "Hatchback": 102, "MiniVan": 364, "Police": 91, "Sedan": 2924, "Suv": 862, "Taxi": 895, "Van": 339,
    }  # fmt: skip
    boxes = np.concatenate([truth.boxes[truth.of_role(Role.POSITIVE)] for truth in truths])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    assert [int((areas < 32**2).sum()), int((areas > 96**2).sum())] == [133, 829]
    assert int(((boxes[:, 2] > 960) | (boxes[:, 3] > 540)).sum()) == 292
    assert sum(int((truth.truncated > 0).sum()) for truth in truths) == 361
    assert told(recording) == []
