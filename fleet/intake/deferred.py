"""What was refused for now only, counted in the network thread and told once for many: its node says it again."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from edge.wire.acknowledgements import OVERLOAD, RATE
from edge.wire.link import Delivery
from fleet.arrivals import NodeKey, Refused
from sensors.clock import Stamp

log = logging.getLogger(__name__)

TOPICS = 1000
"""So many topics are told of by name between two commits; names cost a stranger nothing."""
OTHERS = ""
"""The topic of all beyond."""
WHY = {
    OVERLOAD: "the hub is behind, and this node has more than its share of what waits",
    RATE: "this node says more than a node may",
}


class Deferred:
    """Filled by one thread, collected by another."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Refused] = {}
        """By reason and topic."""
        self._counts: Counter[tuple[str, str]] = Counter()
        """How many each of them stands for."""
        self._lock = threading.Lock()
        self._said: set[str] = set()

    def add(self, reason: str, delivery: Delivery, received: Stamp) -> None:
        with self._lock:
            topic = delivery.topic
            if (reason, topic) not in self._first and len(self._first) >= TOPICS:
                topic = OTHERS
            if (reason, topic) not in self._first:
                self._first[reason, topic] = Refused.of(delivery.topic, reason, WHY[reason], delivery.payload, received)
            self._counts[reason, topic] += 1

    def collect(self, node_of: Callable[[str], NodeKey]) -> list[Refused]:
        """One for each topic, with how many it stands for."""
        with self._lock:
            first, self._first = self._first, {}
            counts, self._counts = self._counts, Counter()
        for (reason, _), one in first.items():
            if reason not in self._said:
                self._said.add(reason)
                log.warning("put off (%s), on %s first: %s", reason, one.topic, one.what)
        return [
            replace(one, what=f"{one.what}; {count} messages are put off", node=node_of(one.topic), count=count)
            for one, count in ((one, counts[key]) for key, one in first.items())
        ]
