"""The source plugin `camera`: RTSP and HTTP streams, USB and CSI devices, through OpenCV.

A frame is stamped when it has arrived, before it is made a picture. The camera sets the pace.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import cv2
import numpy as np

from sensors.clock import NS_PER_MS, NS_PER_S, Clock
from sensors.config import Settings
from sensors.frame import NO_IMAGE, Frame, FrameId
from sensors.outside import ContentWrong, read_bytes, text_of
from sensors.private_files import check_secret
from sensors.ranges import DeviceNumber, Fps, Seconds, SecondsOrNone, Text, quoted
from sensors.sources.source import Origin, SourceBroke, SourceUnusable

log = logging.getLogger(__name__)

FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
LOW_LATENCY = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|max_delay;0"
"""Without these FFmpeg sorts and smooths: frames of an RTSP camera were up to 1.8 s old instead of 85 ms."""
LOGIN_BYTES = 1000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 250, 5_000
"""Between two attempts to get a lost camera back; each pause is twice the one before."""


class CameraLost(SourceBroke):
    def __init__(self, name: str, tried_s: float, why: str) -> None:
        super().__init__(
            f"{name} was lost and did not come back within {tried_s:g} s: {why}",
            "is it on, and does the network reach it? The source's give_up_s says how long to try",
        )


class Camera:
    """Frames count from 0. Where the camera is lost, one frame with a fault says so, and the next is its first back."""

    class Options(Settings, frozen=True, kw_only=True):
        url: Text | DeviceNumber
        """rtsp://, http:// (MJPEG), ..., a device's file such as /dev/video0, or its number."""
        login: Path | None = None
        """A file that holds user:password for the URL."""
        fps: Fps | None = None
        """Instead of the rate that the stream states."""
        open_timeout_s: Seconds = 10.0
        read_timeout_s: Seconds = 5.0
        """A network camera that is silent for longer (RTSP: twice as long) is lost; of a device the driver says it."""
        give_up_s: SecondsOrNone = 60.0
        """How long to try to get a lost camera back."""

    live = True

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        """Connects; raises SourceUnusable."""
        self._options = options
        self._stream = stream
        self._clock = clock
        self._address = _address(options)
        self.origin = Origin("camera", _shown(self._address))
        self._video: Any = self._opened()
        if self._video is None:
            raise SourceUnusable(
                f"there is no camera at {self.origin.name}, or it doesn't let itself be opened",
                "check its address, its login and that nobody else has it; OpenCV's own words stand above",
            )
        self.fps = options.fps or self._stated_fps()

    def frames(self) -> Iterator[Frame]:
        """Raises CameraLost, and SourceUnusable where there is not even a first picture."""
        for seq in count():
            if self._video is None:
                self._come_back()
            arrived = self._video.grab()
            stamp = self._clock.now()
            there, image = self._video.retrieve() if arrived else (False, None)
            if there and image is not None:
                image.flags.writeable = False
                yield Frame(FrameId(self._stream, seq), stamp, "arrival", np.asarray(image, np.uint8))
                continue
            if seq == 0:
                raise SourceUnusable(f"{self.origin.name} gives no picture", "does another program show one?")
            fault = f"{self.origin.name} sent what is no picture"
            if not arrived:
                self._let_go()
                fault = f"{self.origin.name} was lost: it ended the stream, or was silent for too long"
                log.warning("%s", fault)
            yield Frame(FrameId(self._stream, seq), stamp, "arrival", NO_IMAGE, fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _come_back(self) -> None:
        """Connect again, with growing pauses; raises CameraLost."""
        lost_ns = self._clock.now().mono_ns
        until_ns = lost_ns + int(self._options.give_up_s * NS_PER_S)
        pause_ms = FIRST_PAUSE_MS
        while self._video is None:
            now_ns = self._clock.now().mono_ns
            if now_ns >= until_ns:
                raise CameraLost(self.origin.name, self._options.give_up_s, "it can't be opened")
            self._clock.sleep_until(min(now_ns + pause_ms * NS_PER_MS, until_ns))
            pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)
            self._video = self._opened()
        away_s = (self._clock.now().mono_ns - lost_ns) / NS_PER_S
        log.warning("%s is back after %.1f s", self.origin.name, away_s)

    def _opened(self) -> Any:
        """The capture, or None where there is none."""
        if isinstance(self._address, int) or self._address.startswith("/"):
            # By number or by file, the driver's own interface: FFmpeg would open a device without its settings.
            video = cv2.VideoCapture(self._address, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
        else:
            timeouts = [
                (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._options.open_timeout_s),
                (cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._options.read_timeout_s),
            ]
            settings = [number for key, seconds in timeouts for number in (key, round(seconds * 1000))]
            with _low_latency():
                # With several decoding threads FFmpeg is as many frames behind.
                video = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, [*settings, cv2.CAP_PROP_N_THREADS, 1])
        return video if video.isOpened() else None

    def _let_go(self) -> None:
        if self._video is not None:
            self._video.release()
            self._video = None

    def _stated_fps(self) -> float:
        # Pictures over HTTP come without a rate, and FFmpeg then says 25.
        stated = 0 if str(self._address).startswith("http") else self._video.get(cv2.CAP_PROP_FPS)
        return float(stated) if 0 < stated < 1000 else float("nan")


def _address(options: Camera.Options) -> str | int:
    """What OpenCV opens: with the login, where there is one. Raises SourceUnusable or SecretOpen."""
    url = options.url
    if isinstance(url, int) or url.startswith("/"):
        return url
    try:
        parts = urlsplit(url)
        known = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:  # of brackets that don't match, or a port that is none
        known = False
    if not known:
        raise SourceUnusable(
            f"{quoted(url.partition('?')[0])} is no camera",
            "give an rtsp:// or http:// URL, a /dev/video file or a number; a file is a video",
        )
    if parts.password is not None:
        raise SourceUnusable(
            f"the URL of the camera {_shown(url)} holds a password, and would be written into run records",
            "put user:password into a file, and name it as the source's login",
        )
    if options.login is None:
        return url
    check_secret("login", options.login)
    try:
        user, colon, password = text_of(read_bytes(options.login, LOGIN_BYTES)).strip().partition(":")
    except ContentWrong as error:
        raise SourceUnusable(f"the login {options.login} {error.what}", "it holds user:password") from error
    if not colon:
        raise SourceUnusable(f"{options.login} holds no login", "its one line is user:password")
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def _shown(address: str | int) -> str:
    """The address as records may tell it: without login and query, which may hold secrets."""
    if isinstance(address, int) or address.startswith("/"):
        return f"device {address}"
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextlib.contextmanager
def _low_latency() -> Iterator[None]:
    """OpenCV takes FFmpeg's options from the environment, and only while it opens; a person's own come first."""
    if FFMPEG_OPTIONS in os.environ:
        yield
        return
    os.environ[FFMPEG_OPTIONS] = LOW_LATENCY
    try:
        yield
    finally:
        del os.environ[FFMPEG_OPTIONS]
