"""A node's pictures for a dashboard: two a second of a stream at most, only while somebody asks, never unasked.

Nothing is copied or encoded before that. The frame path pays for a copy of a picture; the rest is done in a thread,
which takes the newest, and sends nothing where the link is behind.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import cv2

from edge.privacy.exits import NOT_BLURRED, Blur
from edge.wire.live.pictures import MOST_BYTES, PictureAsk, PictureHead, packed
from edge.wire.messages import FrameReport, encode
from sensors.clock import NS_PER_S, Clock
from sensors.frame import Frame, Image

log = logging.getLogger(__name__)

PERIOD_NS = NS_PER_S // 2
WIDTH = 640
QUALITIES = (70, 40)
"""The second where the first makes it too large."""
HELD = 4
"""Pictures of a stream whose report isn't there yet."""


class PicturesOnDemand:
    """Of one node; `ask`, `see` and `report` may come from any thread, and wait for nothing."""

    def __init__(
        self,
        streams: Sequence[str],
        send: Callable[[str, bytes], None],
        clock: Clock,
        blurs: Mapping[str, Blur] = NOT_BLURRED,
    ) -> None:
        """`send` gets a stream and a message; it returns at once. `blurs`: by stream, where pictures are blurred."""
        self._blurs = blurs
        self._send = send
        self._clock = clock
        self._streams = {stream: _Asked() for stream in streams}
        self._newest: dict[str, tuple[FrameReport, Image]] = {}
        self._news = threading.Condition()
        self._done = False
        self._thread: threading.Thread | None = None

    def ask(self, asked: PictureAsk) -> None:
        """Somebody looks, from now on for so long; who asks again, or another, makes it longer and not more."""
        of = self._streams.get(asked.stream)
        if of is None:
            return
        of.until_ns = max(of.until_ns, self._clock.now().mono_ns + int(asked.for_s * NS_PER_S))
        with self._news:
            if self._thread is None and not self._done:
                self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
                self._thread.start()

    def see(self, frame: Frame) -> None:
        """A picture that is about to go through the model."""
        of = self._streams[frame.id.stream]
        if not of.until_ns or frame.fault:
            return
        now_ns = self._clock.now().mono_ns
        if now_ns > of.until_ns:
            of.until_ns = 0
            of.held.clear()
        elif now_ns >= of.next_ns:
            of.next_ns = now_ns + PERIOD_NS
            copy = frame.image.copy()
            with self._news:
                of.held[frame.id.seq] = copy
                while len(of.held) > HELD:
                    of.held.popitem(last=False)

    def report(self, report: FrameReport) -> None:
        """What became of a frame."""
        of = self._streams[report.stream]
        if not of.held:
            return
        with self._news:
            image = of.held.pop(report.seq, None)
            if image is not None and report.findings is not None:
                self._newest[report.stream] = report, image
                self._news.notify()

    def close(self) -> None:
        with self._news:
            self._done = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._done or self._newest)
                if self._done:
                    return
                newest, self._newest = self._newest, {}
            for stream, (report, image) in newest.items():
                try:
                    if (message := _message(report, image, self._blurs.get(stream))) is not None:
                        self._send(stream, message)
                # The top of a thread: the node goes on without it.
                except Exception:
                    log.exception("a picture of %s could not be sent", stream)


class _Asked:
    """Of a stream."""

    def __init__(self) -> None:
        self.until_ns = 0
        """0: nobody looks."""
        self.next_ns = 0
        self.held: OrderedDict[int, Image] = OrderedDict()
        """Pictures whose report is still to come, by seq."""


def _message(report: FrameReport, image: Image, blur: Blur | None) -> bytes | None:
    """None where it would be too large."""
    if blur is not None:
        image = blur(image, report.findings)
    height, width = image.shape[:2]
    head = encode(PictureHead(report=report, width=width, height=height, blurred=blur is not None))
    scale = min(1.0, WIDTH / width)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    for quality in QUALITIES:
        message = packed(head, cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        if len(message) <= MOST_BYTES:
            return message
    return None
