"""A node for Foxglove: its pictures, boxes, reports and health over a WebSocket of this machine.

Nothing is copied or encoded until somebody subscribes. The frame path pays for a copy of a picture, ten times a second
at most; the rest is done in a thread, which takes the newest and leaves out what it has no time for.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cv2
import msgspec

from edge.privacy.exits import NOT_BLURRED, Blur
from edge.wire.messages import FrameReport, Health
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.frame import Frame, Image
from sensors.terminal.foreign_text import shown

if TYPE_CHECKING:
    import foxglove
    from foxglove.channels import CompressedImageChannel, ImageAnnotationsChannel
    from foxglove.messages import ImageAnnotations

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PICTURES_PER_S = 10
HELD = 4
"""Pictures of a stream whose report isn't there yet: as many frames as a device has in flight, mostly."""
WIDTH, QUALITY = 1280, 80
BACKLOG = 16
"""Messages that a slow client may be behind; then the oldest are left out."""
DIGITS = 2
LEAST_SCORE = 0.3
"""Of what is drawn: findings go down to a model's floor, for the metrics' sake."""


class FoxgloveMissing(GilmokError):
    def __init__(self) -> None:
        super().__init__("--foxglove needs foxglove-sdk, which is not installed", "pip install 'gilmok[foxglove]'")


class FoxgloveUnreachable(GilmokError):
    def __init__(self, port: int, why: str) -> None:
        super().__init__(
            f"Foxglove can't be served at port {port} of {HOST}: {why}",
            "name another port: --foxglove PORT; 0 takes any",
        )


class LiveView:
    """Of one node; `see`, `report` and `tell` may come from any thread, and wait for nothing."""

    def __init__(
        self,
        name: str,
        streams: Sequence[str],
        labels: Sequence[str],
        port: int,
        clock: Clock,
        blurs: Mapping[str, Blur] = NOT_BLURRED,
    ) -> None:
        """Serves from here on, at `address`; `blurs`: by stream, where pictures are blurred.

        Raises FoxgloveMissing or FoxgloveUnreachable.
        """
        try:
            import foxglove
            from foxglove import channels
        except ImportError as error:
            raise FoxgloveMissing from error
        # It tells of each client.
        logging.getLogger("foxglove").setLevel(logging.WARNING)
        self._labels = labels
        self._blurs = blurs
        self._clock = clock
        # The channels alone would not keep it alive.
        context = self._context = foxglove.Context()
        self._streams = {
            stream: _Channels(
                channels.CompressedImageChannel(f"/{stream}/image", context=context),
                channels.ImageAnnotationsChannel(f"/{stream}/boxes", context=context),
                foxglove.Channel(f"/{stream}/report", message_encoding="json", context=context),
            )
            for stream in streams
        }
        self._health = foxglove.Channel("/health", message_encoding="json", context=context)
        try:
            self._server = foxglove.start_server(
                name=name, host=HOST, port=port, context=context, message_backlog_size=BACKLOG
            )
        except (OSError, RuntimeError) as error:
            raise FoxgloveUnreachable(port, str(error)) from error
        self.address = f"ws://{HOST}:{self._server.port}"
        self._newest: dict[str, tuple[FrameReport, Image | None]] = {}
        self._said: Health | None = None
        self._news = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._run, name="foxglove", daemon=True)
        self._thread.start()

    def see(self, frame: Frame) -> None:
        """A picture that is about to go through the model."""
        of = self._streams[frame.id.stream]
        now_ns = self._clock.now().mono_ns
        if frame.fault or now_ns < of.next_ns or not of.image.has_sinks():
            return
        of.next_ns = now_ns + NS_PER_S // PICTURES_PER_S
        copy = frame.image.copy()
        with self._news:
            of.held[frame.id.seq] = copy
            while len(of.held) > HELD:
                of.held.popitem(last=False)

    def report(self, report: FrameReport) -> None:
        """What became of a frame."""
        of = self._streams[report.stream]
        if not (of.held or of.boxes.has_sinks() or of.told.has_sinks()):
            return
        with self._news:
            image = of.held.pop(report.seq, None)
            kept = self._newest.get(report.stream)
            if image is None and kept is not None:
                # A picture that waits to be shown isn't put out by a report without one: it goes first, with its own.
                return
            self._newest[report.stream] = report, image
            self._news.notify()

    def tell(self, health: Health) -> None:
        with self._news:
            self._said = health
            self._news.notify()

    def close(self) -> None:
        with self._news:
            self._done = True
            self._news.notify()
        self._thread.join()
        self._server.stop()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._done or self._newest or self._said)
                if self._done:
                    return
                newest, self._newest = self._newest, {}
                said, self._said = self._said, None
            try:
                for report, image in newest.values():
                    self._show(report, image)
                if said is not None:
                    self._health.log(msgspec.to_builtins(said), log_time=said.stamp.utc_ns)
            # The top of a thread: the node goes on without it.
            except Exception:
                log.exception("a frame could not be shown")

    def _show(self, report: FrameReport, image: Image | None) -> None:
        of, at_ns = self._streams[report.stream], report.stamp.utc_ns
        scale = of.scale
        if image is not None:
            if blur := self._blurs.get(report.stream):
                image = blur(image, report.findings)
            scale = of.scale = min(1.0, WIDTH / image.shape[1])
            of.image.log(_compressed(image, scale, report), log_time=at_ns)
        if of.boxes.has_sinks():
            of.boxes.log(_boxes(report, self._labels, scale), log_time=at_ns)
        of.told.log(_told(report), log_time=at_ns)


