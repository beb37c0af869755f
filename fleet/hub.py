"""The hub: one process that hears the nodes, books what they say, and tells how it is."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

from edge.wire.address import BrokerAt
from edge.wire.dialects import Will
from edge.wire.link import BrokerRefused, BrokerUnreachable, Delivery, Link
from edge.wire.messages import ConnState, Message, encode
from edge.wire.topics import ROOT
from fleet.admission import Admission
from fleet.arrivals import key_of
from fleet.broker import EmbeddedBroker
from fleet.clock_server import ClockServer
from fleet.config import HubConfig
from fleet.duplicate_hub import DuplicateWatch, NameTaken
from fleet.ingest import Ingest
from fleet.latency import LatencyBook, LiveLatency
from fleet.ledger.ledger import Ledger
from fleet.registry import Registry
from sensors.clock import NS_PER_S, Clock, Stamp, boot_id
from sensors.errors import GilmokError
from sensors.host import software

log = logging.getLogger(__name__)

STATE_PERIOD_S = 1.0
FORGET_S = 2.0
"""How long a hub that ends for good tries to make the broker forget it."""


class HubState(Message, frozen=True, kw_only=True):
    """Retained, and the last will; the counts are of this life of the hub."""

    state: ConnState
    stamp: Stamp
    boot: str
    began: Stamp
    """When this life began."""
    software: str
    received: int = 0
    booked: int = 0
    repeats: int = 0
    refused: dict[str, int] = {}
    waiting: int = 0
    nodes: dict[str, str] = {}
    """"site/node" -> online, stale, offline, lost, unknown."""
    latency: dict[str, dict[str, LiveLatency]] = {}


class Hub:
    """Built from its configuration, run once; `stop` may come from a signal handler."""

    def __init__(self, config: HubConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._began = clock.now()
        self._boot = boot_id()
        self._done = threading.Event()
        self._fault: GilmokError | None = None
        self._client_id = f"gilmok-hub-{config.site or 'all'}-{config.name}"
        self._topic = f"{ROOT}/{config.site or 'all'}/hub/{config.name}/state"

    def stop(self) -> None:
        """End it: what was received is booked and acknowledged, the rest stays at the broker."""
        self._done.set()

    def run(self, ready: Callable[[], None]) -> None:
        """Work until `stop`; `ready` is called once nothing that a node says can be missed any more.

        Raises what kept it from starting (StoreUnreadable, PortOccupied, BrokerUnreachable, ...), or what ended it
        (IngestBroke, NameTaken).
        """
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger(self._config.store))
            at = self._broker(stack)
            registry = Registry(int(self._config.health_period_s * NS_PER_S), ledger.birth)
            for birth in ledger.newest_births():
                registry.resume(birth, ledger.last_heard(key_of(birth)).state, self._clock.now())
            book = LatencyBook()
            admission = Admission(registry, self._boot, self._config.clock_tolerance_s)
            ingest = Ingest(admission, ledger, book, self._clock, on_fault=self.stop)

            def state(said: ConnState) -> bytes:
                return encode(self._state(said, registry, ingest, book))

            def announce() -> None:
                link.publish(self._topic, state("online"), retain=True)

            link = self._link(at, ingest, announce, state("lost"))
            ingest.start(link.ack)
            stack.callback(ingest.stop)
            link.connect(self._config.patience_s)
            log.info("hub %s hears %s over MQTT %s", self._config.name, at.url, link.protocol)
            try:
                ready()
                while not self._done.wait(STATE_PERIOD_S):
                    ledger.check_whole()
                    link.publish(self._topic, state("online"), qos=0, retain=True)
            finally:
                ingest.stop()
                self._leave(link, at, state("offline"))
        fault = self._fault or ingest.fault
        if fault is not None:
            raise fault

    def _leave(self, link: Link, at: BrokerAt, last_state: bytes) -> None:
        link.publish(self._topic, b"" if self._config.for_one_run else last_state, retain=True)
        link.close()
        if self._config.for_one_run:
            # A fresh session of the same client takes the place of the one that the broker keeps, and ends at once.
            with suppress(BrokerUnreachable, BrokerRefused):
                fresh = Link(at, self._client_id, clock=self._clock)
                fresh.connect(FORGET_S)
                fresh.close()

    def _broker(self, stack: ExitStack) -> BrokerAt:
        embedded = self._config.embedded
        if embedded is None:
            return self._config.broker or BrokerAt()
        broker = stack.enter_context(EmbeddedBroker(embedded.port, embedded.folder, self._clock, embedded.host))
        return BrokerAt(url=broker.url)

    def _link(self, at: BrokerAt, ingest: Ingest, announce: Callable[[], None], last_will: bytes) -> Link:
        site = self._config.site
        clock_server = ClockServer(self._clock, self._boot, lambda topic, answer: link.publish(topic, answer, qos=0))
        duplicates = DuplicateWatch(self._began, self._boot)

        def hear(delivery: Delivery) -> None:
            if delivery.topic == self._topic:
                if duplicates.taken_over_by(delivery):
                    self._fault = NameTaken(self._config.name, at.url)
                    self.stop()
            elif not clock_server.take(delivery):
                ingest.receive(delivery)

        link = Link(
            at,
            self._client_id,
            clock=self._clock,
            will=Will(self._topic, last_will),
            subscriptions=[(f"{ROOT}/{site or '+'}/+/up/#", 1), (self._topic, 0)],
            on_delivery=hear,
            on_up=announce,
            session_expiry_s=self._config.session_s,
            manual_ack=True,
        )
        return link

    def _state(self, said: ConnState, registry: Registry, ingest: Ingest, book: LatencyBook) -> HubState:
        now = self._clock.now()
        return HubState(
            state=said,
            stamp=now,
            boot=self._boot,
            began=self._began,
            software=software(),
            received=ingest.tally.received,
            booked=ingest.tally.booked,
            repeats=ingest.tally.repeats,
            refused=dict(ingest.tally.refused),
            waiting=ingest.waiting,
            nodes={f"{one.key.site}/{one.key.node}": one.state for one in registry.standings(now)},
            latency=book.live(),
        )
