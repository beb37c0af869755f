"""MOT, KITTI and UA-DETRAC as labelling tools and hands write them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from replay.datasets.kitti import KittiObject, KittiTracking
from replay.datasets.labels import LabelsWrong
from replay.datasets.layout import FrameUnnumbered, pictures
from replay.datasets.mot import MotChallenge, SequenceWrong
from replay.datasets.pictures import PictureRecording
from replay.datasets.ua_detrac import UaDetrac
from replay.recording import Recording, check_sound, open_dataset, remarks, unsound
from replay.truth import Role
from tests.layouts import (
    CAR,
    DETRAC_XML,
    MOT15_GT,
    WALKER,
    kitti_object,
    kitti_tracking,
    mot,
    mot15,
    picture,
    text,
    ua_detrac,
)  # fmt: skip
from tests.makers import MAKERS

HUGE = "12345678901234567890"
OPEN: dict[str, Callable[[Path], PictureRecording]] = {
    "mot": lambda root: MotChallenge(root).open("TINY-S1"),
    "kitti-object": lambda root: KittiObject(root).open("training"),
    "kitti-tracking": lambda root: KittiTracking(root).open("0003"),
    "ua-detrac": lambda root: UaDetrac(root).open("MVI_00001"),
}


def boxes(recording: Recording, number: int) -> list[list[float]]:
    truth = recording.truth(number)
    assert truth is not None
    return list(truth.boxes.tolist())


@pytest.mark.parametrize("kind", ["mot", "kitti-object", "kitti-tracking"])
@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (lambda said: "\n".join(f"{line}," for line in said.splitlines()), "a separator at the line's end is left out"),
        (lambda said: f"frame,id,left\n{said}" if "," in said else f"type truncated occluded\n{said}", "a header"),
        (lambda said: said.replace("\n", "\r\n"), ""),
        (lambda said: f"\n \n{said}\n\n", ""),
        (lambda said: said.replace(",", " , "), ""),
    ],
)
def test_rows_as_tools_write_them_are_the_same_rows(
    tmp_path: Path, kind: str, change: Callable[[str], str], remark: str
) -> None:
    made = MAKERS[kind](tmp_path)
    before = [boxes(OPEN[kind](made.root), number) for number in made.pictures]
    made.labels.write_text(change(made.labels.read_text()), newline="")
    recording = OPEN[kind](made.root)
    assert [boxes(recording, number) for number in made.pictures] == before
    check_sound(recording)
    assert any(remark in one for one in remarks(recording)) if remark else remarks(recording) == ()


def test_types_in_another_case_are_kittis_and_told_once(tmp_path: Path) -> None:
    made = kitti_object(tmp_path)
    text(made.labels, f"{CAR.replace('Car', 'car')}\n{WALKER.upper().replace('E0', 'e0')}\n")
    recording = KittiObject(made.root).open(made.name)
    truth = recording.truth(0)
    assert truth is not None
    assert [recording.labels[label] for label in truth.labels] == ["Car", "Pedestrian"]
    assert remarks(recording) == (
        "the type car is read as Car (000000.txt, line 1)",
        "the type PEDESTRIAN is read as Pedestrian (000000.txt, line 2)",
    )


def test_own_types_are_kept_and_scored_on_request(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    text(made.labels, f"7 2 {CAR}\n7 3 {CAR.replace('Car', 'Bus')}\n8 3 {CAR.replace('Car', 'Bus')}\n")
    recording = KittiTracking(made.root).open(made.name)
    assert recording.labels[-1] == "Bus"
    assert (recording.groups["Bus"].truth, recording.groups["Bus"].on_request) == (("Bus",), True)
    assert "bus" in recording.groups["Bus"].found
    assert not recording.groups["vehicle"].on_request
    assert remarks(recording) == ("classes that are scored only where --labels names them: Bus (2 boxes)",)


CARS = MOT15_GT.replace(",1,-1,-1,-1", ",1,3,1").replace(",0,-1,-1,-1", ",0,3,1")


@pytest.mark.parametrize("gt", [CARS, CARS.replace(",3,1", ",3,1,-1")])
def test_cars_in_mots_layout_are_cars_in_nine_columns_and_in_ten(tmp_path: Path, gt: str) -> None:
    made = mot(tmp_path, "TINY-S1", gt)
    recording = MotChallenge(made.root).open(made.name)
    truth = recording.truth(1)
    assert truth is not None
    assert [recording.labels[label] for label in truth.labels] == ["car", "car"]
    assert not recording.groups["car"].on_request  # there is nothing else
    check_sound(recording)
    mixed = mot(
        tmp_path / "mixed", "TINY-S1", gt + ("2,3,1,1,9,9,1,1,1,-1\n" if ",-1" in gt else "2,3,1,1,9,9,1,1,1\n")
    )
    both = MotChallenge(mixed.root).open("TINY-S1")
    assert both.groups["car"].on_request
    assert "classes that are scored only where --labels names them: car (3 boxes)" in remarks(both)


def test_a_tools_own_class_names_go_before_mots(tmp_path: Path) -> None:
    made = mot(tmp_path, "TINY-S1", CARS)
    text(made.labels.with_name("labels.txt"), "bus\nperson\ntruck\n")
    recording = MotChallenge(made.root).open(made.name)
    truth = recording.truth(1)
    assert truth is not None
    assert (recording.labels, truth.labels.tolist()) == (("bus", "person", "truck"), [2, 2])
    assert set(truth.roles.tolist()) == {Role.POSITIVE}
    assert list(recording.groups) == ["truck"]


def test_a_class_that_mot_does_not_have_is_kept_by_its_number(tmp_path: Path) -> None:
    made = mot(tmp_path, "TINY-S1", CARS.replace(",3,1", ",15,1"))
    assert MotChallenge(made.root).open(made.name).labels[12:] == ("crowd", "class 14", "class 15")


@pytest.mark.parametrize("kind", ["mot", "kitti-tracking", "ua-detrac"])
def test_track_ids_of_twenty_digits_are_tracks(tmp_path: Path, kind: str) -> None:
    made = MAKERS[kind](tmp_path)
    said = made.labels.read_text()
    for old, new in ((",9,20,", f",{HUGE},20,"), ("7 2 Car", f"7 {HUGE} Car"), ('id="4"', f'id="{HUGE}"')):
        said = said.replace(old, new)
    made.labels.write_text(said)
    recording = OPEN[kind](made.root)
    truth = recording.truth(next(iter(made.pictures)))
    assert truth is not None
    objects = truth.pick(~truth.of_role(Role.REGION))
    assert len(set(objects.tracks.tolist())) == 2
    assert -1 not in objects.tracks
    check_sound(recording)
    assert any("track ids" in one for one in remarks(recording))


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs"), (" ", "spaces")])
def test_columns_may_be_separated_otherwise(tmp_path: Path, separator: str, name: str) -> None:
    made = mot15(tmp_path)
    plain = MotChallenge(made.root).open(made.name).truth(1)
    text(made.labels, made.labels.read_text().replace(",", separator))
    recording = MotChallenge(made.root).open(made.name)
    truth = recording.truth(1)
    assert plain is not None
    assert truth is not None
    assert truth.boxes.tolist() == plain.boxes.tolist()
    assert remarks(recording)[0].startswith(f"columns are separated by {name}, not by commas")


@pytest.mark.parametrize("rate", ["0", "-7", "nan", "inf", "1e99"])
def test_a_rate_that_no_camera_has_is_named_with_its_file(tmp_path: Path, rate: str) -> None:
    made = mot15(tmp_path)
    path = made.root / "train" / made.name / "seqinfo.ini"
    text(path, path.read_text().replace("frameRate=7", f"frameRate={rate}"))
    with pytest.raises(SequenceWrong) as raised:
        MotChallenge(made.root).open(made.name)
    assert str(path) in raised.value.sentence
    assert f"frameRate={rate}" in raised.value.sentence
    assert "seqinfo.ini" in raised.value.hint


@pytest.mark.parametrize(
    ("kind", "old", "new", "what"),
    [
        ("mot", "1,9,20,10,10,20", "1,9,20,10,-10,20", "line 1: the box has a negative size: -10x20"),
        ("mot", "1,9,20,10,10,20", "1,9,20,10,1e300,20", "line 1: '20 10 1e300"),
        ("mot", "1,9,20,10,10,20", "-1,9,20,10,10,20", "line 1: there is no frame -1"),
        ("mot", "1,9,20,10,10,20", f"{HUGE},9,20,10,10,20", "line 1: there is no frame 12345678901234567890"),
        ("kitti-object", "20.00 10.00 30.00", "40.00 10.00 30.00", "line 1: the box has a negative size: -10x20"),
        ("kitti-tracking", "7 2 Car", f"{HUGE} 2 Car", "line 1: there is no frame"),
        ("ua-detrac", 'num="2"', f'num="{HUGE}"', "line 21: there is no frame"),
        ("ua-detrac", 'width="24.5"', 'width="-24.5"', "line 16: the box has a negative size: -24.5x30"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_file_and_line(
    tmp_path: Path, kind: str, old: str, new: str, what: str
) -> None:
    made = MAKERS[kind](tmp_path)
    made.labels.write_text(made.labels.read_text().replace(old, new, 1))
    with pytest.raises(LabelsWrong) as raised:
        OPEN[kind](made.root)
    assert raised.value.sentence.startswith(f"{made.labels}, {what}")


@pytest.mark.parametrize(
    ("declared", "written"),
    [("gb2312", "gb18030"), ("GBK", "gbk"), ("euc-kr", "cp949"), ("EUC-KR", "euc-kr"), ("shift_jis", "cp932"),
     ("big5", "big5"), ("windows-1252", "cp1252"), ("UTF-8", "utf-8"), ("UTF-16", "utf-16"), ("utf-8", "utf-8-sig"),
     ("iso-8859-1", "latin-1")],
)  # fmt: skip
def test_xml_is_read_in_the_encoding_that_it_declares(tmp_path: Path, declared: str, written: str) -> None:
    made = ua_detrac(tmp_path)
    word = {"cp1252": "Käfer", "latin-1": "Käfer", "gbk": "轿车", "gb18030": "轿车", "big5": "轎車", "cp932": "車"}
    kind = word.get(written, "승용차")
    said = f'<?xml version="1.0" encoding="{declared}"?>\n' + DETRAC_XML.replace("Hovercraft", kind)
    made.labels.write_bytes(said.encode(written))
    recording = UaDetrac(made.root).open(made.name)
    assert kind in recording.labels
    assert remarks(recording) == ()


def test_utf_8_that_declares_wide_characters_is_read_and_told(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, f'<?xml version="1.0" encoding="utf-16"?>\n{DETRAC_XML}')
    (told,) = remarks(UaDetrac(made.root).open(made.name))
    assert told.startswith("it is not in the encoding utf-16")


def test_utf_8_with_its_mark_is_that_whatever_it_declares(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, f'\ufeff<?xml version="1.0" encoding="euc-kr"?>\n{DETRAC_XML.replace("Hovercraft", "승용차")}')
    assert "승용차" in UaDetrac(made.root).open(made.name).labels


@pytest.mark.parametrize("declared", ["ANSI", "klingon", "base64", "undefined"])
def test_an_encoding_that_nobody_knows_is_read_as_utf_8_and_told(tmp_path: Path, declared: str) -> None:
    made = ua_detrac(tmp_path)
    said = f'<?xml version="1.0" encoding="{declared}"?>\n{DETRAC_XML}'
    text(made.labels, said)
    (told,) = remarks(UaDetrac(made.root).open(made.name))
    assert f"nobody knows the encoding {declared}" in told
    made.labels.write_bytes(said.replace("Hovercraft", "轿车").encode("gbk"))
    with pytest.raises(LabelsWrong, match="is not text in the encoding that it declares"):
        UaDetrac(made.root).open(made.name)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is not whole XML: no element found"),
        ("<!DOCTYPE s [<!ENTITY a 'b'>]><sequence>&a;</sequence>", "declares entities: they are not read"),
        ("<sequence>" + "<frame>" * 100_000, "is nested too deep"),
        ("<sequence><frame>" + "<a/>" * 500_001, "has more than 500,000 elements in one"),
        ("<sequence name='" + "x" * 5_000_000, "has a part of more than 4,194,304 bytes"),
        ("<sequence><frame>" + "x" * 5_000_000, "has a text of more than"),
    ],
)
def test_xml_without_end_or_with_traps_is_refused(tmp_path: Path, content: str, what: str) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, content)
    with pytest.raises(LabelsWrong, match=what):
        UaDetrac(made.root).open(made.name)


def test_a_pedestrian_in_detracs_layout_is_no_vehicle(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    text(made.labels, DETRAC_XML.replace("Hovercraft", "Pedestrian"))
    recording = UaDetrac(made.root).open(made.name)
    assert recording.groups["vehicle"].truth == ("Sedan",)
    assert recording.groups["Pedestrian"].on_request
    assert "person" in recording.groups["Pedestrian"].found


def test_seconds_with_decimals_order_by_value_or_are_refused(tmp_path: Path) -> None:
    for name in ("1305031103.075304.png", "1305031102.975304.png"):
        picture(tmp_path / name)
    assert list(pictures(tmp_path)) == [1305031102975304, 1305031103075304]
    picture(tmp_path / "1305031104.5.png")
    with pytest.raises(FrameUnnumbered, match="gives no frame number"):
        pictures(tmp_path)


def test_a_name_of_twenty_digits_is_no_frame_number(tmp_path: Path) -> None:
    picture(tmp_path / f"{HUGE}.png")
    with pytest.raises(FrameUnnumbered, match=HUGE):
        pictures(tmp_path)


def test_pictures_named_by_nanoseconds_have_their_holes_counted_not_listed(tmp_path: Path) -> None:
    made = mot15(tmp_path)
    made.labels.unlink()
    start, period = 1_714_550_400_000_000_000, 33_366_700
    for step, path in zip((0, 1, 4), made.pictures.values(), strict=True):
        path.rename(path.with_name(f"{start + step * period + step % 2 * 1_000}.jpg"))
    recording = MotChallenge(made.root).open(made.name)
    assert unsound(recording) == ()
    assert any("2 pictures missing between frame 1714550400000000000" in one for one in remarks(recording))


@pytest.mark.parametrize("kind", ["mot", "kitti-object", "kitti-tracking", "ua-detrac", "dair-v2x-i", "bdd100k"])
def test_pictures_whose_names_have_no_number_are_left_out_and_told(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    picture(next(iter(made.pictures.values())).with_name("cover.png"))
    recording = open_dataset(kind, made.root).open(made.name)
    assert list(recording.numbers) == list(made.pictures)
    assert "1 picture whose names end in no number, left out: cover.png first" in remarks(recording)
