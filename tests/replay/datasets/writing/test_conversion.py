import math
from pathlib import Path

import numpy as np
import pytest

from replay.datasets.writing.content import CannotHold, Scale
from replay.datasets.writing.conversion import Conversion, ReadBackDiffers, difference
from replay.datasets.writing.formats import WRITERS
from replay.datasets.writing.whole_folder import PlaceTaken, whole_folder
from replay.recording import Recording, Severity, open_dataset
from replay.truth import OPTIONAL, Role
from sensors import atomic_files, plugins
from sensors.atomic_files import FileUnwritable
from tests.layouts import mot15
from tests.makers import MAKERS

RATE = 5.0


def made(kind: str, root: Path) -> Recording:
    one = MAKERS[kind](root)
    return open_dataset(kind, one.root).open(one.name)


@pytest.mark.parametrize("to", WRITERS)
@pytest.mark.parametrize("kind", plugins.names("datasets"))
def test_what_is_written_reads_back_but_for_what_was_told(kind: str, to: str, tmp_path: Path) -> None:
    recording = made(kind, tmp_path / "root")
    conversion = Conversion(recording, WRITERS[to], fps=None if recording.fps > 0 else RATE)
    how = conversion.write(tmp_path / "out")
    assert sum(how.values()) == 3
    back = open_dataset(to, tmp_path / "out").open(WRITERS[to].called(conversion.content.name))
    assert [problem for problem in back.problems() if problem.severity is not Severity.REMARK] == []
    for number, there in zip(recording.numbers, back.numbers, strict=True):
        np.testing.assert_array_equal(recording.picture(number), back.picture(there))
    if not conversion.losses:
        assert_all_the_same(recording, back)


def assert_all_the_same(one: Recording, other: Recording) -> None:
    """Independent of the conversion's own check: nothing told as lost is nothing lost."""
    assert one.numbers == other.numbers
    for number in one.numbers:
        here, there = one.truth(number), other.truth(number)
        assert here is not None
        assert there is not None
        names = [[recording.labels[i] if i >= 0 else "" for i in truth.labels] for recording, truth in
                 ((one, here), (other, there))]  # fmt: skip
        assert names[0] == names[1]
        for column in ("boxes", "tracks", "roles", *OPTIONAL):
            np.testing.assert_allclose(getattr(here, column), getattr(there, column), atol=1e-6, err_msg=column)


@pytest.mark.parametrize("kind", [kind for kind in plugins.names("datasets") if kind != "world"])
def test_openlabel_holds_all_that_any_truth_says(kind: str, tmp_path: Path) -> None:
    recording = made(kind, tmp_path / "root")
    conversion = Conversion(recording, WRITERS["openlabel"])
    assert [loss for loss in conversion.losses if "scored as one class" not in loss] == []
    conversion.write(tmp_path / "out")
    back = open_dataset("openlabel", tmp_path / "out").open(conversion.content.name)
    assert_all_the_same(recording, back)
    assert back.fps == pytest.approx(recording.fps, nan_ok=True)


def test_what_is_lost_is_told_with_numbers_before_anything_is_written(tmp_path: Path) -> None:
    recording = made("ua-detrac", tmp_path / "root")
    assert Conversion(recording, WRITERS["coco"]).losses == (
        "3 regions in which any number may be found",
        "which boxes are one object: 2 tracks of 3 boxes",
        "the truncation of 2 boxes",
        "the occlusion of 3 boxes",
        "the frame rate, 25 a second",
        "that Hovercraft, Sedan are scored as one class, vehicle",
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "root"]


def test_labels_are_merged_as_they_are_scored_where_that_is_asked_for(tmp_path: Path) -> None:
    conversion = Conversion(made("ua-detrac", tmp_path / "root"), WRITERS["openlabel"], merge=True)
    assert conversion.losses == ("names as they were: Hovercraft is vehicle, Sedan is vehicle",)
    conversion.write(tmp_path / "out")
    back = open_dataset("openlabel", tmp_path / "out").open("MVI_00001")
    assert (back.labels, list(back.groups)) == (("vehicle",), ["vehicle"])
    truth = back.truth(3)
    assert truth is not None
    assert truth.labels.tolist() == [-1]


def test_a_recording_with_nothing_in_it_has_no_classes_and_is_written_all_the_same(tmp_path: Path) -> None:
    one = MAKERS["tumtraf"](tmp_path / "root")
    one.labels.write_text('{"openlabel": {}}', encoding="utf-8")
    recording = open_dataset("tumtraf", one.root).open(one.name)
    for to, writer in WRITERS.items():
        Conversion(recording, writer).write(tmp_path / to)


