from pathlib import Path

import cv2
import numpy as np
import pytest

from sensors.clock import SystemClock
from sensors.files import ImageFolder, PictureUnreadable, VideoFile, read_picture
from sensors.frame import Image
from sensors.source import SourceUnusable
from tests.fakes import ManualClock


def gradient(height: int = 48, width: int = 80, shift: int = 0) -> Image:
    y, x = np.mgrid[:height, :width]
    return np.stack([x + shift, y * 2, x + y], axis=2).astype(np.uint8)


def saved(folder: Path, name: str, image: Image) -> Path:
    path = folder / name
    assert cv2.imwrite(str(path), image)
    return path


def test_a_png_comes_back_to_the_pixel_and_read_only(tmp_path: Path) -> None:
    image = read_picture(saved(tmp_path, "a.png", gradient()))
    np.testing.assert_array_equal(image, gradient())
    assert not image.flags.writeable


def test_a_jpeg_decodes_as_opencv_decodes_it(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", gradient())
    np.testing.assert_array_equal(read_picture(path), cv2.imread(str(path)))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.97])
def test_a_truncated_picture_is_refused_however_little_is_missing(tmp_path: Path, suffix: str, kept: float) -> None:
    path = saved(tmp_path, f"a{suffix}", gradient())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(PictureUnreadable, match=f"a{suffix}"):
        read_picture(path)


def test_a_missing_picture_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match="No such file"):
        read_picture(tmp_path / "none.png")


def test_a_folder_goes_by_name_and_a_damaged_picture_is_a_frame_with_a_fault(tmp_path: Path) -> None:
    for index in (2, 0, 1):
        saved(tmp_path, f"{index}.png", gradient(shift=index))
    (tmp_path / "1.png").write_bytes(b"\x89PNG, and then nothing")
    (tmp_path / "notes.txt").write_text("no picture")
    source = ImageFolder(ImageFolder.Options(path=tmp_path), stream="s", clock=ManualClock())
    frames = list(source.frames())
    assert [frame.id.seq for frame in frames] == [0, 1, 2]
    assert [bool(frame.fault) for frame in frames] == [False, True, False]
    assert frames[1].image.size == 0
    assert frames[2].image[0, 0, 0] == 2


@pytest.mark.parametrize("content", [None, "empty"])
def test_a_folder_that_is_missing_or_empty_can_not_be_a_source(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "pictures"
    if content:
        path.mkdir()
    with pytest.raises(SourceUnusable, match="pictures"):
        ImageFolder(ImageFolder.Options(path=path), stream="s", clock=SystemClock())


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
