"""The source plugin `video`: a video file."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from sensors.addresses import without_login
from sensors.clock import Clock
from sensors.config import Settings
from sensors.frame import NO_IMAGE, Frame, FrameId
from sensors.ranges import Fps
from sensors.sources.decoding import Video, VideoUnreadable
from sensors.sources.folder import ImageFolder as ImageFolder  # where installed entry points may still look for it
from sensors.sources.pictures import PictureUnreadable
from sensors.sources.source import Origin, SourceUnusable


class VideoFile:
    """A video in any container and codec that FFmpeg reads; frames count from 0, each due when its own stamp says."""

    class Options(Settings, frozen=True, kw_only=True):
        path: Path
        fps: Fps | None = None
        """Instead of the frames' own stamps and of the rate that the container states."""

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        """Decodes the first frame; raises SourceUnusable."""
        self._stream = stream
        self._clock = clock
        self._own_time = options.fps is None
        self.origin = Origin("video", str(options.path))
        if options.path.is_dir():
            raise SourceUnusable(f"{options.path} is a folder, no video", 'for pictures in it, set kind = "folder"')
        if not options.path.is_file():
            what = "is no file" if options.path.exists() else "is not there"
            hint = 'check its path; a live camera is a source of kind "camera"'
            raise SourceUnusable(f"the video {without_login(str(options.path))} {what}", hint)
        try:
            self._video = Video(options.path)
        except VideoUnreadable as error:
            raise SourceUnusable(error.sentence, error.hint) from error
        self.fps = options.fps or self._video.fps
        frames = self._video.frames()
        first = next(frames, None)
        if first is None:
            self._video.close()
            raise SourceUnusable(f"{options.path} holds not a single frame", "take another copy of the video")
        self._frames = chain([first], frames)

    def frames(self) -> Iterator[Frame]:
        """Once."""
        for seq, shown in enumerate(self._frames):
            image, fault = NO_IMAGE, ""
            try:
                image = self._video.image(shown)
            except PictureUnreadable as error:
                fault = error.sentence
            offset_ns = shown.offset_ns if self._own_time else None
            yield Frame(FrameId(self._stream, seq), self._clock.now(), "arrival", image, fault, offset_ns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.close()
