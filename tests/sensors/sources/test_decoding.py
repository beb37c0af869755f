import os
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from sensors.sources.decoding import Shown, Video, VideoCutOff, VideoUnreadable
from sensors.sources.pictures import PictureUnreadable
from tests.videos import begin_at, number_in, picture, turn, write_video

FASTSTART = {"movflags": "faststart"}


def all_of(path: Path) -> tuple[Video, list[Shown]]:
    video = Video(path)
    return video, list(video.frames())


def numbers(path: Path) -> list[int]:
    video, shown = all_of(path)
    return [number_in(video.image(one)) for one in shown]


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size"),
    [
        ("a.mp4", "libx264", "yuv420p", (64, 48)),
        ("a.mkv", "libx264", "yuv444p", (66, 50)),
        ("a.mov", "libx264", "yuv420p10le", (64, 48)),
        ("a.avi", "mjpeg", "yuvj420p", (64, 48)),
        ("a.ts", "libx264", "yuv420p", (64, 48)),
        ("a.webm", "libvpx", "yuv420p", (65, 49)),
        ("odd.mkv", "ffv1", "yuv420p", (65, 49)),
        ("grey.mkv", "ffv1", "gray", (65, 49)),
    ],
)
def test_pixels_are_those_of_opencv_to_the_last_bit(
    tmp_path: Path, name: str, codec: str, pixels: str, size: tuple[int, int]
) -> None:
    path = write_video(tmp_path / name, 5, codec=codec, pixels=pixels, size=size)
    video, shown = all_of(path)
    assert len(shown) == 5
    other = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    for one in shown:
        image = video.image(one)
        assert not image.flags.writeable
        assert image.flags.c_contiguous
        assert np.array_equal(image, other.read()[1])


def test_frames_before_an_edit_list_begins_are_not_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "trimmed.mp4", 30, options={"bf": "0"})
    begin_at(path, 12)
    assert numbers(path) == list(range(12, 30))


def test_a_longer_sound_adds_no_frame(tmp_path: Path) -> None:
    assert numbers(write_video(tmp_path / "sound.mkv", 20, sound_s=5)) == list(range(20))


def test_every_frame_has_its_own_time(tmp_path: Path) -> None:
    at_ms = [0, 33, 67, 100, 300, 500, 2500]
    video, shown = all_of(write_video(tmp_path / "vfr.mkv", 7, at_ms=at_ms))
    assert [one.offset_ns for one in shown] == [ms * 1_000_000 for ms in at_ms]
    assert video.fps == 30.0


