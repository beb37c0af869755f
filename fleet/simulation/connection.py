"""One MQTT connection of many in one thread: paho without a thread of its own, on an asyncio loop.

A thread a client, as `edge.wire.link` has it, is right for a node and too dear for a thousand in one process.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.wire.address import Address
from edge.wire.connection.dialects import ConnectOptions, forget_unacknowledged

KEEPALIVE_S = 60
REACH_S = 2.0
RECONNECT_S = 1.0
WINDOW = 20
"""Unacknowledged messages on their way; more wait in paho's queue."""


class Connection:
    """Comes back by itself; `on_up` is called once it is subscribed, each time. Everything in the loop's thread."""

    def __init__(
        self,
        addresses: Sequence[Address],
        options: ConnectOptions,
        version: MQTTProtocolVersion,
        topic: str,
        on_up: Callable[[], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        """Of `addresses` the next one is tried wherever one fails; subscribes to `topic` at QoS 1."""
        self._addresses = addresses
        self._at = 0
        self._arguments = options.arguments(version)
        self._topic = topic
        self._on_up, self._on_message = on_up, on_message
        self._loop = asyncio.get_running_loop()
        self._leaving = False
        self._unacknowledged: set[int] = set()
        self.up = False
        self.breaks = 0
        self.trouble = ""
        """Why there was no connection, last."""
        client = self._client = options.client(version)
        addresses[0].prepare(client)
        client.max_inflight_messages_set(WINDOW)
        client.connect_timeout = REACH_S
        client.on_socket_open, client.on_socket_close = self._opened, self._closed
        client.on_socket_register_write, client.on_socket_unregister_write = self._wants, self._has_written
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._received

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages that the broker hasn't acknowledged."""
        return len(self._unacknowledged)

    def connect(self) -> None:
        """Begin to; `up` tells when it is there."""
        if self._leaving:
            return
        address = self._addresses[self._at]
        try:
            self._client.connect(address.host, address.port, KEEPALIVE_S, **self._arguments)
        except OSError as error:
            self._failed(error.strerror or str(error))

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        mid = self._client.publish(topic, payload, qos=qos, retain=retain).mid
        if qos:
            self._unacknowledged.add(mid)

    def tend(self) -> None:
        """Due every few seconds: keeps the connection alive, and notices that it isn't."""
        self._client.loop_misc()

    def leave(self) -> None:
        self._leaving = True
        self._client.disconnect()

    def _failed(self, why: str) -> None:
        self.trouble = why
        if not self._leaving:
            self._at = (self._at + 1) % len(self._addresses)
            self._loop.call_later(RECONNECT_S, self.connect)

    def _opened(self, client: Client, _userdata: object, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._loop.add_reader(sock, self._read, client, sock)

    def _read(self, client: Client, sock: socket.socket) -> None:
        """Also what TLS has decrypted already: of that no selector tells."""
        client.loop_read()
        if isinstance(sock, ssl.SSLSocket):
            while sock.pending() and client.socket() is sock:
                client.loop_read()

    def _closed(self, _client: Client, _userdata: object, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _wants(self, client: Client, _userdata: object, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._loop.add_writer(sock, client.loop_write)

    def _has_written(self, _client: Client, _userdata: object, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._loop.remove_writer(sock)

    def _connected(
        self, client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            self.trouble = str(reason)
        else:
            client.subscribe(self._topic, qos=1)

    def _subscribed(
        self, client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            # It may be no more than busy: a broker that keeps QoS 1 subscriptions on a disk takes its time.
            self.trouble = "the broker doesn't let it subscribe"
            client.disconnect()
            return
        self.up, self.trouble = True, ""
        self._on_up()

    def _disconnected(
        self, client: Client, _userdata: object, _flags: DisconnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        self.breaks += self.up and not self._leaving
        self.up = False
        forget_unacknowledged(client)
        self._unacknowledged.clear()
        self._failed(self.trouble or str(reason))

    def _published(
        self, _client: Client, _userdata: object, mid: int, _reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._unacknowledged.discard(mid)

    def _received(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))
