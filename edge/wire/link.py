"""A connection to any MQTT broker: MQTT 5 where the broker speaks it, else 3.1.1; renewed when it breaks.

paho's network thread runs underneath. Everything here may be called from any thread; `on_up` and `on_delivery`
are called in the network thread and must return soon.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.wire.address import HOPELESS, HUNG_UP, UNSUPPORTED, BrokerAt, BrokerRefused, BrokerUnreachable, TlsRefused
from edge.wire.connection.bounded_client import BoundedClient, alert, break_off, guarded
from edge.wire.connection.dialects import MQTT5, MQTT311, ConnectOptions, Will, forget_unacknowledged
from edge.wire.connection.inflight import IN_FLIGHT, InFlight, Sent
from edge.wire.connection.knocking import Knocking
from edge.wire.connection.limits import BrokerLimits
from edge.wire.connection.rotation import Rotation
from sensors.clock import NS_PER_S, Clock

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
ATTEMPT_S = 5.0
RETRY_S = 0.25
RECONNECT_S = 1
"""Between two attempts to come back, however long it takes: what is live should be so again within two seconds."""
REACH_S = 2.0
"""So long a TCP connection may take, the first one and each later one."""
GOODBYE_S = 1.0

QUEUE_LIMIT = 10_000
"""Unacknowledged messages held in memory; beyond them `publish` refuses."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that came in. `link` counts connections: an acknowledgement is good on its own one only."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    mid: int
    link: int


