"""From the network to the ledger: received, judged, booked in batches, and only then acknowledged.

What is not yet acknowledged is the broker's to deliver again: a hub that is killed at any point loses nothing.
"""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.wire.link import Delivery
from edge.wire.messages import MessageWrong
from fleet.admission import Admission
from fleet.arrivals import Arrival, Refused, ReportArrived
from fleet.latency import LatencyBook
from fleet.ledger.ledger import Ledger
from fleet.ledger.store import StoreBroken
from sensors.clock import Clock, Stamp
from sensors.errors import Defect

log = logging.getLogger(__name__)

WAITING = 10_000
"""Messages between the network and the ledger; when they are full, the network waits, and so does the broker."""

BATCH = 1000
RETRY_S = 1.0
FULL_POLL_S = 0.1


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
        self.fault: IngestBroke | None = None
        self._admission = admission
        self._ledger = ledger
        self._book = book
        self._clock = clock
        self._on_fault = on_fault
        self._acknowledge: Callable[[Delivery], None] = lambda _: None
        self._waiting: queue.Queue[tuple[Delivery, Stamp] | None] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest")

    @property
    def waiting(self) -> int:
        """Received and not yet taken up."""
        return self._waiting.qsize()

    def start(self, acknowledge: Callable[[Delivery], None]) -> None:
        """`acknowledge` is called for every delivery when its fate is on the disk."""
        self._acknowledge = acknowledge
        self._thread.start()

    def receive(self, delivery: Delivery) -> None:
        """Called in the network thread: the receipt's stamp is taken here."""
        received = self._clock.now()
        self.tally.received += 1
        while not self._stopping.is_set():
            try:
                self._waiting.put((delivery, received), timeout=FULL_POLL_S)
                return
            except queue.Full:
                continue

    def stop(self) -> None:
        """Book and acknowledge what was received; later deliveries stay at the broker. Stopping twice is harmless."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                self._settle([first, *self._more()])
        except StoreBroken as error:
            log.error("%s; what isn't booked stays at the broker", error.sentence)
        except Exception as error:
            log.exception("ingest broke")
            self.fault = IngestBroke(error)
            self._stopping.set()
            self._on_fault()

    def _more(self) -> list[tuple[Delivery, Stamp]]:
        """What else is waiting, without waiting for it."""
        batch: list[tuple[Delivery, Stamp]] = []
        while len(batch) < BATCH - 1:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._waiting.put(None)
                break
            batch.append(item)
        return batch

    def _settle(self, batch: Sequence[tuple[Delivery, Stamp]]) -> None:
        judged = [self._judge(delivery, received) for delivery, received in batch]
        arrivals = [arrival for arrival in judged if arrival is not None]
        if arrivals:
            self._book_all(arrivals)
        for delivery, _ in batch:
            self._acknowledge(delivery)
        for arrival in arrivals:
            if isinstance(arrival, ReportArrived):
                self._book.add(arrival)

    def _judge(self, delivery: Delivery, received: Stamp) -> Arrival | None:
        try:
            return self._admission.admit(delivery.topic, delivery.payload, received)
        except MessageWrong as error:
            if error.reason not in self.tally.refused:
                log.warning("refused a message on %s: %s", delivery.topic, error)
            self.tally.refused[error.reason] += 1
            return Refused(delivery.topic, error.reason, error.what, delivery.payload, received)

    def _book_all(self, arrivals: Sequence[Arrival]) -> None:
        """Until it succeeds, or raises StoreBroken when the hub is being stopped meanwhile."""
        while True:
            try:
                booked = self._ledger.commit(arrivals)
            except StoreBroken as error:
                log.error("%s; trying again", error.sentence)
                if self._stopping.wait(RETRY_S):
                    raise
            else:
                self.tally.booked += booked.frames
                self.tally.repeats += booked.repeats
                return
