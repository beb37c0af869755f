"""From the network to the ledger: received, judged, booked in batches, and only then acknowledged.

What is not yet acknowledged is the broker's to deliver again: a hub that is killed at any point loses nothing.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.wire.link import Delivery
from edge.wire.messages import MessageWrong
from fleet.admission import Admission
from fleet.arrivals import Arrival, Refused, ReportArrived
from fleet.inbox import Inbox
from fleet.latency import LatencyBook
from fleet.ledger.ledger import Ledger
from fleet.ledger.store import StoreBroken, StoreGone
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.errors import Defect, GilmokError

log = logging.getLogger(__name__)

RETRY_S = 1.0
REMIND_S = 30.0
"""How often a store that still fails is told of again."""


class IngestBroke(Defect):
    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"ingest broke: {error!r}", "the log above shows where; what wasn't booked stays at the broker"
        )


@dataclass(slots=True)
class Tally:
    """What became of the messages of this life of the hub."""

    received: int = 0
    """Messages of any kind."""
    booked: int = 0
    """Reports that were new."""
    repeats: int = 0
    """Reports that were in the ledger already."""
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""


class Ingest:
    """One thread of its own between the link's network thread and the ledger."""

    def __init__(
        self, admission: Admission, ledger: Ledger, book: LatencyBook, clock: Clock, on_fault: Callable[[], None]
    ) -> None:
        """`on_fault` is called in the ingest thread when it can't go on; `fault` then says why."""
        self.tally = Tally()
        self.fault: GilmokError | None = None
        self._admission = admission
        self._ledger = ledger
        self._book = book
        self._clock = clock
        self._on_fault = on_fault
        self._acknowledge: Callable[[Delivery], None] = lambda _: None
        self._inbox = Inbox()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest")

    @property
    def waiting(self) -> int:
        """Received and not yet taken up."""
        return len(self._inbox)

    def start(self, acknowledge: Callable[[Delivery], None]) -> None:
        """`acknowledge` is called for every delivery when its fate is on the disk."""
        self._acknowledge = acknowledge
        self._thread.start()

    def receive(self, delivery: Delivery) -> None:
        """Called in the network thread: the receipt's stamp is taken here."""
        received = self._clock.now()
        self.tally.received += 1
        self._inbox.put(delivery, received)

    def stop(self) -> None:
        """Book and acknowledge what was received; later deliveries stay at the broker. Stopping twice is harmless."""
        self._stopping.set()
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._inbox.batch():
                self._settle(batch)
        except (StoreBroken, StoreGone) as error:
            # What isn't booked stays at the broker; whoever stops a hub with a failing store is told.
            self._give_up(error)
        except Exception as error:
            log.exception("ingest broke")
            self._give_up(IngestBroke(error))

    def _give_up(self, fault: GilmokError) -> None:
        self.fault = fault
        self._stopping.set()
        self._inbox.close()
        self._on_fault()

    def _settle(self, batch: Sequence[tuple[Delivery, Stamp]]) -> None:
        arrivals = [arrival for delivery, received in batch for arrival in self._judge(delivery, received)]
        if arrivals:
            self._book_all(arrivals)
        for delivery, _ in batch:
            self._acknowledge(delivery)
        for arrival in arrivals:
            if isinstance(arrival, ReportArrived):
                self._book.add(arrival)

    def _judge(self, delivery: Delivery, received: Stamp) -> tuple[Arrival, ...]:
        try:
            return self._admission.admit(delivery.topic, delivery.payload, received)
        except MessageWrong as error:
            node = self._admission.node_of(delivery.topic)
            refused = Refused.of(delivery.topic, error.reason, error.what, delivery.payload, received, node)
            if error.reason not in self.tally.refused:
                log.warning("refused a message on %s (%s): %s", refused.topic, refused.reason, refused.what)
            self.tally.refused[error.reason] += 1
            return (refused,)

    def _book_all(self, arrivals: Sequence[Arrival]) -> None:
        """Until it succeeds; raises StoreGone, or StoreBroken when the hub is being stopped meanwhile."""
        remind_ns = 0
        while True:
            try:
                booked = self._ledger.commit(arrivals)
            except StoreBroken as error:
                now_ns = self._clock.now().mono_ns
                if now_ns >= remind_ns:
                    log.error("%s; trying again each second", error.sentence)
                    remind_ns = now_ns + int(REMIND_S * NS_PER_S)
                if self._stopping.wait(RETRY_S):
                    raise
            else:
                self.tally.booked += booked.frames
                self.tally.repeats += booked.repeats
                return
