"""What the broker has yet to acknowledge."""

import threading


class InFlight:
    """Which QoS 1 messages await their acknowledgement, by paho's message ids.

    paho tells a message's id when `publish` returns, and its network thread may report the acknowledgement before.
    """

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()
        self._waiting: dict[int, int] = {}
        self._early: set[int] = set()

    def sent(self, mid: int, qos: int) -> None:
        with self._changed:
            if mid in self._early:
                self._early.remove(mid)
                return
            # A QoS 0 message that a breaking connection swallowed leaves its id behind: the next owner takes it over.
            self._waiting[mid] = qos
            self.count += qos > 0

    def done(self, mid: int) -> None:
        with self._changed:
            qos = self._waiting.pop(mid, None)
            if qos is None:
                self._early.add(mid)
            elif qos:
                self.count -= 1
                self._changed.notify_all()

    def wait(self, patience_s: float, down_to: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count <= down_to, patience_s)
