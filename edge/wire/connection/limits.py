"""What a broker doesn't take: as it announces, as it says of a message, or as it shows by hanging up."""

import logging
from collections.abc import Sequence

from paho.mqtt.properties import Properties

from edge.wire.connection.inflight import Sent

log = logging.getLogger(__name__)

OVERHEAD = 16
"""Bytes of a PUBLISH beside topic and payload, generously: header, lengths, id, properties."""

PROOF = 3
"""So many connections in a row that break under a message show that its size is why."""


class BrokerLimits:
    """Of one broker, over all connections to it; told by the network thread, asked from any."""

    def __init__(self) -> None:
        self.denied: dict[str, str] = {}
        """Topics of ours that the broker refuses messages on, and the reason it gave last."""
        self.shut_out = ""
        """Why the broker doesn't take us back; empty while it does, for all we know."""
        self._announced: int | None = None
        self._learned: int | None = None
        self._broke_under: list[int] = []

    @property
    def most_bytes(self) -> int | None:
        """So much a topic and a payload may have together; None: as much as one likes, for all we know."""
        known = [limit for limit in (self._announced, self._learned) if limit is not None]
        return min(known, default=None)

    def fits(self, topic: str, size: int) -> bool:
        most = self.most_bytes
        return most is None or len(topic) + size <= most

    def connected(self, properties: Properties | None) -> None:
        """The broker's own word (MQTT 5)."""
        most = getattr(properties, "MaximumPacketSize", None)
        self._announced = None if most is None else max(int(most) - OVERHEAD, 0)

    def not_taken_back(self, reason: str) -> None:
        if reason and reason != self.shut_out:
            log.error("the broker does not take us back: %s; trying again each second", reason)
        self.shut_out = reason or self.shut_out

    def settled(self, message: Sent, refusal: str) -> None:
        """`refusal`: the broker's reason not to take it; empty: it has."""
        if refusal:
            self._refused(message, refusal)
            return
        if message.qos and self.denied.pop(message.topic, ""):
            log.info("the broker takes messages on %s again", message.topic)
        size = _size(message)
        self._broke_under = [each for each in self._broke_under if each > size]
        if self._learned is not None and size > self._learned:
            self._learned = None

    def _refused(self, message: Sent, reason: str) -> None:
        if message.topic not in self.denied:
            log.error("the broker refuses messages on %s: %s", message.topic, reason)
        self.denied[message.topic] = reason

    def broke(self, lost: Sequence[Sent]) -> None:
        """The connection broke while `lost` were on their way; a broker of MQTT 3.1.1 hangs up on what is too large."""
        if not lost:
            return
        self._broke_under.append(max(map(_size, lost)))
        if len(self._broke_under) >= PROOF:
            self._learned = min(self._broke_under) - 1
            self._broke_under.clear()
            log.error("the broker hangs up on messages of more than %d bytes; such are no longer sent", self._learned)


def _size(message: Sent) -> int:
    return len(message.topic) + message.size