class Link:
    """One client of one broker.

    `subscriptions` are (filter, QoS), renewed at every connection. With `session_expiry_s` the broker keeps them and
    what it couldn't deliver while we are away. With `manual_ack`, QoS 1 deliveries stay the broker's until `ack`.
    `window`: so many deliveries a broker of MQTT 5 may have waiting for that.
    Without `resend`, what a breaking connection left unacknowledged is forgotten: somebody else keeps it.
    """

    def __init__(
        self,
        at: BrokerAt,
        client_id: str,
        *,
        clock: Clock,
        will: Will | None = None,
        subscriptions: Sequence[tuple[str, int]] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
        on_up: Callable[[], None] | None = None,
        session_expiry_s: int = 0,
        manual_ack: bool = False,
        resend: bool = True,
        window: int | None = None,
    ) -> None:
        """Connects nothing yet. `on_up` is called at every connection, before anything is sent again.

        Raises SecretMissing or SecretOpen.
        """
        self._at = at
        self._rotation = Rotation(at)
        self._options = ConnectOptions(client_id, will, session_expiry_s, manual_ack, window)
        self._clock = clock
        self._subscriptions = list(subscriptions)
        self._on_delivery = on_delivery
        self._on_up = on_up
        self._client: BoundedClient | None = None
        self._settled, self._parted = threading.Event(), threading.Event()
        self._knocking: Knocking | None = None
        self._trouble = self._tls_alert = ""
        self._connections, self._up = 0, False
        self._resend = resend
        self._in_flight = InFlight()
        self.limits = BrokerLimits()

    @property
    def up(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._up

    @property
    def address(self) -> str:
        """Of the broker that is there, or is tried; without a login."""
        return self._rotation.present.url

    @property
    def protocol(self) -> str:
        """What is spoken: "5" or "3.1.1"; empty while not connected for the first time."""
        if self._client is None:
            return ""
        return "5" if self._client.protocol == MQTT5 else "3.1.1"

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages of ours that the broker hasn't acknowledged."""
        return self._in_flight.count

    @property
    def bulk_unacknowledged(self) -> int:
        return self._in_flight.bulk

    def stalled(self, after_ns: int) -> bool:
        """Whether a message that is not bulk has waited longer than that for its acknowledgement."""
        oldest_ns = self._in_flight.oldest_ns()
        return oldest_ns is not None and self._clock.now().mono_ns - oldest_ns > after_ns

    def connect(self, patience_s: float = 10.0) -> None:
        """Return once connected and subscribed; later breaks mend. Raises BrokerUnreachable or BrokerRefused."""
        deadline_ns = self._clock.now().mono_ns + int(patience_s * NS_PER_S)
        version = MQTT5
        while True:
            left_s = (deadline_ns - self._clock.now().mono_ns) / NS_PER_S
            trouble = self._attempt(version, min(max(left_s, RETRY_S), ATTEMPT_S))
            if not trouble:
                return
            if self._tls_alert:
                raise TlsRefused(self.address, trouble)
            if trouble in HOPELESS or (trouble.startswith("subscription") and (left_s <= 0 or not self._at.urls)):
                raise BrokerRefused(self.address, trouble)
            if left_s <= 0:
                raise BrokerUnreachable(self._at.shown, trouble, patience_s)
            if trouble in (UNSUPPORTED, HUNG_UP) and version == MQTT5:
                version = MQTT311
            elif self._rotation.turn():
                threading.Event().wait(RETRY_S)

    def connect_whenever(self) -> None:
        """Return at once, and connect when the broker is there; as `up` and `on_up` tell."""
        self._knocking = Knocking(self.connect)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, bulk: bool = False) -> bool:
        """Hand over and return at once. `bulk`: see `edge.wire.connection.inflight`.

        False: not taken (QoS 0 without a connection, or the queue is full), and nobody will try again.
        """
        if self._client is None:
            return False
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        taken = info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS or (qos > 0 and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN)
        if taken:
            sent = Sent(topic, len(payload), qos, self._clock.now().mono_ns, bulk)
            if (refusal := self._in_flight.sent(info.mid, sent)) is not None:
                self.limits.settled(sent, refusal)
        return taken

    def drain(self, patience_s: float, down_to: int = 0) -> bool:
        """Wait until at most `down_to` messages are unacknowledged; False when that took longer."""
        return self._in_flight.wait(patience_s, down_to)

    def ack(self, *settled: Delivery) -> None:
        """Let the broker forget them (manual_ack). What came over a broken connection comes again anyway."""
        mids = [one.mid for one in settled if one.qos and one.link == self._connections]
        if self._client is not None and self._up and mids:
            self._client.ack_each(mids)

    def close(self, patience_s: float = 5.0) -> int:
        """Drain, disconnect without the will, and return how many messages stayed unacknowledged."""
        if self._knocking is not None:
            self._knocking.end()
        if self._client is None:
            return 0
        if self._up:
            self.drain(patience_s)
        left = self.unacknowledged
        self._stop(self._client)
        return left

    def _attempt(self, version: MQTTProtocolVersion, patience_s: float) -> str:
        """Connect once; returns what went wrong, empty if nothing."""
        self._settled.clear()
        self._trouble = self._tls_alert = ""
        client = self._build(version)
        client.connect_timeout = min(patience_s, REACH_S)
        try:
            at = self._rotation.present
            client.connect(at.host, at.port, KEEPALIVE_S, **self._options.arguments(version))
        except OSError as error:
            self._tls_alert = alert(error)
            return self._tls_alert or error.strerror or str(error)
        self._client = client
        client.loop_start()
        if not self._settled.wait(patience_s):
            self._trouble = "connected, but without an answer"
        if self._trouble:
            self._stop(client)
        return self._trouble

    def _build(self, version: MQTTProtocolVersion) -> BoundedClient:
        client = self._options.client(version)
        self._rotation.present.prepare(client)
        client.rotation = self._rotation
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(QUEUE_LIMIT)
        client.reconnect_delay_set(RECONNECT_S, RECONNECT_S)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe, client.on_publish = self._subscribed, self._published
        client.hears = self._hear
        return client

    def _stop(self, client: Client) -> None:
        client.disconnect()
        # Stopped before the goodbye has left, the network thread would make the broker say the will.
        self._parted.wait(GOODBYE_S if self._up else 0)
        client.loop_stop()
        self._client = None
        self._up = False

    def _settle(self, trouble: str) -> None:
        if not self._settled.is_set():
            self._trouble = trouble
            self._settled.set()

    def _connected(
        self, client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, told: Properties | None
    ) -> None:
        if reason.is_failure:
            if self._settled.is_set():
                self.limits.not_taken_back(str(reason))
            else:
                # Said here, paho's thread ends at once instead of waiting for its next attempt.
                client.disconnect()
                self._settle(str(reason))
            return
        self._connections += 1
        self._parted.clear()
        self.limits.connected(told)
        self._up = True
        if self._connections > 1:
            log.info("connected to broker %s again", self.address)
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        if self._on_up is not None:
            guarded(self._on_up)
        if not self._subscriptions:
            self.limits.shut_out = ""
            self._settle("")

    def _disconnected(
        self, client: Client, _userdata: object, _flags: DisconnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if self._up and reason.is_failure:
            log.warning("lost broker %s (%s); trying to come back", self.address, reason)
        self._up = False
        self._parted.set()
        if not self._resend and reason.is_failure:
            forget_unacknowledged(client)
            self.limits.broke(self._in_flight.clear())
        objection = getattr(client, "tls_alert", "")
        if not self._settled.is_set():
            client.disconnect()
            self._tls_alert = objection
            self._settle(objection or HUNG_UP)
        else:
            self.limits.not_taken_back(objection)

    def _subscribed(
        self, client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [what for (what, _), reason in zip(self._subscriptions, reasons, strict=False) if reason.is_failure]
        if refused and self._settled.is_set():
            # It may be no more than busy: a cluster that has lost a node has no leaders for some seconds.
            self.limits.not_taken_back(f"subscription to {', '.join(refused)}")
            break_off(client)
        elif not refused:
            self.limits.shut_out = ""
        self._settle(f"subscription to {', '.join(refused)}" if refused else "")

    def _published(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        refusal = str(reason) if reason.is_failure else ""
        self._in_flight.done(mid, refusal, lambda sent: self.limits.settled(sent, refusal))

    def _hear(self, topic: str, payload: bytes, retained: bool, qos: int, mid: int) -> None:
        if self._on_delivery is not None:
            guarded(self._on_delivery, Delivery(topic, payload, retained, qos, mid, self._connections))