class _Channels:
    """Of a stream."""

    def __init__(
        self, image: "CompressedImageChannel", boxes: "ImageAnnotationsChannel", told: "foxglove.Channel"
    ) -> None:
        self.image, self.boxes, self.told = image, boxes, told
        self.held: OrderedDict[int, Image] = OrderedDict()
        """Pictures whose report is still to come, by seq."""
        self.next_ns = 0
        self.scale = 1.0
        """Of the picture as it is shown, to the one that was seen."""


def _compressed(image: Image, scale: float, report: FrameReport) -> Any:
    from foxglove.messages import CompressedImage, Timestamp

    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    at = Timestamp(*divmod(report.stamp.utc_ns, NS_PER_S))
    return CompressedImage(timestamp=at, frame_id=report.stream, data=jpeg, format="jpeg")


def _boxes(report: FrameReport, labels: Sequence[str], scale: float) -> "ImageAnnotations":
    """Of what is surer than LEAST_SCORE; empty where nothing was found, and where the frame failed: the report says
    which. Findings come best first."""
    from foxglove.messages import (
        Color,
        ImageAnnotations,
        Point2,
        PointsAnnotation,
        PointsAnnotationType,
        TextAnnotation,
        Timestamp,
    )

    at = Timestamp(*divmod(report.stamp.utc_ns, NS_PER_S))
    green, black = Color(r=0.24, g=0.86, b=0.31, a=1.0), Color(r=0.0, g=0.0, b=0.0, a=1.0)
    points, texts = [], []
    found = report.findings
    for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True) if found is not None else ():
        if score < LEAST_SCORE:
            break
        left, top, right, bottom = (scale * edge for edge in box)
        corners = [Point2(x=x, y=y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        loop = PointsAnnotationType.LineLoop
        points.append(PointsAnnotation(timestamp=at, type=loop, points=corners, outline_color=green, thickness=2.0))
        name = shown(labels[label]) if 0 <= label < len(labels) else str(label)
        text = f"{name} {score:.{DIGITS}f}"
        place = Point2(x=left, y=top)
        texts.append(
            TextAnnotation(
                timestamp=at, position=place, text=text, font_size=12.0, text_color=black, background_color=green
            )
        )
    return ImageAnnotations(timestamp=at, points=points, texts=texts)


def _told(report: FrameReport) -> dict[str, Any]:
    """Without its boxes, which are a message of their own; `found`: how many, at any score."""
    found = None if report.findings is None else len(report.findings.scores)
    told: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(report, findings=None))
    del told["findings"]
    return {**told, "found": found}


@contextmanager
def live_view(
    port: int | None,
    name: str,
    streams: Sequence[str],
    labels: Sequence[str],
    clock: Clock,
    blurs: Mapping[str, Blur] = NOT_BLURRED,
) -> Iterator[LiveView | None]:
    """None where nobody asked for one. Raises FoxgloveMissing or FoxgloveUnreachable."""
    if port is None:
        yield None
        return
    view = LiveView(name, streams, labels, port, clock, blurs)
    try:
        yield view
    finally:
        view.close()
