"""The source plugin `camera`: RTSP and HTTP streams, USB and CSI devices, whatever FFmpeg opens.

A frame is stamped when its last packet has arrived, before it is made a picture; or by the camera's own clock, where
that is known to be ours. The camera sets the pace, and is waited for where it is away.
"""

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sensors.clock import NS_PER_MS, NS_PER_S, Clock, Stamp
from sensors.config import Settings
from sensors.frame import NO_IMAGE, CameraTime, Frame, FrameId, StampKind
from sensors.ranges import DeviceNumber, Fps, Seconds, SecondsOrNone, Text
from sensors.sources.camera_address import camera_address
from sensors.sources.camera_connection import Arrival, CameraConnection, ConnectionFailed, Transport
from sensors.sources.camera_timeline import CameraTimeline
from sensors.sources.source import LiveHealth, Origin, SourceBroke

log = logging.getLogger(__name__)

FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 250, 1_000
"""Between two attempts to get a camera (back); each pause is twice the one before. It is back within two seconds."""
TOLD_AGAIN_S = 60
"""So often a camera that stays away is told."""
DRIVER_NS = NS_PER_S
"""A driver's stamp that is older, or of the future, is none."""


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
        transport: Transport = "tcp"
        """Of RTSP."""
        clock: Literal["arrival", "camera"] = "arrival"
        """`camera`: stamp frames by its sender reports (RTCP), since its clock is kept to ours. A camera on this
        machine is stamped so without being told."""
        fps: Fps | None = None
        """Instead of the rate that the stream states."""
        open_timeout_s: Seconds = 10.0
        read_timeout_s: Seconds = 5.0
        """A camera that is silent for longer is lost."""
        give_up_s: SecondsOrNone | None = None
        """How long to try to get a camera (back); left out: for ever."""

    live = True

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        """Connects, once; raises SourceUnusable where the address is none, and waits for nothing else."""
        self._options = options
        self._stream = stream
        self._clock = clock
        self._address = camera_address(options.url, options.login)
        self.origin = Origin("camera", self._address.shown)
        self._timeline = CameraTimeline()
        self._lost = 0
        self._seen = False
        self._why = ""
        self._connection = self._opened()
        stated = self._connection.fps if self._connection is not None else float("nan")
        self.fps = options.fps or stated

    @property
    def health(self) -> LiveHealth:
        line = self._timeline
        return LiveHealth(self._lost, line.missing, line.repeated, line.restarts, line.jitter_ns, line.network_ns)

    def frames(self) -> Iterator[Frame]:
        """Raises CameraLost where it may not wait for ever."""
        numbers = count()
        while True:
            if self._connection is None:
                self._lost += 1
                fault = f"{self.origin.name} {'was lost' if self._seen else 'is not there yet'}: {self._why}"
                log.warning("%s", fault)
                yield Frame(FrameId(self._stream, next(numbers)), self._clock.now(), "arrival", NO_IMAGE, fault)
                self._come_back()
            connection = self._connection
            assert connection is not None
            try:
                for arrival in connection.arrivals(self._clock):
                    yield self._frame(next(numbers), arrival)
            except ConnectionFailed as error:
                self._why = str(error)
                self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _frame(self, seq: int, arrival: Arrival) -> Frame:
        self._seen = True
        if arrival.image is None:
            return Frame(FrameId(self._stream, seq), arrival.stamp, "arrival", NO_IMAGE, arrival.fault)
        stamp, kind = self._stamp(arrival)
        pts_ns = self._timeline.place(arrival.own_ns, arrival.stamp.mono_ns)
        camera = CameraTime(pts_ns, arrival.sender_utc_ns)
        return Frame(FrameId(self._stream, seq), stamp, kind, arrival.image, camera=camera, encoded=arrival.encoded)

    def _stamp(self, arrival: Arrival) -> tuple[Stamp, StampKind]:
        """By the best clock that is known to be ours, never later than the arrival."""
        came = arrival.stamp
        if self._address.device and arrival.own_ns is not None and 0 <= came.mono_ns - arrival.own_ns < DRIVER_NS:
            # The driver's, of a complete frame; whether a device stamps its start of exposure FFmpeg doesn't tell.
            return came.shifted_to(arrival.own_ns), "arrival"
        ours = self._address.of_this_machine or self._options.clock == "camera"
        if ours and arrival.sender_utc_ns is not None and arrival.sender_utc_ns <= came.utc_ns:
            return came.shifted_to(came.mono_ns - (came.utc_ns - arrival.sender_utc_ns)), "exposure"
        return came, "arrival"

    def _come_back(self) -> None:
        """Connect again, with growing pauses; raises CameraLost."""
        lost_ns = told_ns = self._clock.now().mono_ns
        give_up_s = self._options.give_up_s
        until_ns = None if give_up_s is None else lost_ns + int(give_up_s * NS_PER_S)
        pause_ms = FIRST_PAUSE_MS
        while self._connection is None:
            now_ns = self._clock.now().mono_ns
            if give_up_s is not None and until_ns is not None and now_ns >= until_ns:
                raise CameraLost(self.origin.name, give_up_s, self._why)
            if now_ns - told_ns >= TOLD_AGAIN_S * NS_PER_S:
                told_ns = now_ns
                log.warning(
                    "%s is still away, for %.0f s: %s", self.origin.name, (now_ns - lost_ns) / NS_PER_S, self._why
                )
            next_ns = now_ns + pause_ms * NS_PER_MS
            self._clock.sleep_until(next_ns if until_ns is None else min(next_ns, until_ns))
            pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)
            self._connection = self._opened()
        away_s = (self._clock.now().mono_ns - lost_ns) / NS_PER_S
        log.warning("%s is back after %.1f s", self.origin.name, away_s)

    def _opened(self) -> CameraConnection | None:
        """None where there is no connection: `_why` says why."""
        options = self._options
        try:
            return CameraConnection(self._address, options.transport, options.open_timeout_s, options.read_timeout_s)
        except ConnectionFailed as error:
            self._why = str(error)
            return None

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
