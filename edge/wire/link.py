"""A connection to any MQTT broker: MQTT 5 where the broker speaks it, else 3.1.1; renewed when it breaks.

paho's network thread runs underneath. Everything here may be called from any thread; `on_up` and `on_delivery`
are called in the network thread and must return soon.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.wire.address import Address, BrokerAt
from edge.wire.dialects import MQTT5, MQTT311, ConnectOptions, Will
from edge.wire.inflight import InFlight
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
ATTEMPT_S = 5.0
RETRY_S = 0.25
RECONNECT_MAX_S = 30

IN_FLIGHT = 20
"""Mosquitto's window; paho doesn't heed what a broker announces, and a broker may hang up on more."""

QUEUE_LIMIT = 10_000
"""Unacknowledged messages held in memory; beyond them `publish` refuses."""

UNSUPPORTED = "Unsupported protocol version"
HUNG_UP = "the connection closed without an answer"
HOPELESS = {
    "Not authorized",
    "Bad user name or password",
    "Bad authentication method",
    "Client identifier not valid",
    "Banned",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that came in. `link` counts connections: an acknowledgement is good on its own one only."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    mid: int
    link: int


class BrokerUnreachable(GilmokError):
    def __init__(self, url: str, why: str, patience_s: float) -> None:
        super().__init__(
            f"no MQTT broker answered at {url} within {patience_s:g} s ({why})",
            "check that the broker runs and that the address and port are right",
        )


class BrokerRefused(GilmokError):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the MQTT broker at {url} refused: {reason}", "check user, password file and the broker's ACL"
        )


class Link:
    """One client of one broker.

    `subscriptions` are (filter, QoS), renewed at every connection. With `session_expiry_s` the broker keeps them and
    what it couldn't deliver while we are away. With `manual_ack`, QoS 1 deliveries stay the broker's until `ack`.
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
    ) -> None:
        """Connects nothing yet. `on_up` is called at every connection, before anything is sent again.

        Raises BrokerUrlWrong or SecretMissing.
        """
        self._at = at
        self._address = Address.of(at)
        self._options = ConnectOptions(client_id, will, session_expiry_s, manual_ack)
        self._clock = clock
        self._subscriptions = list(subscriptions)
        self._on_delivery = on_delivery
        self._on_up = on_up
        self._client: Client | None = None
        self._settled = threading.Event()
        self._trouble = ""
        self._connections = 0
        self._up = False
        self._in_flight = InFlight()

    @property
    def up(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._up

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

    def connect(self, patience_s: float = 10.0) -> None:
        """Return once connected and subscribed; later breaks mend themselves.

        Raises BrokerUnreachable, or BrokerRefused where waiting would not help.
        """
        deadline_ns = self._clock.now().mono_ns + int(patience_s * NS_PER_S)
        version = MQTT5
        while True:
            left_s = (deadline_ns - self._clock.now().mono_ns) / NS_PER_S
            trouble = self._attempt(version, min(max(left_s, RETRY_S), ATTEMPT_S))
            if not trouble:
                return
            if trouble in HOPELESS or trouble.startswith("subscription"):
                raise BrokerRefused(self._at.url, trouble)
            if left_s <= 0:
                raise BrokerUnreachable(self._at.url, trouble, patience_s)
            if trouble in (UNSUPPORTED, HUNG_UP) and version == MQTT5:
                version = MQTT311
            else:
                threading.Event().wait(RETRY_S)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand over and return at once.

        False: not taken (QoS 0 without a connection, or the queue is full), and nobody will try again.
        """
        if self._client is None:
            return False
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        taken = info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS or (qos > 0 and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN)
        if taken:
            self._in_flight.sent(info.mid, qos)
        return taken

    def drain(self, patience_s: float, down_to: int = 0) -> bool:
        """Wait until at most `down_to` messages are unacknowledged; False when that took longer."""
        return self._in_flight.wait(patience_s, down_to)

    def ack(self, delivery: Delivery) -> None:
        """Let the broker forget `delivery` (manual_ack). What came over a broken connection comes again anyway."""
        if self._client is not None and self._up and delivery.qos and delivery.link == self._connections:
            self._client.ack(delivery.mid, delivery.qos)

    def close(self, patience_s: float = 5.0) -> int:
        """Drain, disconnect without the will, and return how many messages stayed unacknowledged."""
        if self._client is None:
            return 0
        if self._up:
            self.drain(patience_s)
        self._stop(self._client)
        return self.unacknowledged

    def _attempt(self, version: MQTTProtocolVersion, patience_s: float) -> str:
        """Connect once; returns what went wrong, empty if nothing."""
        self._settled.clear()
        self._trouble = ""
        client = self._build(version)
        client.connect_timeout = patience_s
        arguments = self._options.arguments(version)
        try:
            client.connect(self._address.host, self._address.port, KEEPALIVE_S, **arguments)
        except OSError as error:
            return error.strerror or str(error)
        self._client = client
        client.loop_start()
        if not self._settled.wait(patience_s):
            self._trouble = "connected, but without an answer"
        if self._trouble:
            self._stop(client)
        return self._trouble

    def _build(self, version: MQTTProtocolVersion) -> Client:
        client = self._options.client(version)
        self._address.prepare(client)
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(QUEUE_LIMIT)
        client.reconnect_delay_set(1, RECONNECT_MAX_S)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._received
        return client

    def _stop(self, client: Client) -> None:
        client.disconnect()
        client.loop_stop()
        self._client = None
        self._up = False

    def _settle(self, trouble: str) -> None:
        if not self._settled.is_set():
            self._trouble = trouble
            self._settled.set()

    def _connected(
        self, client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            if self._settled.is_set():
                log.warning("broker %s refused to take us back: %s", self._at.url, reason)
            else:
                # Said here, paho's thread ends at once instead of waiting for its next attempt.
                client.disconnect()
                self._settle(str(reason))
            return
        self._connections += 1
        self._up = True
        if self._connections > 1:
            log.info("broker %s is back", self._at.url)
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        if self._on_up is not None:
            _guarded(self._on_up)
        if not self._subscriptions:
            self._settle("")

    def _disconnected(
        self, client: Client, _userdata: object, _flags: DisconnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if self._up and reason.is_failure:
            log.warning("lost broker %s (%s); trying to come back", self._at.url, reason)
        self._up = False
        if not self._settled.is_set():
            client.disconnect()
            self._settle(HUNG_UP)

    def _subscribed(
        self, _client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [what for (what, _), reason in zip(self._subscriptions, reasons, strict=False) if reason.is_failure]
        if refused and self._settled.is_set():
            log.error("broker %s no longer lets us subscribe to %s", self._at.url, ", ".join(refused))
        self._settle(f"subscription to {', '.join(refused)}" if refused else "")

    def _published(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("broker %s refused a message: %s", self._at.url, reason)
        self._in_flight.done(mid)

    def _received(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        if self._on_delivery is not None:
            payload = bytes(message.payload)
            delivery = Delivery(topic, payload, message.retain, message.qos, message.mid, self._connections)
            _guarded(self._on_delivery, delivery)


def _guarded(call: Callable[..., None], *arguments: object) -> None:
    """The top of paho's thread: what escapes here would end it, and the link with it."""
    try:
        call(*arguments)
    except Exception:
        log.exception("a message or a connection could not be dealt with")