def test_pictures_are_linked_or_copied_and_turned_ones_drawn(tmp_path: Path) -> None:
    one = mot15(tmp_path / "root")
    first, second, _ = one.pictures.values()
    exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    second.write_bytes(second.read_bytes()[:2] + exif + second.read_bytes()[2:])
    recording = open_dataset("mot", one.root).open(one.name)
    conversion = Conversion(recording, WRITERS["coco"])
    assert conversion.write(tmp_path / "linked") == {"linked": 2, "drawn": 1}
    assert conversion.write(tmp_path / "copied", copy=True) == {"copied": 2, "drawn": 1}
    assert first.stat().st_nlink == 2
    back = open_dataset("coco", tmp_path / "linked").open(one.name)
    np.testing.assert_array_equal(back.picture(2), recording.picture(2))


def test_a_conversion_that_fails_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    conversion = Conversion(made("mot", tmp_path / "root"), WRITERS["coco"])
    out = tmp_path / "out"

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversion.write(out, on_frame=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    killed = tmp_path / ".out.new"
    (killed / "annotations").mkdir(parents=True)
    (killed / "half").write_bytes(b"0")
    conversion.write(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "root"]
    assert not (out / "half").exists()
    with pytest.raises(PlaceTaken, match="holds something"):
        conversion.write(out)


def test_two_never_write_one_folder(tmp_path: Path) -> None:
    with (
        whole_folder(tmp_path / "out"),
        pytest.raises(PlaceTaken, match="another process"),
        whole_folder(tmp_path / "out"),
    ):
        pass


def test_a_file_that_can_not_be_written_is_called_by_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match=f"^{tmp_path}/out/no/a.txt can't"), whole_folder(tmp_path / "out") as made:
        atomic_files.write(made / "no" / "a.txt", b"a")


def test_what_is_written_otherwise_than_it_reads_back_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversion = Conversion(made("mot", tmp_path / "root"), WRITERS["coco"])
    rows = conversion.rows

    def shifted(place):  # type: ignore[no-untyped-def]
        truth = rows(place)
        shifts.append(len(shifts))
        return truth if len(shifts) > 3 * 2 else truth.pick(np.arange(len(truth))[1:])

    shifts: list[int] = []
    monkeypatch.setattr(conversion, "rows", shifted)
    with pytest.raises(ReadBackDiffers, match="frame 1: 2 boxes became 1"):
        conversion.write(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_layout_says_what_it_cannot_hold_at_all(tmp_path: Path) -> None:
    with pytest.raises(CannotHold, match="without a frame rate") as raised:
        Conversion(made("coco", tmp_path), WRITERS["mot"])
    assert "--fps" in raised.value.hint


@pytest.mark.parametrize(
    ("values", "fractions", "levels"),
    [
        ([0, 0], True, True),
        ([0, 0.5, 1], True, False),
        ([0, 1], False, True),
        ([0, 2], False, True),
        ([math.nan], True, True),
    ],
)
def test_one_alone_is_a_level_and_something_between_a_fraction(
    values: list[float], fractions: bool, levels: bool
) -> None:
    scale = Scale.of([np.array([value], np.float32) for value in values])
    assert (scale.fractions, scale.levels) == (fractions, levels)


def test_truths_are_compared_in_whatever_order_their_rows_are(tmp_path: Path) -> None:
    recording = made("kitti-tracking", tmp_path)
    truth = recording.truth(7)
    assert truth is not None
    turned = truth.pick(np.arange(len(truth))[::-1])
    assert difference(truth, recording.labels, turned, recording.labels) == ""
    moved = truth.pick(np.arange(len(truth)))
    moved.boxes[0, 0] += 0.01
    assert difference(truth, recording.labels, moved, recording.labels) == "a box moved"
    assert difference(truth, recording.labels, None, recording.labels) == "nobody labelled it"
    assert truth.of_role(Role.REGION).any()


@pytest.mark.parametrize("to", WRITERS)
def test_frames_numbered_with_holes_or_in_nanoseconds_stay_what_they_are(to: str, tmp_path: Path) -> None:
    one = mot15(tmp_path / "root")
    numbers = (2, 10, 1_700_000_000_123_456_789)
    for number, path in zip(numbers, one.pictures.values(), strict=True):
        path.rename(path.with_name(f"{number}.jpg"))
    said = one.labels.read_text().splitlines()
    one.labels.write_text("".join(f"{numbers[int(line[0]) - 1]}{line[1:]}\n" for line in said))
    recording = open_dataset("mot", one.root).open(one.name)
    Conversion(recording, WRITERS[to]).write(tmp_path / "out")
    back = open_dataset(to, tmp_path / "out").open(WRITERS[to].called(one.name))
    assert [problem for problem in back.problems() if problem.severity is not Severity.REMARK] == []
    assert len(back.numbers) == 3
