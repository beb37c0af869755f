"""From a delivery to the ledger and back to the node: all that a hub does with what nodes say, or some of them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from edge.wire.link import Delivery
from edge.wire.traces import Source, Traced, tracing
from fleet.acknowledgements import Acknowledgements
from fleet.admission import Admission
from fleet.arrivals import Arrival, BirthArrived, NodeKey, ReportArrived, key_of
from fleet.config import HubConfig
from fleet.fence import Fence
from fleet.ingest import Ingest
from fleet.intake.rates import Rates
from fleet.latency import LatencyBook, Outages
from fleet.ledger.ledger import Ledger
from fleet.registry import Registry
from fleet.workers.status import Counts, Status
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.errors import GilmokError

BYTES_PER_MB = 1e6


class Booking:
    """Used with `with`: the ledger is open while it lasts."""

    def __init__(
        self,
        config: HubConfig,
        clock: Clock,
        boot: str,
        publish: Callable[[str, bytes], bool],
        on_fault: Callable[[], None],
        mine: Callable[[NodeKey], bool] = lambda _: True,
    ) -> None:
        """`publish` says something to a node, at QoS 1. `on_fault`: see `Ingest`. `mine`: whose nodes it books.

        Raises what a Ledger does.
        """
        self._clock = clock
        self._stack = ExitStack()
        self._ledger = self._stack.enter_context(Ledger(config.where))
        fence = Fence(config.name, publish)
        self._registry = Registry(int(config.health_period_s * NS_PER_S), self._ledger.birth, fence.tell)
        self._births = [birth for birth in self._ledger.newest_births() if mine(key_of(birth).of_node)]
        for birth in self._births:
            self._registry.resume(birth, self._ledger.last_heard(key_of(birth)).state, clock.now())
        self._book = LatencyBook()
        self._outages = Outages(int(config.late_after_s * NS_PER_S), int(config.silence_s * NS_PER_S))
        self._admission = Admission(self._registry, boot, config.clock_tolerance_s, self._outages)
        self._acknowledgements = Acknowledgements(config.name, clock, publish)
        bound = config.per_node
        rates = Rates(bound.messages_per_s, bound.mb_per_s * BYTES_PER_MB, bound.burst_s)
        self._traces = self._stack.enter_context(tracing(config.otel, "gilmok-hub", config.name))
        self._ingest = Ingest(
            self._admission, self._ledger, self._book, self._acknowledgements, rates, clock,
            on_fault=on_fault, on_booked=self._trace,
        )  # fmt: skip

    @property
    def fault(self) -> GilmokError | None:
        """Why it can't go on."""
        return self._ingest.fault

    @property
    def counts(self) -> Counts:
        return Counts.of(self._ingest.tally)

    def start(self, acknowledge: Callable[[Sequence[Delivery]], None], *, retell: bool = False) -> None:
        """`acknowledge` is called for every delivery when its fate is on the disk.

        `retell`: say to every node where it stands: what an earlier life had booked it may have had no time to say.
        """
        self._acknowledgements.start()
        if retell:
            now = self._clock.now()
            arrived = [BirthArrived(key_of(birth), birth, b"", now) for birth in self._births]
            self._acknowledgements.settled(arrived, self._ledger.booked)
        self._ingest.start(acknowledge)

    def listens_since(self, mono_ns: int) -> None:
        """What was published before has waited at the broker, and is late. From any thread."""
        self._outages.listens_since(mono_ns)

    def receive(self, delivery: Delivery, received: Stamp) -> None:
        """Waits for room. From one thread."""
        self._ingest.receive(delivery, received)

    def tend(self) -> None:
        """Due about once a second; raises StoreGone."""
        self._ledger.check_whole()

    def status(self) -> Status:
        return Status(
            counts=self.counts,
            waiting=self._ingest.waiting,
            nodes={f"{one.key.site}/{one.key.node}": one.state for one in self._registry.standings(self._clock.now())},
            latency=self._book.live(),
            rounds=(self._ingest.rounds,),
        )

    def stop(self) -> None:
        """Book what was received and tell it the nodes; later deliveries stay at the broker. Twice is harmless."""
        self._ingest.stop()
        self._acknowledgements.close()

    def _trace(self, booked: Sequence[Arrival], committed: Stamp) -> None:
        if self._traces is None:
            return
        for one in booked:
            if isinstance(one, ReportArrived):
                self._traces.put(Traced(Source(one.key.site, one.key.node), one.report, one.received, committed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._stack.close()
