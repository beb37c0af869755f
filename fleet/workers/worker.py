"""One worker: a process that books what the nodes of its part say, as its hub hands it over.

`python -P -m fleet.workers.worker FD`; a hub starts it. It ends with its hub.
"""

import logging
import socket
import sys
import threading
from collections.abc import Sequence

from edge.wire.link import Delivery
from fleet.config import HubConfig
from fleet.ledger.errors import StoreUnreachable
from fleet.workers.booking import Booking
from fleet.workers.channel import Begin, Channel, Finish, GivesUp, Letters, ListensSince, Ready, Say, Settled, Stands
from fleet.workers.partition import Partition
from sensors import config
from sensors.clock import SystemClock
from sensors.errors import GilmokError
from sensors.logs import to_stderr

log = logging.getLogger(__name__)

STATUS_PERIOD_S = 1.0
RETRY_S = 1.0


class Worker:
    """On its end of a channel, from the hub's first word on."""

    def __init__(self, channel: Channel, begin: Begin) -> None:
        self._channel = channel
        self._begin = begin
        self._done = threading.Event()

    def run(self) -> None:
        """Work until the hub says Finish, or is gone; raises what kept it from starting, or what ended it."""
        with self._open() as booking:
            booking.start(lambda settled: self._settle(booking, settled), retell=self._begin.again)
            self._channel.say(Ready())
            reading = threading.Thread(target=self._read, args=(booking,), name="letters", daemon=True)
            reading.start()
            try:
                while not self._done.wait(STATUS_PERIOD_S):
                    booking.tend()
                    self._channel.say(Stands(booking.status()))
            finally:
                booking.stop()
                self._channel.say(Stands(booking.status()))
            if booking.fault is not None:
                raise booking.fault

    def _open(self) -> Booking:
        """Where it takes another's place, a server that is away is waited for."""
        begin = self._begin
        own = Partition(begin.of)
        settings = config.convert(begin.config, HubConfig, "the hub's configuration")
        while True:
            try:
                return Booking(
                    settings,
                    SystemClock(),
                    begin.boot,
                    lambda topic, payload: self._channel.say(Say(topic, payload)),
                    on_fault=self._done.set,
                    mine=lambda node: own.of_node(node) == begin.number,
                )
            except StoreUnreachable as error:
                if not begin.again:
                    raise
                log.error("worker %d: %s; trying again each second", begin.number, error.sentence)
                threading.Event().wait(RETRY_S)

    def _settle(self, booking: Booking, settled: Sequence[Delivery]) -> None:
        self._channel.say(Settled([one.mid for one in settled], booking.counts))

    def _read(self, booking: Booking) -> None:
        try:
            while (said := self._channel.heard_by_worker()) is not None:
                match said:
                    case Letters():
                        for letter in said.every:
                            booking.receive(letter.delivery, letter.received)
                    case ListensSince():
                        booking.listens_since(said.mono_ns)
                    case Finish() | Begin():
                        break
        # The top of a thread: without it the worker hears nothing any more.
        except Exception:
            log.exception("a worker can't read what its hub says")
        self._done.set()


def main(descriptor: str) -> int:
    to_stderr()
    channel = Channel(socket.socket(fileno=int(descriptor)))
    begin = channel.heard_by_worker()
    if not isinstance(begin, Begin):
        return 1
    try:
        Worker(channel, begin).run()
    except GilmokError as error:
        channel.say(GivesUp(error.sentence, error.hint, error.exit_status))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
