"""From the network to the ledger: received, judged, booked in batches, and only then acknowledged.

What is not yet acknowledged is the broker's to deliver again: a hub that is killed at any point loses nothing.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from edge.wire.acknowledgements import OVERLOAD, PUT_OFF, RATE
from edge.wire.link import Delivery
from edge.wire.messages import MessageWrong
from fleet.acknowledgements import Acknowledgements
from fleet.admission import Admission
from fleet.arrivals import Arrival, Refused, ReportArrived
from fleet.intake.deferred import Deferred
from fleet.intake.inbox import Inbox, room_of
from fleet.intake.rates import Rates
from fleet.latency import LatencyBook
from fleet.ledger.errors import StoreBroken, StoreGone
from fleet.ledger.ledger import Ledger
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.errors import Defect, GilmokError

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_S = 1.0
REFUSALS_PERIOD_S = 0.2
"""Refusals alone are booked no more often: what a flood leaves in the ledger is not worth a commit for each."""
REFUSALS = 1000
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
        self,
        admission: Admission,
        ledger: Ledger,
        book: LatencyBook,
        acknowledgements: Acknowledgements,
        rates: Rates,
        clock: Clock,
        on_fault: Callable[[], None],
        on_booked: Callable[[Sequence[Arrival], Stamp], None] = lambda _, __: None,
    ) -> None:
        """`on_booked` is told what is on the disk, and since when; it must wait for nothing. `on_fault` is called in
        the ingest thread when it can't go on; `fault` then says why.
        """
        self.tally = Tally()
        self.fault: GilmokError | None = None
        self.rounds = 0
        """How often it has come round: it stands still where the store neither takes nor refuses."""
        self._admission = admission
        self._ledger = ledger
        self._latencies = book
        self._acknowledgements = acknowledgements
        self._rates = rates
        self._clock = clock
        self._on_fault = on_fault
        self._on_booked = on_booked
        self._acknowledge: Callable[[Sequence[Delivery]], None] = lambda _: None
        self._inbox = Inbox()
        self._put_off = Deferred()
        self._refused: list[Refused] = []
        """Judged, acknowledged to the broker, and not booked yet."""
        self._booked_ns = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest")

    @property
    def waiting(self) -> int:
        """Received and not yet taken up."""
        return len(self._inbox)

    def start(self, acknowledge: Callable[[Sequence[Delivery]], None]) -> None:
        """`acknowledge` is called for every delivery, many at once, when its fate is on the disk."""
        self._acknowledge = acknowledge
        self._thread.start()

    def receive(self, delivery: Delivery, received: Stamp) -> None:
        """Waits for room."""
        self.tally.received += 1
        if not self._rates.admits(delivery.topic, room_of(delivery), received.mono_ns):
            self._put_it_off(RATE, delivery, received)
        elif not self._inbox.put(delivery, received):
            self._put_it_off(OVERLOAD, delivery, received)

    def stop(self) -> None:
        """Book and acknowledge what was received; later deliveries stay at the broker. Stopping twice is harmless."""
        self._stopping.set()
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join()

    def _put_it_off(self, reason: str, delivery: Delivery, received: Stamp) -> None:
        """At once, without the ledger: a flood costs as little as can be."""
        self.tally.refused[reason] += 1
        self._put_off.add(reason, delivery, received)
        self._acknowledge([delivery])

    def _run(self) -> None:
        try:
            while (batch := self._inbox.batch(REFUSALS_PERIOD_S)) is not None:
                self.rounds += 1
                self._settle(batch)
            self._book(())
        except (StoreBroken, StoreGone) as error:
            # What isn't booked stays at the broker; whoever stops a hub with a failing store is told.
            self._give_up(error)
        # The top of a thread; the hub raises it.
        except Exception as error:
            log.exception("ingest broke")
            self._give_up(IngestBroke(error))

    def _give_up(self, fault: GilmokError) -> None:
        self.fault = fault
        self._stopping.set()
        self._inbox.close()
        self._on_fault()

    def _settle(self, batch: Sequence[tuple[Delivery, Stamp]]) -> None:
        judged = [arrival for delivery, received in batch for arrival in self._judge(delivery, received)]
        good = [arrival for arrival in judged if not isinstance(arrival, Refused)]
        self._refused += [arrival for arrival in judged if isinstance(arrival, Refused)]
        now_ns = self._clock.now().mono_ns
        if good or len(self._refused) >= REFUSALS or now_ns - self._booked_ns >= REFUSALS_PERIOD_S * NS_PER_S:
            self._booked_ns = now_ns
            self._book(good)
        self._acknowledge([delivery for delivery, _ in batch])
        for arrival in good:
            if isinstance(arrival, ReportArrived):
                self._latencies.add(arrival)

    def _book(self, good: Sequence[Arrival]) -> None:
        """With all that was refused since the last time."""
        refused, self._refused = self._refused, []
        arrivals = [*good, *refused, *self._put_off.collect(self._admission.node_of)]
        if not arrivals:
            return
        booked = self._until_it_succeeds(lambda: self._ledger.commit(arrivals))
        committed = self._clock.now()
        self.tally.booked += booked.frames
        self.tally.repeats += booked.repeats
        self._tell(arrivals)
        self._on_booked(good, committed)

    def _judge(self, delivery: Delivery, received: Stamp) -> tuple[Arrival, ...]:
        try:
            # It may have to look a session up in the ledger.
            arrivals = self._until_it_succeeds(
                lambda: self._admission.admit(delivery.topic, delivery.payload, received)
            )
        except MessageWrong as error:
            node = self._admission.node_of(delivery.topic)
            if error.reason not in PUT_OFF:
                self._rates.refused(delivery.topic, self._clock.now().mono_ns)
            arrivals = (Refused.of(delivery.topic, error.reason, error.what, delivery.payload, received, node),)
        for refused in arrivals:
            if isinstance(refused, Refused):
                if refused.reason not in self.tally.refused:
                    log.warning("refused a message on %s (%s): %s", refused.topic, refused.reason, refused.what)
                self.tally.refused[refused.reason] += 1
        return arrivals

    def _tell(self, arrivals: Sequence[Arrival]) -> None:
        try:
            self._acknowledgements.settled(arrivals, self._ledger.booked)
        except StoreBroken as error:
            # They are booked; the node sends them again, and is told then.
            log.error("%s; nodes aren't told what was booked", error.sentence)

    def _until_it_succeeds(self, ask: Callable[[], T]) -> T:
        """Ask the ledger; raises StoreGone, or StoreBroken when the hub is being stopped meanwhile."""
        remind_ns = 0
        while True:
            try:
                found = ask()
            except StoreBroken as error:
                self.rounds += 1
                now_ns = self._clock.now().mono_ns
                if now_ns >= remind_ns:
                    log.error("%s; trying again each second", error.sentence)
                    remind_ns = now_ns + int(REMIND_S * NS_PER_S)
                if self._stopping.wait(RETRY_S):
                    raise
            else:
                if remind_ns:
                    log.warning("the store answers again")
                return found
