import os
from pathlib import Path

import pytest

from sensors.sources.files import VideoFile
from sensors.sources.source import SourceUnusable
from tests.fakes import ManualClock
from tests.videos import number_in, write_video


def opened(path: Path, fps: float | None = None) -> VideoFile:
    return VideoFile(VideoFile.Options(path=path, fps=fps), stream="s", clock=ManualClock())


def test_a_video_gives_every_frame_its_own_time_and_the_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "drive.mkv", 4, fps=12, at_ms=[0, 83, 167, 917])
    with opened(path) as source:
        assert source.fps == 12.0
        frames = list(source.frames())
    assert [frame.id.seq for frame in frames] == [0, 1, 2, 3]
    assert [number_in(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [frame.offset_ns for frame in frames] == [0, 83_000_000, 167_000_000, 917_000_000]
    assert not any(frame.fault for frame in frames)


def test_a_rate_that_is_given_takes_the_place_of_the_stamps(tmp_path: Path) -> None:
    with opened(write_video(tmp_path / "drive.mkv", 3, fps=12), fps=5.0) as source:
        assert source.fps == 5.0
        assert [frame.offset_ns for frame in source.frames()] == [None, None, None]


def test_missing_frames_are_faults(tmp_path: Path) -> None:
    path = write_video(tmp_path / "drive.mp4", 60, container={"movflags": "faststart"}, size=(320, 240))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with opened(path) as source:
        frames = list(source.frames())
    assert len(frames) == 60
    assert not frames[0].fault
    assert "the file was cut off after" in frames[-1].fault
    assert not frames[-1].image.size


def test_what_is_no_video_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "drive.mp4").write_bytes(b"not a video at all")
    os.mkfifo(tmp_path / "pipe.mp4")
    write_video(tmp_path / "empty.mkv", 0)
    for path, why in (
        (tmp_path / "drive.mp4", "is no video that FFmpeg reads"),
        (tmp_path / "gone.mp4", "gone.mp4 is not there"),
        (Path("rtsp://user:secret@camera/1"), r"the video rtsp:/\*\*\*@camera/1 is not there\n.*live camera"),
        (tmp_path, "is a folder, no video"),
        (tmp_path / "pipe.mp4", "pipe.mp4 is no file"),
        (Path("/dev/zero"), "zero is no file"),
        (tmp_path / "empty.mkv", "single frame|no video"),
    ):
        with pytest.raises(SourceUnusable, match=why):
            opened(path)
