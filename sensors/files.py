"""The source plugin `video`: a video file."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from sensors.clock import Clock
from sensors.config import Settings
from sensors.folder import ImageFolder as ImageFolder  # where installed entry points may still look for it
from sensors.frame import NO_IMAGE, Frame, FrameId
from sensors.ranges import Fps
from sensors.source import Origin, SourceUnusable


class VideoFile:
    """A video in any container and codec that OpenCV reads; frames count from 0."""

    class Options(Settings, frozen=True, kw_only=True):
        path: Path
        fps: Fps | None = None
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
