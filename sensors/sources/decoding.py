"""Videos as FFmpeg shows them: edit lists and rotation heeded, every frame with its own time, none invented or lost."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from sensors.clock import NS_PER_S
from sensors.errors import GilmokError
from sensors.frame import Image
from sensors.sources.container import is_cut_off
from sensors.sources.pictures import MOST_PIXELS, PictureUnreadable

ERRORS = (av.FFmpegError, ValueError)
GUESSING, STRICT = ("mjpeg", "hevc"), "crccheck+bitstream+buffer+explode"
"""These decoders put a guess in the place of what they can't read and tell nobody, unless they are told to be strict;
others tell by themselves, or can't know."""
LEAST_FPS, MOST_FPS = 0.001, 1000.0
MOST_PAUSE_NS = 60 * NS_PER_S
"""Between two frames; where the frames' own clock jumps further, or back, the rate says how long."""


class VideoUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no video that FFmpeg reads: {why}", "re-encode it, e.g. as H.264 in MP4")


class VideoCutOff(VideoUnreadable):
    def __init__(self, path: Path) -> None:
        super().__init__(path, "it was cut off, and the index of its frames with what is missing")
        self.hint = "copy it again from where it was whole, or record MP4 in fragments: these can be read so far"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame that is shown, or should be."""

    offset_ns: int
    """Since the first one, by the frames' own stamps."""
    fault: str = ""
    """Why it can't be; empty where it can."""
    decoded: Any = None
    """FFmpeg's own frame, for `Video.image`; None where there is a fault."""


class Video:
    """An open file. How many frames are in it only reading tells: a duration times a rate is no number of frames."""

    def __init__(self, path: Path) -> None:
        """Raises VideoUnreadable."""
        self._path = path
        self._reformatter = VideoReformatter()
        self._container = _opened(path)
        self._stream = self._container.streams.best("video")
        cover = self._stream is not None and self._stream.disposition & Disposition.attached_pic
        if self._stream is None or cover or self._stream.codec_context is None:
            self._container.close()
            raise VideoUnreadable(path, "it has no moving pictures" if cover else "it has no video with a known codec")
        # One decoding thread costs the least CPU, and a replay has a whole period for each frame.
        self._stream.thread_type = "SLICE"
        self._stream.codec_context.thread_count = 1
        if self._stream.codec_context.name in GUESSING:
            self._stream.codec_context.options = {"err_detect": STRICT}

    @property
    def fps(self) -> float:
        """As the container states it; NaN where it states none."""
        stated = (float(rate or 0) for rate in (self._stream.average_rate, self._stream.guessed_rate))
        return next((rate for rate in stated if LEAST_FPS <= rate <= MOST_FPS), math.nan)

    def count(self) -> int:
        """How many frames it shows, by its packets: nothing is decoded. Uses the file up, as `frames` does."""
        begun = shown = 0
        for packet in self._packets():
            # What comes before the first key frame nobody can decode.
            begun = begun or packet.is_keyframe
            shown += bool(begun and packet.size > 0 and not packet.is_discard)
        return shown

    def frames(self) -> Iterator[Shown]:
        """Every frame once, in the order in which they are shown; one that can't be decoded is one with a fault."""
        index = [entry.size > 0 and not entry.is_discard for entry in self._stream.index_entries]
        time = _OwnTime(self._stream.time_base, self.fps)
        read = shown = 0
        undecodable: list[str] = []
        for packet in self._packets():
            read += packet.size > 0
            try:
                pictures = packet.decode()
            except ERRORS as error:
                pictures = []
                if not packet.is_discard:
                    undecodable.append(f"a frame can't be decoded: {_words(error)}")
            for picture in pictures:
                # What comes before the first key frame nobody can decode, and no player shows.
                for fault in undecodable if shown else ():
                    yield Shown(time.of(None), fault)
                undecodable = []
                shown += 1
                yield self._shown(picture, time.of(picture.pts))
        missing = sum(index[read:])
        if not missing and is_cut_off(self._path):
            missing = max(self._stream.frames - read, 1)
        for fault in (*undecodable, *[f"the file was cut off after {shown} frames"] * missing):
            yield Shown(time.of(None), fault)

    def image(self, shown: Shown) -> Image:
        """Its picture in BGR, read-only, turned as the video says. Raises PictureUnreadable."""
        if shown.decoded is None:
            raise PictureUnreadable(self._path, shown.fault)
        try:
            return image_of(shown.decoded, self._reformatter)
        except ERRORS as error:
            raise PictureUnreadable(self._path, _words(error)) from error

    def close(self) -> None:
        self._container.close()

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._stream)
        except ERRORS:
            return  # what is left can't be told apart any more; the index says how much it is

    def _shown(self, picture: Any, offset_ns: int) -> Shown:
        if picture.width * picture.height > MOST_PIXELS:
            size = f"{picture.width}x{picture.height}"
            return Shown(offset_ns, f"{size} are more than {MOST_PIXELS:,} pixels")
        if picture.is_corrupt:
            return Shown(offset_ns, "a frame is damaged")
        return Shown(offset_ns, "", picture)


class _OwnTime:
    """The frames' own stamps as nanoseconds since the first of them, never backwards."""

    def __init__(self, time_base: Any, fps: float) -> None:
        self._unit_ns = float(time_base or 0) * NS_PER_S
        self._period_ns = 0 if math.isnan(fps) else round(NS_PER_S / fps)
        self._zero_ns: int | None = None
        """On the frames' own clock."""
        self._last_ns = -self._period_ns

    def of(self, pts: int | None) -> int:
        """Of a frame with this stamp; None: a period after the last one."""
        due_ns = self._last_ns + self._period_ns
        if pts is not None:
            own_ns = round(pts * self._unit_ns)
            if self._zero_ns is None or not 0 <= own_ns - self._zero_ns - self._last_ns <= MOST_PAUSE_NS:
                self._zero_ns = own_ns - due_ns
            due_ns = own_ns - self._zero_ns
        self._last_ns = due_ns
        return due_ns


def image_of(decoded: Any, reformatter: VideoReformatter) -> Image:
    """FFmpeg's own frame in BGR, read-only, turned as the video says. Raises ERRORS."""
    # The pixels of OpenCV's own reader to the last bit, and no copy of them.
    plain = reformatter.reformat(decoded, format="bgr24", interpolation="BICUBIC", threads=1)
    plane = plain.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plain.height, : 3 * plain.width]
    image = np.ascontiguousarray(rows).reshape(plain.height, plain.width, 3)
    matrix = decoded.side_data.get("DISPLAYMATRIX")
    if matrix is not None:
        image = _turned(image, bytes(matrix))
    image.flags.writeable = False
    return image


def _opened(path: Path) -> Any:
    if path.is_fifo():
        raise VideoUnreadable(path, "it is a pipe, and no file")
    try:
        # A file, whatever its name (2024-05-01T10:00:00.mp4 names no protocol), and no other that it may point at.
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except ERRORS as error:
        if path.is_file() and is_cut_off(path):
            raise VideoCutOff(path) from error
        raise VideoUnreadable(path, _words(error)) from error


def _turned(image: Image, matrix: bytes) -> Image:
    """By a display matrix: nine integers; (x, y) is shown at (a x + c y, b x + d y)."""
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, across, down = image.transpose(1, 0, 2), c, b
    else:
        across, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
