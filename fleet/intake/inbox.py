"""Deliveries between the network and the ledger: bounded by number and by bytes, each node's in order.

Nodes take turns, so that one that says very much holds up nobody but itself. Where the room is taken, a node that holds
more than its share of it is refused; all others wait, and with them the network and the broker.
"""

import threading
from collections import deque

from edge.wire.link import Delivery
from edge.wire.topics import whose
from sensors.clock import Stamp

MESSAGES = 10_000
BYTES = 16_000_000
"""The room: when either is reached, it is taken."""

BATCH = 1000
BATCH_BYTES = 4_000_000
INTRODUCTIONS = ("/up/birth", "/up/former", "/up/conn")
"""How topics end on which few messages come, without which others mean nothing."""


def room_of(delivery: Delivery) -> int:
    """Bytes, about: a topic may be long, too."""
    return len(delivery.topic) + len(delivery.payload)


class Inbox:
    """Filled by one thread, emptied by another."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[tuple[Delivery, Stamp]]] = {}
        """Of each node that has something waiting; the next one's turn first."""
        self._held: dict[str, int] = {}
        """Bytes of each."""
        self._count = 0
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._count

    def put(self, delivery: Delivery, received: Stamp) -> bool:
        """Wait for room. False: there is none, and who said this has more than its share of it already.

        Once closed, it is dropped: an unacknowledged message is the broker's.
        """
        node = whose(delivery.topic)
        # Whoever may say no more reports may still introduce itself, or what it says later is nobody's.
        shares = 2 if delivery.topic.endswith(INTRODUCTIONS) else 1
        with self._changed:
            if not self._has_room() and self._over_share(node, shares):
                return False
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return True
            self._lanes.setdefault(node, deque()).append((delivery, received))
            self._held[node] = self._held.get(node, 0) + room_of(delivery)
            self._count += 1
            self._bytes += room_of(delivery)
            self._changed.notify_all()
            return True

    def batch(self, patience_s: float | None = None) -> list[tuple[Delivery, Stamp]] | None:
        """What waits, as much as one commit takes; waits for something, so long at most. None: closed, and nothing is
        left.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._count, patience_s)
            if self._closed and not self._count:
                return None
            taken: list[tuple[Delivery, Stamp]] = []
            taken_bytes = 0
            while self._count and len(taken) < BATCH and taken_bytes < BATCH_BYTES:
                one = self._next()
                taken.append(one)
                taken_bytes += room_of(one[0])
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """What was put in before still comes out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> tuple[Delivery, Stamp]:
        """Of the node whose turn it is; then it stands last."""
        node = next(iter(self._lanes))
        lane = self._lanes.pop(node)
        one = lane.popleft()
        size = room_of(one[0])
        self._count -= 1
        self._bytes -= size
        self._held[node] -= size
        if lane:
            self._lanes[node] = lane
        else:
            del self._held[node]
        return one

    def _over_share(self, node: str, shares: int) -> bool:
        """Whether it is not alone, and has more of what is short than so many equal parts."""
        lanes = len(self._lanes)
        if lanes < 2 or node not in self._lanes:
            return False
        return len(self._lanes[node]) * lanes > shares * MESSAGES or self._held[node] * lanes > shares * BYTES

    def _has_room(self) -> bool:
        return self._count < MESSAGES and self._bytes < BYTES
