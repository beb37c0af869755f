from pathlib import Path

import cv2
import pytest

from sensors.files import VideoFile
from sensors.source import SourceUnusable
from tests.fakes import ManualClock
from tests.written_pictures import gradient


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (80, 48))
    for shift in range(20):
        writer.write(gradient(shift=shift * 4))
    writer.release()
    return path


def test_a_video_gives_every_frame_and_its_own_rate(video: Path) -> None:
    with VideoFile(VideoFile.Options(path=video), stream="s", clock=ManualClock()) as source:
        assert source.fps == 12.0
        frames = list(source.frames())
    assert [frame.id.seq for frame in frames] == list(range(20))
    assert frames[0].image.shape == (48, 80, 3)


def test_a_file_that_is_no_video_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drive.mp4"
    path.write_bytes(b"not a video at all")
    with pytest.raises(SourceUnusable, match="is no video"):
        VideoFile(VideoFile.Options(path=path), stream="s", clock=ManualClock())
    capfd.readouterr()


def test_a_video_that_was_cut_off_shows_the_missing_frames_as_faults(video: Path) -> None:
    whole = video.read_bytes()
    video.write_bytes(whole[: int(len(whole) * 0.8)])
    with VideoFile(VideoFile.Options(path=video), stream="s", clock=ManualClock()) as source:
        frames = list(source.frames())
    assert any(frame.fault for frame in frames)
    assert not frames[0].fault
