"""One connection to a camera, through FFmpeg (PyAV): packets as they arrive, each with its picture."""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import av
from av.video.reformatter import VideoReformatter

from sensors.clock import Clock, Stamp
from sensors.frame import Encoded, Image, PictureFormat
from sensors.sources.camera_address import CameraAddress
from sensors.sources.decoding import ERRORS, LEAST_FPS, MOST_FPS, image_of
from sensors.sources.pictures import MOST_PIXELS, PictureUnreadable, decode_content

Transport: TypeAlias = Literal["tcp", "udp"]

LOW_DELAY = {"fflags": "nobuffer", "flags": "low_delay", "max_delay": "0"}
"""Without these FFmpeg sorts and smooths: the p95 of an RTSP camera's delay was 440 ms in the place of 68."""
QUICK = {"analyzeduration": "100000", "fpsprobesize": "0"}
"""It opens in .3 s rather than 2: who waits for a camera to come back waits no longer than for its next key frame."""
PRFT = "prft"
"""Side data that FFmpeg makes of RTCP's sender reports: the packet's wall clock by its sender, in microseconds."""
PACKETS: dict[str, PictureFormat] = {"h264": "h264", "hevc": "h265"}
START_CODE = b"\0\0\0\1"
MANY = 64
"""Packets whose sender's time is remembered until their picture comes out of the decoder."""


class ConnectionFailed(Exception):
    """Why there is no connection, or none any more, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A picture that has come, or what came in its place."""

    stamp: Stamp
    """When its packet was there."""
    image: Image | None
    fault: str = ""
    own_ns: int | None = None
    """By the encoder's clock, from an origin of its own; None: it has none."""
    sender_utc_ns: int | None = None
    encoded: Encoded | None = None


class CameraConnection:
    """Open from the beginning; closed by `close`, or where it failed."""

    def __init__(self, address: CameraAddress, transport: Transport, open_s: float, read_s: float) -> None:
        """Raises ConnectionFailed."""
        self._address = address
        self._reformatter = VideoReformatter()
        options = {**LOW_DELAY, **QUICK}
        if address.scheme in ("rtsp", "rtsps"):
            options["rtsp_transport"] = transport
        try:
            self._container: Any = av.open(
                address.opened, format="v4l2" if address.device else None, options=options, timeout=(open_s, read_s)
            )
        except ERRORS as error:
            raise ConnectionFailed(_words(error)) from error
        self._stream: Any = next(iter(self._container.streams.video), None)
        if self._stream is None or self._stream.codec_context is None:
            self._container.close()
            raise ConnectionFailed("it sends no video of a known codec")
        self._codec = self._stream.codec_context
        # With several decoding threads FFmpeg is as many frames behind.
        self._stream.thread_type = "SLICE"
        self._codec.thread_count = 1
        self._sent: dict[int, int] = {}

    @property
    def fps(self) -> float:
        """As it states it; NaN where it states none."""
        # Pictures over HTTP come without a rate, and FFmpeg then says 25.
        stated = (
            0.0 if self._codec.name == "mjpeg" and not self._address.device else float(self._stream.average_rate or 0)
        )
        return stated if LEAST_FPS <= stated <= MOST_FPS else float("nan")

    def arrivals(self, clock: Clock) -> Iterator[Arrival]:
        """Each picture as it comes. Raises ConnectionFailed where the camera falls silent or ends: it always does."""
        try:
            for packet in self._container.demux(self._stream):
                stamp = clock.now()
                if packet.size:
                    yield from self._pictures(packet, stamp)
        except ERRORS as error:
            raise ConnectionFailed(_words(error)) from error
        raise ConnectionFailed("it ended the stream")

    def close(self) -> None:
        with contextlib.suppress(*ERRORS):
            self._container.close()

    def _pictures(self, packet: Any, stamp: Stamp) -> Iterator[Arrival]:
        self._remember(packet)
        if self._codec.name == "mjpeg":
            yield self._jpeg(packet, stamp)
            return
        try:
            decoded = packet.decode()
        except ERRORS as error:
            yield Arrival(stamp, None, f"a picture can't be decoded: {_words(error)}")
            return
        for frame in decoded:
            if frame.width * frame.height > MOST_PIXELS:
                yield Arrival(stamp, None, f"{frame.width}x{frame.height} are more than {MOST_PIXELS:,} pixels")
            elif frame.is_corrupt:
                yield Arrival(stamp, None, "a picture is damaged")
            else:
                own = len(decoded) == 1 and frame.pts == packet.pts
                yield Arrival(
                    stamp,
                    image_of(frame, self._reformatter),
                    own_ns=self._own_ns(frame.pts),
                    sender_utc_ns=self._sent.pop(frame.pts, None),
                    encoded=self._annex_b(packet) if own else None,
                )

    def _jpeg(self, packet: Any, stamp: Stamp) -> Arrival:
        """Read as a file is: a damaged one is told, never guessed at, and a replay of it shows the same pixels."""
        content = bytes(packet)
        try:
            image = decode_content(Path("picture.jpg"), content).shown(upright=False)
        except PictureUnreadable as error:
            return Arrival(stamp, None, error.sentence)
        pts = packet.pts if self._address.scheme in ("rtsp", "rtsps") or self._address.device else None
        own_ns, sent = self._own_ns(pts), self._sent.pop(packet.pts, None)
        return Arrival(stamp, image, own_ns=own_ns, sender_utc_ns=sent, encoded=Encoded("jpeg", content))

    def _remember(self, packet: Any) -> None:
        if packet.pts is None or not packet.has_sidedata(PRFT):
            return
        (utc_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata(PRFT)))
        self._sent[packet.pts] = utc_us * 1000
        while len(self._sent) > MANY:
            del self._sent[next(iter(self._sent))]

    def _own_ns(self, pts: int | None) -> int | None:
        return None if pts is None else round(pts * self._stream.time_base * 1_000_000_000)

    def _annex_b(self, packet: Any) -> Encoded | None:
        """The packet, where it can be kept as it came: with its parameter sets where it is a key frame."""
        kind = PACKETS.get(self._codec.name)
        head = bytes(self._codec.extradata or b"")
        content = bytes(packet)
        if kind is None or not content.startswith((START_CODE, START_CODE[1:])) or not head.startswith(START_CODE):
            return None
        key = bool(packet.is_keyframe)
        return Encoded(kind, head + content if key and not content.startswith(head) else content, key)


def _words(error: Exception) -> str:
    """FFmpeg's own, without the address, which may hold a login."""
    if isinstance(error, av.error.ExitError):
        return "it was silent for too long"
    return str(getattr(error, "strerror", None) or type(error).__name__)
