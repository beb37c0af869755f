"""A node's talk with its hub: who it is, what became of its frames, how it is, and whose clock says what.

One object for the session of a node, on one link to the broker. Nothing in it makes the frame path wait.
"""

import logging
import math
from collections.abc import Sequence

from edge.clock_client import ClockClient
from edge.device.backend import Telemetry
from edge.publisher import Publisher
from edge.stream import Stream
from edge.wire.address import BrokerAt
from edge.wire.dialects import Will
from edge.wire.link import Delivery, Link
from edge.wire.messages import Birth, ClockAsk, Conn, ConnState, FrameReport, Health, MessageWrong, decode_birth, encode
from edge.wire.topics import NodeTopics
from sensors.clock import Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

WILL_DELAY_S = 5
CLIENT_DIGITS = 8
FLUSH_S = 30.0
"""How long a farewell waits for the broker to acknowledge what is still on its way."""

AWAY_S = 0.3
"""How long where there is no connection, and somebody waits for the end."""

UNKNOWN = Telemetry(math.nan, math.nan, math.nan, math.nan, None)


class BirthUnfit(GilmokError):
    def __init__(self, node: str, what: str) -> None:
        super().__init__(f"no hub would take the birth of node {node!r}: {what}", "shorten what stands there")


class Uplink:
    """Connected once, then reports and health at any time from any thread, then one farewell."""

    def __init__(self, at: BrokerAt, birth: Birth, clock: Clock) -> None:
        """`birth` is said at every connection; whose session it is, and whose `clock`, stands in it.

        Connects nothing yet. Raises BirthUnfit, BrokerUrlWrong or SecretMissing.
        """
        try:
            decode_birth(encode(birth))
        except MessageWrong as error:
            # Better said here, at the start, than by the hub of every report.
            raise BirthUnfit(birth.node, error.what) from error
        self._birth = birth
        self._clock = clock
        self._topics = NodeTopics(birth.site, birth.node)
        self._clocks = ClockClient(birth.session, birth.boot, clock)
        self._link = Link(
            at,
            # Two nodes of one name would throw each other out for ever; the hub tells their sessions apart.
            f"{birth.site}-{birth.node}-{birth.session_id[:CLIENT_DIGITS]}",
            clock=clock,
            will=Will(self._topics.conn, self._conn("lost"), WILL_DELAY_S),
            subscriptions=[(self._topics.clock_answer, 0)],
            on_delivery=self._answered,
            on_up=self._introduce,
        )
        self._publisher = Publisher(self._link, self._topics, clock)

    def connect(self) -> None:
        """Return once the broker knows who is here; raises BrokerUnreachable or BrokerRefused."""
        self._link.connect()
        self._publisher.start()

    def report(self, report: FrameReport) -> None:
        """Send `report` as soon as there is a connection and room; returns at once."""
        self._publisher.put(report)

    def tell(self, streams: Sequence[Stream], device: Telemetry | None) -> None:
        """Due once a second: how the node is, and what the hub's clock reads; both at QoS 0.

        `device`: None where its SDK tells nothing.
        """
        self._ask(self._clocks.question())
        self._link.publish(self._topics.health, encode(self._health(streams, device)), qos=0)

    def farewell(self, streams: Sequence[Stream], device: Telemetry | None, *, hurried: bool = False) -> int:
        """Flush, say how it ended, and disconnect without the last will.

        `hurried`: don't wait for a broker that is away. Returns how many messages it never acknowledged.
        """
        self._publisher.close()
        patience_s = FLUSH_S if self._link.up or not hurried else AWAY_S
        # An exchange after the last report bounds its way from both sides; most answers come while the rest drains.
        self._ask(self._clocks.question())
        self._link.drain(patience_s)
        self._link.publish(self._topics.health, encode(self._health(streams, device, final=True)), qos=1)
        self._link.publish(self._topics.conn, self._conn("offline"), qos=1, retain=True)
        return self._link.close(patience_s)

    def _introduce(self) -> None:
        self._link.publish(self._topics.birth, encode(self._birth), qos=1, retain=True)
        self._link.publish(self._topics.conn, self._conn("online"), qos=1, retain=True)
        self._ask(self._clocks.question(burst=True))

    def _answered(self, delivery: Delivery) -> None:
        try:
            following = self._clocks.answered(delivery.payload)
        except MessageWrong as error:
            log.warning("an answer on %s: %s", delivery.topic, error)
            return
        if following is not None:
            self._ask(following)

    def _ask(self, question: ClockAsk) -> None:
        self._link.publish(self._topics.clock_ask, encode(question), qos=0)

    def _conn(self, state: ConnState) -> bytes:
        return encode(Conn(state=state, session=self._birth.session, session_id=self._birth.session_id))

    def _health(self, streams: Sequence[Stream], device: Telemetry | None, *, final: bool = False) -> Health:
        device = device or UNKNOWN
        return Health(
            session=self._birth.session,
            session_id=self._birth.session_id,
            stamp=self._clock.now(),
            streams={stream.name: stream.counters(self._publisher.evicted(stream.name)) for stream in streams},
            queued=self._publisher.queued,
            final=final,
            temperature_c=_known(device.temperature_c),
            power_w=_known(device.power_w),
            utilisation=_known(device.utilisation),
            clocks=self._clocks.collect(),
        )


def _known(value: float) -> float | None:
    """What JSON can carry: a number, or nothing where nobody knows."""
    return None if math.isnan(value) else value
