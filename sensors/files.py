"""Pictures from files: single ones, folders of them, and videos. A damaged picture is told, never guessed at."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import simplejpeg

from sensors.clock import Clock
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Frame, FrameId, Image
from sensors.source import Origin, SourceUnusable

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
JPEG_START = b"\xff\xd8"
PNG_START, PNG_END = b"\x89PNG", b"IEND"


class PictureUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} can't be read as a picture: {why}", "replace the file by a whole copy")


def read_picture(path: Path) -> Image:
    """The picture in BGR, read-only; raises PictureUnreadable where it is missing, truncated or no picture."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureUnreadable(path, error.strerror or str(error)) from error
    image = _decode(path, content)
    image.flags.writeable = False
    return image


def _decode(path: Path, content: bytes) -> Image:
    if content.startswith(JPEG_START):
        try:
            # strict: a truncated JPEG decodes to a picture with a grey rest unless one insists
            return simplejpeg.decode_jpeg(content, "BGR", strict=True)  # type: ignore[no-any-return]
        except ValueError as error:
            raise PictureUnreadable(path, str(error)) from error
    if content.startswith(PNG_START) and PNG_END not in content[-12:]:
        raise PictureUnreadable(path, "the PNG is truncated")
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise PictureUnreadable(path, "it is no picture that OpenCV knows" if content else "the file is empty")
    return np.asarray(image, np.uint8)


def read_frame(path: Path, frame_id: FrameId, clock: Clock) -> Frame:
    """The picture as a frame that has arrived now; an unreadable one is a frame with a fault."""
    try:
        image, fault = read_picture(path), ""
    except PictureUnreadable as error:
        image, fault = NO_IMAGE, error.sentence
    return Frame(frame_id, clock.now(), "arrival", image, fault)


class _Opened:
    """Files need no opening of their own: they are read one by one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class ImageFolder(_Opened):
    """The pictures of a folder in the order of their names; frames count from 0."""

    class Options(Settings, frozen=True, kw_only=True):
        path: Path
        fps: float = 10.0

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self.fps = options.fps
        self.origin = Origin("folder", str(options.path))
        if not options.path.is_dir():
            raise SourceUnusable(f"there is no folder {options.path}", "check the path of the stream's source")
        self._paths = sorted(path for path in options.path.iterdir() if path.suffix.lower() in PICTURES)
        if not self._paths:
            raise SourceUnusable(f"{options.path} holds no pictures", f"it may hold {', '.join(PICTURES)} files")

    def frames(self) -> Iterator[Frame]:
        for seq, path in enumerate(self._paths):
            yield read_frame(path, FrameId(self._stream, seq), self._clock)


class VideoFile:
    """A video in any container and codec that OpenCV reads; frames count from 0."""

    class Options(Settings, frozen=True, kw_only=True):
        path: Path
        fps: float | None = None
        """Instead of the rate that the container states."""

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._path = options.path
        self.origin = Origin("video", str(options.path))
        if not options.path.is_file():
            raise SourceUnusable(f"there is no video {options.path}", "check the path of the stream's source")
        # One decoding thread costs the least CPU, and a replay has a whole period for each frame.
        self._video = cv2.VideoCapture(str(options.path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not self._video.isOpened():
            raise SourceUnusable(f"{options.path} is no video that OpenCV reads", "re-encode it, e.g. as H.264 in MP4")
        self.fps = options.fps or self._video.get(cv2.CAP_PROP_FPS) or float("nan")

    def frames(self) -> Iterator[Frame]:
        promised = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        seq = 0
        while True:
            there, image = self._video.read()
            if not there:
                break
            image.flags.writeable = False
            yield Frame(FrameId(self._stream, seq), self._clock.now(), "arrival", np.asarray(image, np.uint8))
            seq += 1
        # A container's count may be an estimate, but a video that was cut off must not pass for a short one.
        for missing in range(seq, promised):
            fault = f"{self._path} promises {promised} frames and ends after {seq}"
            yield Frame(FrameId(self._stream, missing), self._clock.now(), "arrival", NO_IMAGE, fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.release()
