"""The hub: one process that hears the nodes, books what they say, and tells how it is."""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from edge.wire.address import BrokerAt, BrokerRefused, BrokerUnreachable
from edge.wire.connection.dialects import Will
from edge.wire.link import Delivery, Link
from edge.wire.messages import ConnState, Message, encode
from edge.wire.topics import ROOT
from fleet.acknowledgements import Outbox
from fleet.broker import EmbeddedBroker
from fleet.clock_server import ClockServer
from fleet.config import HubConfig
from fleet.configured_broker import embedded_broker
from fleet.duplicate_hub import DuplicateWatch, NameTaken
from fleet.latency import LiveLatency
from fleet.ledger.rollups.retention import RetentionThread
from fleet.security.anonymous import check_open
from fleet.workers.booking import Booking
from fleet.workers.bookkeeper import Bookkeeper
from fleet.workers.status import Status, WorkerState
from fleet.workers.team import Team
from sensors.clock import NS_PER_S, Clock, Stamp, boot_id
from sensors.errors import GilmokError
from sensors.host import software
from sensors.service.heartbeat import Heartbeat
from sensors.service.systemd import Systemd

log = logging.getLogger(__name__)

STATE_PERIOD_S = 1.0
TEND_PERIOD_S = 0.2
KEY_DIGITS = 16
WINDOW = 1000
"""Messages on their way to the hub or being booked. Of twenty, Mosquitto's own choice, a hub on a busy machine reads
twenty a turn, far fewer than a flood is.
"""
VERDICT_S = 5.0
"""How long the broker may take to say whether it takes a hub's word; an answer in time is a round trip away."""
FORGET_S = 2.0
"""How long a hub that ends for good tries to make the broker forget it."""


class StateRefused(BrokerRefused):
    def __init__(self, url: str, topic: str, reason: str) -> None:
        super().__init__(
            url,
            f"this hub's state, on {topic}: {reason}",
            "the name in its certificate, or its user's, has to be the hub's (`gilmok fleet enrol --as hub`); is "
            "it in the broker's ACL (`gilmok fleet list`, `gilmok fleet acl`)?",
        )


class HubState(Message, frozen=True, kw_only=True):
    """Retained, and the last will; the counts are of this life of the hub."""

    state: ConnState
    stamp: Stamp
    boot: str
    began: Stamp
    """When this life began."""
    software: str
    broker: str = ""
    """The address it is connected to, without a login; of a cluster, the node."""
    received: int = 0
    booked: int = 0
    repeats: int = 0
    refused: dict[str, int] = {}
    waiting: int = 0
    nodes: dict[str, str] = {}
    """"site/node" -> online, stale, offline, lost, unknown."""
    latency: dict[str, dict[str, LiveLatency]] = {}
    workers: tuple[WorkerState, ...] = ()
    """Those of a hub that has several."""


