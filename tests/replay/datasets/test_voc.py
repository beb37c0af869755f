from pathlib import Path

import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.layout import LayoutAbsent
from replay.datasets.recognise import recognise
from replay.datasets.voc import PascalVoc
from replay.recording import unsound
from replay.truth import Role
from tests.layouts import picture, text, told
from tests.layouts_labelling import VOC_CAR, VOC_XML, voc


def test_difficult_truncated_and_occluded_are_read(tmp_path: Path) -> None:
    made = voc(tmp_path)
    hard = VOC_CAR.replace("<difficult>0", "<difficult>1").replace("<occluded>0", "<occluded>Unspecified")
    text(made.labels, VOC_XML.format(VOC_CAR + hard))
    recording = PascalVoc(made.root).open("val")
    truth = recording.truth(27)
    assert truth is not None
    assert truth.roles.tolist() == [Role.POSITIVE, Role.REGION]
    assert (truth.truncated.tolist(), truth.occluded[0]) == ([1, 1], 0)
    assert truth.occluded[1] != truth.occluded[1]
    assert told(recording) == ["1 box marked difficult: whether found or not, it counts for nothing"]


def test_sets_are_recordings_and_years_stand_before_them(tmp_path: Path) -> None:
    voc(tmp_path / "VOC2007")
    picture(tmp_path / "VOC2012" / "JPEGImages" / "a.jpg")
    dataset = PascalVoc(tmp_path)
    assert dataset.recordings() == ["VOC2007/val", "VOC2012/all"]
    assert dataset.open("VOC2012/all").truth(1) is None


@pytest.mark.parametrize(
    ("pictures", "labels", "name"),
    [("", "", "all"), ("valid", "valid", "valid"), ("images", "annotations", "all"), ("images", "Annotations", "all")],
)
def test_files_are_read_where_tools_write_them(tmp_path: Path, pictures: str, labels: str, name: str) -> None:
    picture(tmp_path / pictures / "p1.jpg")
    text(tmp_path / labels / "p1.xml", VOC_XML.format(VOC_CAR))
    assert recognise(tmp_path) == "voc"
    dataset = PascalVoc(tmp_path)
    assert dataset.recordings() == [name]
    truth = dataset.open(name).truth(1)
    assert truth is not None
    assert len(truth) == 1


def test_another_s_xml_is_not_voc_s(tmp_path: Path) -> None:
    text(tmp_path / "annotations.xml", "<annotations><version>1.1</version></annotations>")
    text(tmp_path / "v3.xml", "<sequence name='MVI_40201'/>")
    with pytest.raises(LayoutAbsent):
        PascalVoc(tmp_path)


def test_a_set_whose_pictures_are_not_there_is_not_sound(tmp_path: Path) -> None:
    made = voc(tmp_path)
    made.pictures[28].unlink()
    assert unsound(PascalVoc(made.root).open("val")) == (
        "1 picture of val.txt not there, 1 of them labelled: 2007_000028 first",
    )


def test_a_size_that_nobody_knew_is_told(tmp_path: Path) -> None:
    made = voc(tmp_path)
    text(made.labels, VOC_XML.replace("<width>64", "<width>0").format(VOC_CAR))
    assert told(PascalVoc(made.root).open("val")) == [
        "a <size> of 0 is taken as one that nobody knows (2007_000027.xml)"
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (VOC_XML.format(VOC_CAR.replace("<xmax>30", "<xmax>3")), "line 6: the box has a negative size: -17x20"),
        (VOC_XML.format(VOC_CAR.replace("<ymax>30</ymax>", "")), "line 6: <bndbox> has no <ymax>"),
        (VOC_XML.format(VOC_CAR.replace("<name>car</name>", "<name/>")), "line 4: <object> has an empty <name>"),
        (VOC_XML.replace("<width>64", "<width>-64").format(VOC_CAR), "line 3: <size> is negative: -64x48"),
        ("<annotations/>", "line 1: holds a <annotations>, not an <annotation>"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_line(tmp_path: Path, content: str, what: str) -> None:
    made = voc(tmp_path)
    text(made.labels, content)
    with pytest.raises(LabelsWrong, match=r"2007_000027\.xml, ") as raised:
        PascalVoc(made.root).open("val")
    assert what in raised.value.sentence
