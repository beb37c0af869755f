"""A node's talk with its hub: who it is, what became of its frames, how it is, and whose clock says what.

One object for the session of a node, on one link to the broker. Nothing in it makes the frame path wait.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from edge.clock_client import ClockClient
from edge.device.backend import Telemetry
from edge.duplicate_node import DuplicateNodes
from edge.health import health
from edge.publisher import Publisher
from edge.spool.spool import Spool
from edge.stream import Stream
from edge.uncommitted import Uncommitted
from edge.wire.acknowledgements import UNINTRODUCED, Fenced
from edge.wire.address import BrokerAt
from edge.wire.births import BirthRefused, BirthUnfit, checked_birth
from edge.wire.connection.dialects import Will
from edge.wire.link import Delivery, Link
from edge.wire.live.pictures import PictureAsk
from edge.wire.messages import (
    Birth,
    ClockAsk,
    Committed,
    Conn,
    ConnState,
    FrameReport,
    Health,
    MessageWrong,
    Refusals,
    decode,
    encode,
)
from edge.wire.shadows import ShadowHealth
from edge.wire.topics import NodeTopics
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

WILL_DELAY_S = 5
CLIENT_DIGITS = 8
PATIENCE_S = 30.0
"""How long a farewell waits for a hub to commit the next of what is left: longer than a link takes to come back."""
HURRIED_S = 1.0
"""How long where somebody waits for the end: a signal ends every program within two seconds."""
AWAY_S = 0.3
"""How long where somebody waits, and no hub answers."""
HOPELESS_S = 2.0
"""How long where reports were refused: more of it would not help."""
POLL_S = 0.05
TELL_NS = NS_PER_S
FLUSH_S = 5.0
"""How long the broker may take to acknowledge the last words."""
BEHIND = 8
"""Reports that the broker hasn't acknowledged: a picture would wait behind them, and the next ones behind it."""
VERDICT_S = 5.0
"""How long the broker may take to say whether it takes a birth; an answer in time is a round trip away."""
AGAIN_NS = 5 * NS_PER_S
"""So often a node introduces itself again, at most, because a hub asks who it is: its birth may be on its way."""


