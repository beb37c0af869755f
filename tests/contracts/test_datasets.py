"""What every data set plugin owes its callers."""

import contextlib
import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from replay.recording import DatasetWrong, Recording, RecordingUnknown, check_sound, open_dataset
from replay.truth import Role
from sensors import plugins
from sensors.errors import GilmokError
from sensors.sources.pictures import PictureUnreadable
from tests.fakes import ManualClock
from tests.layouts import Made, told
from tests.makers import MAKERS
from tests.mangling import mangled

KINDS = plugins.names("datasets")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(kind: str, tmp_path: Path) -> Made:
    return MAKERS[kind](tmp_path / "root")


@pytest.fixture
def recording(kind: str, made: Made) -> Recording:
    return open_dataset(kind, made.root).open(made.name)


def test_a_data_set_names_its_recordings(kind: str, made: Made, recording: Recording) -> None:
    assert list(open_dataset(kind, made.root).recordings()) == [made.name]
    assert (recording.dataset, recording.name, recording.note) == (kind, made.name, made.note)


def test_numbers_are_the_pictures_own_ascending(made: Made, recording: Recording) -> None:
    assert list(recording.numbers) == list(made.pictures)


def test_frames_come_in_order_stamped_as_they_are_read(made: Made, recording: Recording) -> None:
    clock = ManualClock(tick_ns=5)
    frames = list(recording.frames("east", clock))
    assert [(frame.id.stream, frame.id.seq) for frame in frames] == [("east", number) for number in made.pictures]
    stamps = [frame.stamp.mono_ns for frame in frames]
    assert stamps == sorted(set(stamps))
    for frame in frames:
        assert (frame.fault, frame.image.shape, frame.image.flags.writeable) == ("", (48, 64, 3), False)
        np.testing.assert_array_equal(frame.image, recording.picture(frame.id.seq))


def test_a_damaged_picture_is_a_frame_with_a_fault(made: Made, recording: Recording) -> None:
    if made.one_file:
        pytest.skip("its frames lie in one video")
    number, path = list(made.pictures.items())[1]
    path.write_bytes(path.read_bytes()[:-200])
    faults = {frame.id.seq: frame.fault for frame in recording.frames("east", ManualClock())}
    assert str(path) in faults.pop(number)
    assert set(faults.values()) == {""}
    with pytest.raises(PictureUnreadable, match=path.name):
        recording.picture(number)
    assert any(f"frame {number}: {path}" in sentence for sentence in told(recording, thoroughly=True))


def test_a_picture_that_went_away_is_a_frame_with_a_fault(made: Made, recording: Recording) -> None:
    if made.one_file:
        pytest.skip("its frames lie in one video")
    number, path = next(iter(made.pictures.items()))
    path.unlink()
    assert next(recording.frames("east", ManualClock())).fault != ""
    assert any(f"frame {number}: " in sentence for sentence in told(recording))


def test_a_video_that_was_cut_off_has_frames_with_faults(made: Made, recording: Recording) -> None:
    if not made.one_file:
        pytest.skip("each of its frames is a file")
    if made.labels.suffix == ".mcap":
        pytest.skip("what is cut off may be its index alone: tests/sensors/mcap")
    video = made.pictures[0]
    video.write_bytes(video.read_bytes()[:-600])
    frames = list(recording.frames("east", ManualClock()))
    assert [frame.id.seq for frame in frames] == list(made.pictures)
    assert any(frame.fault for frame in frames)
    assert any(video.name in sentence for sentence in told(recording))


def test_a_number_that_nobody_took_a_picture_of_has_neither_picture_nor_truth(recording: Recording) -> None:
    with pytest.raises(KeyError):
        recording.picture(999_999)
    assert recording.truth(999_999) is None


def test_truth_speaks_the_recordings_labels(recording: Recording) -> None:
    for number in recording.numbers:
        truth = recording.truth(number)
        assert truth is not None
        assert [column.dtype.name for column in (truth.boxes, truth.labels, truth.tracks)] == [
            "float64",
            "int64",
            "int64",
        ]
        assert set(truth.roles.tolist()) <= set(Role)
        regions = truth.of_role(Role.REGION)
        assert set(truth.labels[~regions].tolist()) <= set(range(len(recording.labels)))


def test_the_first_frame_has_two_objects_and_the_last_has_none(recording: Recording) -> None:
    first, last = recording.truth(recording.numbers[0]), recording.truth(recording.numbers[-1])
    assert first is not None
    assert first.boxes[:2, :2].round(4).tolist() in ([[20, 10], [40, 8]], [[20, 10], [40.5, 8]])
    assert last is not None
    assert not len(last.pick(~last.of_role(Role.REGION)))


def test_groups_merge_labels_that_the_truth_has(recording: Recording) -> None:
    assert recording.groups
    for group in recording.groups.values():
        assert group.found
        assert set(group.truth) <= set(recording.labels)


def test_a_sound_recording_has_no_problems(recording: Recording) -> None:
    looked_at: list[int] = []
    assert list(recording.problems(on_picture=lambda: looked_at.append(1))) == []
    assert len(looked_at) == len(recording.numbers)
    check_sound(recording)


def test_the_digest_is_the_content_and_not_the_place(kind: str, recording: Recording, tmp_path: Path) -> None:
    twin = MAKERS[kind](tmp_path / "elsewhere")
    assert open_dataset(kind, twin.root).open(twin.name).digest == recording.digest
    assert len(recording.digest) == 64


@pytest.mark.parametrize("what", ["picture", "labels"])
def test_one_other_byte_is_another_digest(kind: str, made: Made, recording: Recording, what: str) -> None:
    before = recording.digest
    path = made.labels if what == "labels" else made.pictures[max(made.pictures)]
    path.write_bytes(path.read_bytes() + b"\n")
    assert open_dataset(kind, made.root).open(made.name).digest != before