class Hub:
    """Built from its configuration, run once; `stop` may come from a signal handler."""

    def __init__(self, config: HubConfig, clock: Clock, systemd: Systemd | None = None) -> None:
        """`systemd`: who hears its heartbeat."""
        self._config = config
        self._systemd = systemd or Systemd()
        self._clock = clock
        self._began = clock.now()
        self._boot = boot_id()
        self._done = threading.Event()
        self._fault: GilmokError | None = None
        self._embedded: EmbeddedBroker | None = None
        self.working = False
        """From then on `stop` ends it with all that it has received booked."""
        self.at: BrokerAt | None = None
        """Where its broker is; None before it is there."""
        self.leaving = False
        """What was received is being booked."""
        self._client_id = f"gilmok-hub-{config.site or 'all'}-{config.name}"
        self._topic = f"{ROOT}/{config.site or 'all'}/hub/{config.name}/state"

    def stop(self) -> None:
        """End it: what was received is booked and acknowledged, the rest stays at the broker."""
        self._done.set()

    def run(self, ready: Callable[[], None]) -> None:
        """Work until `stop`; `ready` is called once nothing that a node says can be missed any more.

        Raises what kept it from starting (StoreUnreadable, PortOccupied, BrokerUnreachable, StateRefused, ...), or what
        ended it (IngestBroke, NameTaken).
        """
        with ExitStack() as stack:
            bookkeeper = stack.enter_context(self._bookkeeper(lambda topic, payload: outbox.say(topic, payload)))
            at = self.at = self._broker(stack)
            self._client_id += _known_to_holder(at)
            # Of its own: what the broker answers to it doesn't wait behind what the nodes say.
            down = Link(at, f"{self._client_id}-down", clock=self._clock)
            outbox = Outbox(down.publish, down.drain)

            def state(said: ConnState, broker: str, status: Status | None = None) -> bytes:
                return encode(self._state(said, broker, status or bookkeeper.status()))

            def announce() -> None:
                bookkeeper.listens_since(self._clock.now().mono_ns)
                link.publish(self._topic, state("online", link.address), retain=True)

            link = self._link(at, bookkeeper, announce, state("lost", ""))
            bookkeeper.start(lambda settled: link.ack(*settled))
            stack.callback(bookkeeper.stop)
            down.connect(self._config.patience_s)
            stack.callback(down.close)
            outbox.start()
            stack.callback(outbox.close)
            link.connect(self._config.patience_s)
            self._check_taken(link)
            stack.enter_context(RetentionThread(self._config, self._clock))
            log.info("hub %s hears %s over MQTT %s", self._config.name, link.address, link.protocol)
            self.working = True
            try:
                ready()
                self._systemd.ready("it hears the nodes")
                heartbeat = Heartbeat(self._systemd, self._clock)
                for _ in self._seconds(bookkeeper):
                    status = bookkeeper.status()
                    heartbeat.beat(status.progress, status.line)
                    link.publish(self._topic, state("online", link.address, status), qos=0, retain=True)
            finally:
                self.leaving = True
                self._systemd.stopping()
                bookkeeper.stop()
                self._leave(link, at, state("offline", link.address))
        fault = self._fault or bookkeeper.fault
        if fault is not None:
            raise fault

    def _check_taken(self, link: Link) -> None:
        """Mosquitto lets in who has a node's certificate, drops what it says, and lets it hear nothing."""
        link.drain(VERDICT_S)
        if reason := link.limits.denied.get(self._topic):
            link.close()
            raise StateRefused(link.address, self._topic, reason)

    def _seconds(self, bookkeeper: Bookkeeper) -> Iterator[None]:
        """One after another until it is over; meanwhile what runs is looked after."""
        due_ns = self._clock.now().mono_ns
        while not self._done.wait(TEND_PERIOD_S):
            bookkeeper.tend()
            if self._clock.now().mono_ns >= due_ns:
                due_ns += int(STATE_PERIOD_S * NS_PER_S)
                self._tend_broker()
                yield

    def _bookkeeper(self, publish: Callable[[str, bytes], bool]) -> Bookkeeper:
        made = (self._config, self._clock, self._boot, publish, self.stop)
        return Booking(*made) if self._config.workers == 1 else Team(*made)

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
        check_open(embedded)
        broker = self._embedded = embedded_broker(self._config.name, embedded, self._clock)
        stack.enter_context(broker)
        return broker.at

    def _tend_broker(self) -> None:
        """Tell an embedded one who is enrolled, and start it again where it died, once a second at most: its data and
        its port are kept.
        """
        if self._embedded is None:
            return
        try:
            if (status := self._embedded.died) is None:
                if self._embedded.heed_fleet():
                    log.info("the embedded broker reads anew who is enrolled")
                return
            log.error("the embedded broker ended with status %d; starting it again", status)
            self._embedded.revive()
        except GilmokError as error:
            log.error("%s", error.sentence)

    def _link(self, at: BrokerAt, bookkeeper: Bookkeeper, announce: Callable[[], None], last_will: bytes) -> Link:
        site = self._config.site
        clock_server = ClockServer(self._clock, self._boot, lambda topic, answer: link.publish(topic, answer, qos=0))
        duplicates = DuplicateWatch(self._began, self._boot)

        def hear(delivery: Delivery) -> None:
            if delivery.topic == self._topic:
                if duplicates.taken_over_by(delivery):
                    self._fault = NameTaken(self._config.name, link.address)
                    self.stop()
            elif not clock_server.take(delivery):
                bookkeeper.receive(delivery, self._clock.now())

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
            window=WINDOW,
        )
        return link

    def _state(self, said: ConnState, broker: str, status: Status) -> HubState:
        return HubState(
            state=said,
            stamp=self._clock.now(),
            boot=self._boot,
            began=self._began,
            software=software(),
            broker=broker,
            received=status.counts.received,
            booked=status.counts.booked,
            repeats=status.counts.repeats,
            refused=status.counts.refused,
            waiting=status.waiting,
            nodes=status.nodes,
            latency=status.latency,
            workers=status.workers,
        )


def _known_to_holder(at: BrokerAt) -> str:
    """A part of the client id that only who has the key can tell: a broker throws out whoever has the same id."""
    if at.key_file is None:
        return ""
    with suppress(OSError):
        return "-" + hashlib.sha256(at.key_file.read_bytes()).hexdigest()[:KEY_DIGITS]
    return ""
