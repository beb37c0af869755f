"""A broker that isn't there yet: asked again and again, beside whoever has other work to do."""

import logging
import threading
from collections.abc import Callable

from edge.wire.address import BrokerRefused, BrokerUnreachable

log = logging.getLogger(__name__)

ATTEMPT_S = 5.0
AGAIN_S = 1.0
REFUSED_S = 30.0
"""So long nobody asks again who was told that he isn't let in."""
HANGING_S = 0.5


class Knocking:
    """Calls `connect` on a thread of its own until it succeeds; each new objection is logged once."""

    def __init__(self, connect: Callable[[float], None]) -> None:
        """`connect` gets its patience in seconds, and raises BrokerUnreachable or BrokerRefused."""
        self._connect = connect
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._knock, name="knock", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """No further attempt; one that hangs is left to its own end."""
        self._ended.set()
        self._thread.join(HANGING_S)

    def _knock(self) -> None:
        said = ""
        while not self._ended.is_set():
            wait_s = AGAIN_S
            try:
                self._connect(ATTEMPT_S)
                return
            except BrokerRefused as error:
                # Somebody may yet mend it, at either end.
                objection, wait_s = error.sentence, REFUSED_S
            except BrokerUnreachable as error:
                objection = error.sentence
            if objection != said:
                log.warning("%s; trying on", objection)
            said = objection
            self._ended.wait(wait_s)
