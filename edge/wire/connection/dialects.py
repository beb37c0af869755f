"""The two protocol versions: how each asks for a session, a will and its delay."""

from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.wire.connection.bounded_client import BoundedClient

MQTT5 = MQTTProtocolVersion.MQTTv5
MQTT311 = MQTTProtocolVersion.MQTTv311


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we vanish; the delay is MQTT 5's, 3.1.1 says it at once."""

    topic: str
    payload: bytes
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """What a client asks of its broker, whichever version it speaks."""

    client_id: str
    will: Will | None
    session_expiry_s: int
    """How long the broker keeps the MQTT session while we are away; 0: not at all."""
    manual_ack: bool
    """A QoS 1 message stays the broker's until we acknowledge it ourselves."""
    window: int | None = None
    """So many QoS 1 messages may be on their way to us; None: as many as the broker likes. MQTT 5's."""

    def client(self, version: MQTTProtocolVersion) -> BoundedClient:
        client = BoundedClient(
            CallbackAPIVersion.VERSION2,
            self.client_id,
            clean_session=None if version == MQTT5 else self.session_expiry_s == 0,
            protocol=version,
            manual_ack=self.manual_ack,
        )
        if self.will is not None:
            properties = None
            if version == MQTT5:
                properties = _properties(PacketTypes.WILLMESSAGE)
                properties.WillDelayInterval = self.will.delay_s
            client.will_set(self.will.topic, self.will.payload, qos=1, retain=True, properties=properties)
        return client

    def arguments(self, version: MQTTProtocolVersion) -> dict[str, Any]:
        """Keyword arguments for paho's `connect`."""
        if version != MQTT5:
            return {}
        properties = _properties(PacketTypes.CONNECT)
        # A will waits no longer than its session lives.
        properties.SessionExpiryInterval = max(self.session_expiry_s, self.will.delay_s if self.will else 0)
        if self.window is not None:
            properties.ReceiveMaximum = self.window
        return {
            "clean_start": False if self.session_expiry_s else MQTT_CLEAN_START_FIRST_ONLY,
            "properties": properties,
        }


def forget_unacknowledged(client: Client) -> None:
    """paho sends what wasn't acknowledged again at the next connection, and has no door to be asked not to."""
    with client._out_message_mutex:
        # Another one, not this one cleared: paho may be walking through it at this moment, further up.
        client._out_messages = type(client._out_messages)()
        client._inflight_messages = 0


def _properties(kind: int) -> Properties:
    return Properties(kind)  # type: ignore[no-untyped-call]
