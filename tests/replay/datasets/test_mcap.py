"""Recordings in MCAP files: ours with their truth, ROS 2 bags, a camera's packets, rings."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from replay.datasets.writing.mcap import write_mcap
from replay.recording import Severity, open_dataset
from sensors.frame import Encoded
from sensors.mcap.writing import FrameFacts, McapWriter
from sensors.sources.pictures import PictureUnreadable
from tests import layouts, layouts_labelling, mcap_files, videos
from tests.fakes import ManualClock
from tests.mcap_files import at, jpeg, ours, ros_bag

PICTURES = [jpeg(seed) for seed in range(4)]


def decoded(content: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_a_recording_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    made = layouts_labelling.bdd100k(tmp_path / "root")
    before = open_dataset("bdd100k", made.root).open(made.name)
    (tmp_path / "out").mkdir()
    written = write_mcap(before, tmp_path / "out" / "x.mcap", ManualClock())
    after = open_dataset("mcap", tmp_path / "out").open("x")
    assert (written.as_stored, written.as_png) == (3, 0)
    assert list(after.numbers) == list(before.numbers)
    assert (after.labels, dict(after.groups), after.note) == (tuple(before.labels), dict(before.groups), before.note)
    for number in before.numbers:
        np.testing.assert_array_equal(after.picture(number), before.picture(number))
        one, other = before.truth(number), after.truth(number)
        assert one is not None
        assert other is not None
        for column in ("boxes", "labels", "tracks", "roles", "truncated", "occluded", "distance_m", "areas"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_pictures_out_of_a_video_are_kept_without_loss(tmp_path: Path) -> None:
    made = layouts.world(tmp_path / "root")
    before = open_dataset("world", made.root).open(made.name)
    (tmp_path / "out").mkdir()
    written = write_mcap(before, tmp_path / "out" / "x.mcap", ManualClock())
    after = open_dataset("mcap", tmp_path / "out").open("x")
    assert (written.as_stored, written.as_png) == (0, len(before.numbers))
    for number in before.numbers:
        np.testing.assert_array_equal(after.picture(number), before.picture(number))
    assert after.fps == before.fps


def test_a_ros_2_bag_is_a_recording_without_labels(tmp_path: Path) -> None:
    ros_bag(tmp_path / "bag.mcap", PICTURES)
    recording = open_dataset("mcap", tmp_path).open("bag")
    frames = list(recording.frames("cam", ManualClock()))
    assert [frame.offset_ns for frame in frames] == [0, 100_000_000, 200_000_000, 300_000_000]
    assert recording.fps == pytest.approx(10)
    assert recording.truth(0) is None
    for frame, content in zip(frames, PICTURES, strict=True):
        assert frame.fault == ""
        np.testing.assert_array_equal(frame.image, decoded(content))


def test_a_bag_of_several_files_is_one_recording(tmp_path: Path) -> None:
    bag = tmp_path / "drive"
    bag.mkdir()
    (bag / "metadata.yaml").write_text("rosbag2_bagfile_information: {}\n")
    for part in (0, 1):
        ros_bag(bag / f"drive_{part}.mcap", PICTURES[2 * part : 2 * part + 2])
    dataset = open_dataset("mcap", tmp_path)
    assert list(dataset.recordings()) == ["drive"]
    assert len(dataset.open("drive").numbers) == 4


def test_two_cameras_in_one_file_are_two_recordings(tmp_path: Path) -> None:
    with (tmp_path / "two.mcap").open("wb") as file:
        writer = McapWriter(file)
        for stream in ("east", "west"):
            writer.picture(stream, Encoded("jpeg", PICTURES[0]), at(0), 0)
        writer.finish()
    assert list(open_dataset("mcap", tmp_path).recordings()) == ["two#/east/image", "two#/west/image"]


def packets(tmp_path: Path) -> list[Encoded]:
    import av

    path = videos.write_video(tmp_path / "clip.mp4", 12, options={"bf": "0", "g": "5"})
    with av.open(str(path)) as file:
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", file.streams.video[0])
        return [
            Encoded("h264", bytes(out)) for packet in file.demux(video=0) for out in annex_b.filter(packet) if out.size
        ]


def test_a_cameras_packets_are_decoded_in_any_order(tmp_path: Path) -> None:
    with (tmp_path / "x.mcap").open("wb") as file:
        writer = McapWriter(file)
        for place, packet in enumerate(packets(tmp_path)):
            writer.picture("north", packet, at(place), place)
            writer.facts("north", FrameFacts(seq=place, stamp=at(place), kind="arrival"))
        writer.finish()
    recording = open_dataset("mcap", tmp_path).open("x")
    assert [videos.number_in(frame.image) for frame in recording.frames("n", ManualClock())] == list(range(12))
    assert [videos.number_in(recording.picture(number)) for number in (7, 3, 11, 0)] == [7, 3, 11, 0]


def test_packets_before_the_first_key_frame_are_faults(tmp_path: Path) -> None:
    with (tmp_path / "x.mcap").open("wb") as file:
        writer = McapWriter(file)
        for place, packet in enumerate(packets(tmp_path)[2:]):
            writer.picture("north", packet, at(place), place)
        writer.finish()
    frames = list(open_dataset("mcap", tmp_path).open("x").frames("n", ManualClock()))
    assert [bool(frame.fault) for frame in frames] == [True, True] + [False] * 8


def test_a_file_cut_off_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    path = ours(tmp_path / "x.mcap", [jpeg(seed) for seed in range(150)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    recording = open_dataset("mcap", tmp_path).open("x")
    assert 0 < len(recording.numbers) < 150
    assert any(one.severity is Severity.DAMAGED and "cut off" in one.what for one in recording.problems())


def test_a_frame_without_its_picture_says_what_the_camera_said(tmp_path: Path) -> None:
    with (tmp_path / "x.mcap").open("wb") as file:
        writer = McapWriter(file)
        writer.picture("north", Encoded("jpeg", PICTURES[0]), at(0), 0)
        writer.facts("north", FrameFacts(seq=0, stamp=at(0), kind="arrival"))
        writer.facts("north", FrameFacts(seq=1, stamp=at(1), kind="arrival", fault="the camera was lost"))
        writer.finish()
    recording = open_dataset("mcap", tmp_path).open("x")
    assert [frame.fault for frame in recording.frames("n", ManualClock())] == ["", "the camera was lost"]
    with pytest.raises(PictureUnreadable, match="the camera was lost"):
        recording.picture(1)


def test_frames_that_count_from_0_again_are_counted_through(tmp_path: Path) -> None:
    with (tmp_path / "x.mcap").open("wb") as file:
        writer = McapWriter(file)
        for place, seq in enumerate((0, 1, 0, 1)):
            writer.picture("north", Encoded("jpeg", PICTURES[place]), at(place), seq)
            writer.facts("north", FrameFacts(seq=seq, stamp=at(place), kind="arrival"))
        writer.finish()
    recording = open_dataset("mcap", tmp_path).open("x")
    assert list(recording.numbers) == [0, 1, 2, 3]
    np.testing.assert_array_equal(recording.picture(3), decoded(PICTURES[3]))
    assert any("counted through" in one.what for one in recording.problems())


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"seq": 0, "boxes": [[1, 2, 3]]}',
        b"\xff",
        b'{"seq": 0, "boxes": [], "labels": [7], "tracks": [1], "roles": ["positive"]}',
    ],
)
def test_truth_that_contradicts_itself_makes_a_recording_unsound(tmp_path: Path, wrong: bytes) -> None:
    with (tmp_path / "x.mcap").open("wb") as file:
        writer = McapWriter(file)
        writer.picture("north", Encoded("jpeg", PICTURES[0]), at(0), 0)
        writer.json("/north/truth", "gilmok.Truth", {}, at(0))
        writer._put("/north/truth", wrong, at(0), 1)
        writer.finish()
    problems = list(open_dataset("mcap", tmp_path).open("x").problems())
    assert {one.severity for one in problems} == {Severity.UNSOUND}


def test_the_made_file_is_sound(tmp_path: Path) -> None:
    made = mcap_files.made(tmp_path)
    assert list(open_dataset("mcap", made.root).open(made.name).problems(on_picture=lambda: None)) == []
