"""Deliveries between the network and the ledger: bounded by number and by bytes, in order."""

import threading
from collections import deque

from edge.wire.link import Delivery
from sensors.clock import Stamp

MESSAGES = 10_000
BYTES = 64_000_000
"""When either is reached, the network waits, and so does the broker."""

BATCH = 1000
BATCH_BYTES = 16_000_000


class Inbox:
    """Filled by one thread, emptied by another."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Delivery, Stamp]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, delivery: Delivery, received: Stamp) -> None:
        """Wait for room; once closed, drop it: an unacknowledged message is the broker's."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return
            self._waiting.append((delivery, received))
            self._bytes += len(delivery.payload)
            self._changed.notify_all()

    def batch(self) -> list[tuple[Delivery, Stamp]]:
        """What waits, as much as one commit takes; waits for something. Empty: closed, and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            taken: list[tuple[Delivery, Stamp]] = []
            taken_bytes = 0
            while self._waiting and len(taken) < BATCH and taken_bytes < BATCH_BYTES:
                taken.append(self._waiting.popleft())
                taken_bytes += len(taken[-1][0].payload)
            self._bytes -= taken_bytes
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """What was put in before still comes out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._waiting) < MESSAGES and self._bytes < BYTES