def test_a_clock_that_jumps_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    at_ms = [1000, 1040, 90_000_000, 90_000_040]
    _, shown = all_of(write_video(tmp_path / "jump.mkv", 4, at_ms=at_ms, fps=25, options={"bf": "0"}))
    assert [one.offset_ns // 1_000_000 for one in shown] == [0, 40, 80, 120]


@pytest.mark.parametrize("name", ["one.mp4", "one.mkv", "one.avi"])
def test_one_frame_is_a_video(tmp_path: Path, name: str) -> None:
    assert numbers(write_video(tmp_path / name, 1, codec="mpeg4")) == [0]


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    assert numbers(write_video(tmp_path / "cover.mkv", 10, cover=True)) == list(range(10))


# a, b, c, d of the display matrix, and which corner is white then.
TURNS = [
    ((1, 0, 0, 1), "upper left"),
    ((0, 1, -1, 0), "upper right"),
    ((-1, 0, 0, -1), "lower right"),
    ((0, -1, 1, 0), "lower left"),
    ((-1, 0, 0, 1), "upper right"),
    ((1, 0, 0, -1), "lower left"),
    ((0, 1, 1, 0), "upper left"),
    ((0, -1, -1, 0), "lower right"),
]


@pytest.mark.parametrize(("matrix", "corner"), TURNS)
def test_a_video_is_turned_as_it_says(tmp_path: Path, matrix: tuple[int, int, int, int], corner: str) -> None:
    path = write_video(tmp_path / "turned.mp4", 1)
    turn(path, matrix)
    video, (only,) = all_of(path)
    image = video.image(only)
    assert image.shape == ((48, 64, 3) if matrix[0] else (64, 48, 3))
    assert image.flags.c_contiguous
    corners = {
        "upper left": image[4, 4],
        "upper right": image[4, -5],
        "lower left": image[-5, 4],
        "lower right": image[-5, -5],
    }
    assert max(corners, key=lambda name: int(corners[name].mean())) == corner


@pytest.mark.parametrize(
    ("name", "codec", "container", "missing"),
    [
        ("a.mp4", "libx264", FASTSTART, 60),
        ("a.avi", "mpeg4", {}, 60),
        ("m.avi", "mjpeg", {}, 60),
        ("a.mkv", "libx264", {}, None),
        ("a.webm", "libvpx", {}, None),
    ],
)
def test_a_video_that_was_cut_off_does_not_pass_for_a_short_one(
    tmp_path: Path, name: str, codec: str, container: dict[str, str], missing: int | None
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(tmp_path / name, 60, codec=codec, container=container, pixels=pixels, size=(320, 240))
    whole = path.read_bytes()
    assert len(numbers(path)) == 60
    for share in (0.99, 0.6):
        path.write_bytes(whole[: int(len(whole) * share)])
        video, shown = all_of(path)
        faults = [one for one in shown if one.fault]
        assert faults, share
        assert shown[0] not in faults
        # Where the container says how many there are, every missing one is counted; else the cut itself is.
        if share == 0.6 and missing is not None:
            assert len(shown) == missing
        with pytest.raises(PictureUnreadable, match=r"cut off|can't be decoded"):
            video.image(faults[-1])


def test_an_mp4_whose_index_was_cut_off_says_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 10)
    content = path.read_bytes()
    path.write_bytes(content[: content.find(b"moov") - 100])
    with pytest.raises(VideoCutOff, match="it was cut off, and the index"):
        Video(path)


def test_what_a_decoder_would_guess_at_is_a_frame_with_a_fault(tmp_path: Path) -> None:
    """Of single bits that were flipped, most are told; FFmpeg by itself conceals nearly all."""
    path = write_video(tmp_path / "a.avi", 20, codec="mjpeg", pixels="yuvj420p", size=(320, 240))
    content = path.read_bytes()
    told = 0
    for place in range(10):
        spoilt = bytearray(content)
        spoilt[len(content) // 4 + place * len(content) // 20] ^= 16
        path.write_bytes(spoilt)
        told += any(one.fault for one in all_of(path)[1])
    assert told >= 4


def test_a_damaged_frame_is_one_with_a_fault_in_its_place(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 10, codec="mjpeg", pixels="yuvj420p")
    content = bytearray(path.read_bytes())
    begin = content.find(b"movi")
    chunks = [at for at in range(begin, len(content)) if content[at : at + 4] == b"00dc"]
    content[chunks[4] + 8 : chunks[5]] = bytes(chunks[5] - chunks[4] - 8)
    path.write_bytes(content)
    _, shown = all_of(path)
    assert [bool(one.fault) for one in shown] == [number == 4 for number in range(10)]


def test_what_comes_before_the_first_key_frame_is_not_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.h264", 30, options={"g": "10", "keyint_min": "10", "bf": "0", "sc_threshold": "0"})
    content = path.read_bytes()
    # Each key frame has its parameters before it; cut between the first and the second.
    second = content.find(b"\x00\x00\x00\x01\x67", 8)
    later = content.find(b"\x00\x00\x01\x41", 300)
    assert 0 < later < second
    path.write_bytes(content[later:])
    video, shown = all_of(path)
    assert [number_in(video.image(one)) for one in shown] == list(range(10, 30))


@pytest.mark.parametrize(
    "name",
    [b"2024-05-01T10:00:00.mp4", b"pipe:0.mp4", b"caf\xe9.mp4", b"a%20%d[1].mp4", "길목.mp4".encode(), b"-i.mp4"],
)
def test_a_file_is_a_file_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    written = write_video(tmp_path / "a.mp4", 3)
    monkeypatch.chdir(tmp_path)
    written.rename(os.fsdecode(name))
    assert numbers(Path(os.fsdecode(name))) == [0, 1, 2]


@pytest.mark.parametrize(
    "content", [b"", b"not a video at all", bytes(5000), b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n"]
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "drive.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoUnreadable, match="is no video that FFmpeg reads"):
        Video(path)


def test_a_file_with_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    with pytest.raises(VideoUnreadable, match="no video with a known codec"):
        Video(path)


def test_a_picture_tells_its_number() -> None:
    assert [number_in(picture(number)) for number in (0, 7, 60, 63)] == [0, 7, 60, 63]
