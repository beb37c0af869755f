"""Reports on their way out, in a thread of their own: the frame path never waits for the network."""

import logging
import queue
import threading
from collections import Counter

import msgspec

from edge.wire.link import Link
from edge.wire.messages import FrameReport, encode
from edge.wire.topics import NodeTopics
from sensors.clock import Clock

log = logging.getLogger(__name__)


class Publisher:
    """Everything that is put goes out once, in order, at QoS 1.

    Until the disk spool is there, what the link can't take in its bounded memory is evicted, and counted.
    """

    def __init__(self, link: Link, topics: NodeTopics, clock: Clock) -> None:
        self._link = link
        self._topics = topics
        self._clock = clock
        self._waiting: queue.SimpleQueue[FrameReport | None] = queue.SimpleQueue()
        self._evicted: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="publisher")

    def start(self) -> None:
        """Begin to send; the link is connected."""
        self._thread.start()

    @property
    def queued(self) -> int:
        """Reports that no broker has acknowledged yet."""
        return self._waiting.qsize() + self._link.unacknowledged

    def evicted(self, stream: str) -> int:
        return self._evicted[stream]

    def put(self, report: FrameReport) -> None:
        self._waiting.put(report)

    def close(self) -> None:
        """Return when everything that was put is with the link."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (report := self._waiting.get()) is not None:
            try:
                self._send(report)
            except Exception:
                log.exception("report %d of stream %s could not be sent", report.n, report.stream)
                self._evicted[report.stream] += 1

    def _send(self, report: FrameReport) -> None:
        leaving = msgspec.structs.replace(report, published=self._clock.now())
        if not self._link.publish(self._topics.detections(report.stream), encode(leaving), qos=1):
            self._evicted[report.stream] += 1
            if self._evicted[report.stream] == 1:
                log.error("stream %s: the broker is away and the memory is full; evicting reports", report.stream)