class Uplink:
    """Connected once, then reports and health at any time from any thread, then one farewell."""

    def __init__(
        self,
        at: BrokerAt,
        birth: Birth,
        clock: Clock,
        spool: Spool,
        *,
        late_per_s: int = 500,
        hub: str = "",
        on_rival: Callable[[Fenced], None] = lambda _: None,
        on_look: Callable[[PictureAsk], None] | None = None,
        shadow: Callable[[], ShadowHealth] | None = None,
    ) -> None:
        """`birth` is said at every connection; whose session it is, and whose `clock`, stands in it.

        Takes over `spool`. `late_per_s`: so fast a backlog goes out. `hub`: whose word counts; empty: any hub's.
        `on_rival` is called in the network's thread, once for each other process that has this node's name; so is
        `on_look`, for who asks for pictures; None: nobody gets any.
        `shadow`: how the candidate is that runs beside the model; None: there is none.
        Connects nothing yet. Raises BirthUnfit, SpoolUnusable, SecretMissing or SecretOpen.
        """
        # Better said here, at the start, than by the hub of every report.
        spool.introduce(birth.session_id, checked_birth(birth))
        self._birth = birth
        self._clock = clock
        self._hub = hub
        self._unsaid = ""
        self._again_ns = -AGAIN_NS
        self._topics = NodeTopics(birth.site, birth.node)
        self._duplicates = DuplicateNodes(birth.session_id)
        self._on_rival = on_rival
        self._on_look = on_look
        self._shadow = shadow
        self._clocks = ClockClient(birth.session, birth.boot, clock)
        self._link = Link(
            at.beginning_for(f"{birth.site}/{birth.node}"),
            # Two nodes of one name would throw each other out for ever; the hub tells their sessions apart.
            f"{birth.site}-{birth.node}-{birth.session_id[:CLIENT_DIGITS]}",
            clock=clock,
            will=Will(self._topics.conn, self._conn("lost"), WILL_DELAY_S),
            subscriptions=[
                (self._topics.clock_answer, 0),
                *([] if on_look is None else [(self._topics.picture_ask, 0)]),
                *((topic, 1) for topic in (self._topics.committed, self._topics.refused, self._topics.fenced)),
            ],
            on_delivery=self._hear,
            on_up=self._introduce,
            resend=False,
        )
        self._publisher = Publisher(self._link, self._topics, clock, spool, birth.session_id, late_per_s)

    def connect(self, *, whenever: bool = False) -> None:
        """Return once the broker knows who is here.

        `whenever`: at once, and what is reported before the broker is there waits in the spool. Raises
        BrokerUnreachable, BrokerRefused, BirthUnfit, or BirthRefused: of whose birth the broker doesn't take, no hub
        will ever hear, however long it works.
        """
        if whenever:
            self._link.connect_whenever()
        else:
            self._link.connect()
            self._check_introduced()
        self._publisher.start()

    def _check_introduced(self) -> None:
        trouble: GilmokError | None = None
        self._link.drain(VERDICT_S)
        if unsaid := self._unsaid:
            trouble = BirthUnfit(self._birth.node, unsaid)
        elif reason := self._link.limits.denied.get(self._topics.birth):
            trouble = BirthRefused(self._link.address, self._topics.birth, reason)
        if trouble is not None:
            self._link.close()
            raise trouble

    def report(self, report: FrameReport) -> None:
        """Send `report` as soon as there is a connection and room; returns at once."""
        self._publisher.put(report)

    def tell(self, streams: Sequence[Stream], device: Telemetry | None) -> Health:
        """Due once a second: how the node is, and what the hub's clock reads; both at QoS 0. Gives what it said.

        `device`: None where its SDK tells nothing.
        """
        self._ask(self._clocks.question())
        health = self._health(streams, device)
        self._link.publish(self._topics.health, encode(health), qos=0)
        return health

    def show(self, stream: str, picture: bytes) -> None:
        """At QoS 0, and not at all where the link is behind: reports come first."""
        if self._link.unacknowledged <= BEHIND:
            self._link.publish(self._topics.picture(stream), picture, qos=0)

    def say_shadow(self, report: FrameReport) -> bool:
        """What a candidate found; False: the link is behind, where the active model's reports come first."""
        if not self._link.up or self._link.unacknowledged > BEHIND:
            return False
        return self._link.publish(self._topics.shadow(report.stream), encode(report))

    def farewell(self, streams: Sequence[Stream], device: Telemetry | None, *, hurried: bool = False) -> Uncommitted:
        """Wait until a hub has committed everything, say how it ended, and disconnect without the last will.

        `hurried`: somebody waits for the end. What is left stays in the spool.
        """
        self._await_commits(streams, device, hurried)
        self._publisher.close()
        # An exchange after the last report bounds its way from both sides.
        self._ask(self._clocks.question())
        self._link.publish(self._topics.health, encode(self._health(streams, device, final=True)), qos=1)
        self._link.publish(self._topics.conn, self._conn("offline"), qos=1, retain=not self._duplicates.fenced)
        return Uncommitted(
            spooled=self._publisher.state(),
            refused=self._publisher.refused,
            denied=dict(self._link.limits.denied),
            most_bytes=self._link.limits.most_bytes,
            unacknowledged=self._link.close(FLUSH_S),
            hub_heard=self._publisher.hub_answers,
            shut_out=self._link.limits.shut_out,
            unsaid=self._unsaid,
        )

    def _await_commits(self, streams: Sequence[Stream], device: Telemetry | None, hurried: bool) -> None:
        now_ns = told_ns = since_ns = self._clock.now().mono_ns
        least = self._publisher.awaited
        said = False
        while (left := self._publisher.awaited) > 0:
            now_ns = self._clock.now().mono_ns
            if left < least:
                least, since_ns = left, now_ns
            patience_s = self._patience_s(hurried)
            if now_ns - since_ns > patience_s * NS_PER_S:
                return
            if now_ns - told_ns > TELL_NS:
                told_ns = now_ns
                self.tell(streams, device)
                if not said:
                    said = True
                    log.info("waiting for a hub to commit %d reports, %g s for each next one at most", left, patience_s)
            threading.Event().wait(POLL_S)

    def _patience_s(self, hurried: bool) -> float:
        limits = self._link.limits
        if self._publisher.refused.count or limits.denied or limits.shut_out:
            return HOPELESS_S
        if not hurried:
            return PATIENCE_S
        return HURRIED_S if self._link.up and self._publisher.hub_answers else AWAY_S

    def _introduce(self) -> None:
        birth = encode(self._birth)
        self._unsaid = ""
        topic = self._topics.birth
        if self._link.limits.fits(topic, len(birth)):
            self._link.publish(topic, birth, qos=1, retain=True)
        else:
            size = len(topic) + len(birth)
            self._unsaid = f"with its topic it has {size} bytes, the broker takes {self._link.limits.most_bytes}"
            log.error("the birth can't be said: %s", self._unsaid)
        self._link.publish(self._topics.conn, self._conn("online"), qos=1, retain=True)
        self._ask(self._clocks.question(burst=True))
        self._publisher.connected()

    def _hear(self, delivery: Delivery) -> None:
        try:
            if delivery.topic == self._topics.clock_answer:
                self._answered(delivery.payload)
            elif delivery.topic == self._topics.picture_ask and self._on_look is not None:
                self._on_look(decode(delivery.payload, PictureAsk))
            elif delivery.topic == self._topics.fenced:
                self._hear_fenced(decode(delivery.payload, Fenced))
            elif delivery.topic == self._topics.committed:
                if self._counts((word := decode(delivery.payload, Committed)).hub):
                    self._publisher.committed(word)
            elif delivery.topic == self._topics.refused and self._counts(
                (complaint := decode(delivery.payload, Refusals)).hub
            ):
                self._publisher.told(complaint)
                if UNINTRODUCED in complaint.reasons:
                    self._introduce_again()
        except MessageWrong as error:
            log.warning("an answer on %s: %s", delivery.topic, error)

    def _introduce_again(self) -> None:
        """A hub knows nothing of this session: a full broker lost its birth, or gave a later one of this name in its
        place.
        """
        now_ns = self._clock.now().mono_ns
        if now_ns - self._again_ns > AGAIN_NS:
            self._again_ns = now_ns
            self._introduce()

    def _hear_fenced(self, fenced: Fenced) -> None:
        meaning = self._duplicates.hear(fenced)
        if meaning == "stays":
            # The word that the broker keeps of this name shall be ours.
            self._introduce()
        if meaning is not None:
            self._on_rival(fenced)

    def _counts(self, hub: str) -> bool:
        return self._hub in ("", hub)

    def _answered(self, payload: bytes) -> None:
        following = self._clocks.answered(payload)
        self._publisher.heard()
        if following is not None:
            self._ask(following)

    def _ask(self, question: ClockAsk) -> None:
        self._link.publish(self._topics.clock_ask, encode(question), qos=0)

    def _conn(self, state: ConnState) -> bytes:
        return encode(Conn(state=state, session=self._birth.session, session_id=self._birth.session_id))

    def _health(self, streams: Sequence[Stream], device: Telemetry | None, *, final: bool = False) -> Health:
        return health(
            self._birth,
            self._clock.now(),
            streams,
            self._publisher,
            device,
            queued=self._link.unacknowledged,
            broker=self._link.address,
            clocks=self._clocks.collect(),
            shadow=self._shadow() if self._shadow is not None else None,
            final=final,
        )
