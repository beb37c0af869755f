"""What the broker has yet to acknowledge."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

IN_FLIGHT = 20
"""Mosquitto's window; paho doesn't heed what a broker announces, and a broker may hang up on more."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way. `at_ns`: when it was handed over, on the monotonic clock."""

    topic: str
    size: int
    """Bytes of its payload."""
    qos: int
    at_ns: int
    bulk: bool = False
    """It may take its time: what is sent beside it must not wait for it."""


class InFlight:
    """Which messages await their acknowledgement, by paho's message ids; only QoS 1 counts.

    paho tells a message's id when `publish` returns, and its network thread may report the acknowledgement before.
    """

    def __init__(self) -> None:
        self.count = 0
        self.bulk = 0
        self._changed = threading.Condition()
        self._waiting: dict[int, Sent] = {}
        self._early: dict[int, str] = {}

    def sent(self, mid: int, message: Sent) -> str | None:
        """None: it is on its way; else it was acknowledged before: what the broker had against it (empty: nothing)."""
        with self._changed:
            if mid in self._early:
                return self._early.pop(mid)
            # A QoS 0 message that a breaking connection swallowed leaves its id behind: the next owner takes it over.
            self._waiting.pop(mid, None)
            self._waiting[mid] = message
            self._count(message, 1)
            return None

    def done(self, mid: int, refusal: str = "", settle: Callable[[Sent], None] = lambda _: None) -> Sent | None:
        """What was acknowledged; None where that comes before `sent`, which then tells `refusal`. `settle` is called
        before anybody who waits goes on, and must wait for nothing.
        """
        with self._changed:
            message = self._waiting.pop(mid, None)
            if message is None:
                self._early[mid] = refusal
            else:
                settle(message)
                self._count(message, -1)
                self._changed.notify_all()
            return message

    def clear(self) -> list[Sent]:
        """Nothing is on its way any more; what was."""
        with self._changed:
            lost = [message for message in self._waiting.values() if message.qos]
            self._waiting.clear()
            self._early.clear()
            self.count = self.bulk = 0
            self._changed.notify_all()
            return lost

    def wait(self, patience_s: float, down_to: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count <= down_to, patience_s)

    def oldest_ns(self) -> int | None:
        """Since when the oldest one that is not bulk has been on its way; None: there is none."""
        with self._changed:
            return next((one.at_ns for one in self._waiting.values() if one.qos and not one.bulk), None)

    def _count(self, message: Sent, step: int) -> None:
        self.count += step * (message.qos > 0)
        self.bulk += step * message.bulk