def test_a_recording_that_is_not_there_is_named_with_those_that_are(kind: str, made: Made) -> None:
    with pytest.raises(RecordingUnknown) as raised:
        open_dataset(kind, made.root).open("MVI_4O201")
    assert "MVI_4O201" in raised.value.sentence
    assert made.name in raised.value.hint


def test_a_folder_that_is_not_there_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetWrong, match="there is no folder") as raised:
        open_dataset(kind, tmp_path / "nowhere")
    assert raised.value.hint.startswith("name the folder that holds ")


def test_a_folder_of_something_else_is_refused_and_told_apart(kind: str, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    with pytest.raises(DatasetWrong, match="it holds holiday") as raised:
        open_dataset(kind, tmp_path)
    assert kind in raised.value.sentence


def test_the_folder_above_the_root_is_refused_and_the_root_named(kind: str, made: Made) -> None:
    with pytest.raises(DatasetWrong) as raised:
        open_dataset(kind, made.root.parent)
    assert f"{made.root} does" in raised.value.hint


def test_a_part_of_the_layout_stands_for_its_root(kind: str, made: Made) -> None:
    for part in made.parts or made.root.iterdir():
        assert list(open_dataset(kind, part).recordings()) == [made.name]


def test_what_file_managers_leave_behind_is_no_part_of_it(kind: str, made: Made, recording: Recording) -> None:
    for folder in [made.root, *(path for path in made.root.rglob("*") if path.is_dir())]:
        for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
            (folder / name).write_bytes(b"\0")
        for path in [path for path in folder.iterdir() if path.is_file()]:
            (folder / f"._{path.name}").write_bytes(b"\0Mac OS X")
    (made.root / "__MACOSX").mkdir()
    again = open_dataset(kind, made.root)
    assert list(again.recordings()) == [made.name]
    assert again.open(made.name).digest == recording.digest
    assert told(again.open(made.name)) == []


def test_a_byte_order_mark_changes_nothing(kind: str, made: Made, recording: Recording) -> None:
    if made.labels.suffix in (".gz", ".mcap"):
        pytest.skip("its labels are no text")
    made.labels.write_bytes(b"\xef\xbb\xbf" + made.labels.read_bytes())
    assert_same_truth(open_dataset(kind, made.root).open(made.name), recording)


def test_endings_are_endings_whatever_their_case(kind: str, made: Made) -> None:
    if made.one_file:
        pytest.skip("its frames lie in one video")
    for path in made.pictures.values():
        path.rename(path.with_suffix(path.suffix.upper()))
    recording = open_dataset(kind, made.root).open(made.name)
    assert list(recording.numbers) == list(made.pictures)
    assert all(frame.fault == "" for frame in recording.frames("east", ManualClock()))


def test_folders_whose_names_are_not_utf_8_are_folders(kind: str, made: Made, tmp_path: Path) -> None:
    root = made.root.rename(tmp_path / "\udcb1\udce6\udcb8\udcf1")
    recording = open_dataset(kind, root).open(made.name)
    assert all(frame.fault == "" for frame in recording.frames("east", ManualClock()))
    assert told(recording, thoroughly=True) == []


@pytest.mark.parametrize("seed", range(3))
def test_labels_that_were_mangled_are_refused_or_read_and_nothing_else(kind: str, made: Made, seed: int) -> None:
    """A fuzz of its own: whatever a disk, a tool or a hand did to the file, no other error, and no warning."""
    rng = np.random.default_rng(seed)
    whole = made.labels.read_bytes()
    whole = gzip.decompress(whole) if made.labels.suffix == ".gz" else whole
    for _ in range(60):
        content = mangled(whole, rng)
        made.labels.write_bytes(gzip.compress(content, 1) if made.labels.suffix == ".gz" else content)
        with contextlib.suppress(GilmokError):
            recording = open_dataset(kind, made.root).open(made.name)
            told(recording)
            for number in recording.numbers:
                recording.truth(number)


def assert_same_truth(one: Recording, other: Recording) -> None:
    assert list(one.numbers) == list(other.numbers)
    for number in one.numbers:
        here, there = one.truth(number), other.truth(number)
        assert here is not None
        assert there is not None
        for column in dataclasses.fields(here):
            np.testing.assert_array_equal(getattr(here, column.name), getattr(there, column.name))


@pytest.mark.parametrize(
    ("kind", "folder", "name", "frames", "first", "boxes", "regions", "tracks", "fps"),
    [
        ("ua-detrac", "UA-DETRAC", "MVI_40201", 500, 1, 5577, 1500, 72, 25),
        ("mot", "MOT15", "PETS09-S2L1", 250, 1, 1544, 0, 10, 7),
        ("kitti-object", "KITTI_object", "training", 8, 0, 18, 19, 0, 10),
        ("kitti-tracking", "KITTI_tracking_derived", "0052", 25, 7, 190, 83, 8, 10),
    ],
)
def test_the_shared_recordings_have_the_known_counts(
    shared: Path,
    kind: str,
    folder: str,
    name: str,
    frames: int,
    first: int,
    boxes: int,
    regions: int,
    tracks: int,
    fps: float,
) -> None:
    recording = open_dataset(kind, shared / "recordings" / folder).open(name)
    truths = [truth for number in recording.numbers if (truth := recording.truth(number))]
    marked = np.concatenate([truth.of_role(Role.REGION) for truth in truths])
    ids = np.concatenate([truth.tracks for truth in truths])
    assert (len(recording.numbers), recording.numbers[0], recording.fps) == (frames, first, fps)
    assert (int((~marked).sum()), int(marked.sum())) == (boxes, regions)
    assert len(set(ids[ids >= 0].tolist())) == tracks
