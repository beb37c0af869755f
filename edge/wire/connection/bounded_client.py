"""paho's client with what it lacks: a bound on what it reads, the reason why TLS was ended, several addresses."""

import logging
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeAlias

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo, time_func
from paho.mqtt.enums import MessageType, MQTTErrorCode, MQTTProtocolVersion

from edge.wire.connection.rotation import Rotation

log = logging.getLogger(__name__)

MOST_BYTES = 1_100_000
"""So much of a packet is kept: more than an honest message, its topic and its properties have together."""
CHUNK = 65_536
PUBLISH = MessageType.PUBLISH
PUBACK = MessageType.PUBACK
PUBACK_PACKET = struct.Struct("!BBH")
SHORT = struct.Struct("!H")
ACKS = 100
"""So many acknowledgements leave in one piece, where they are given while packets are read."""
VERDICT_S = 1.0
"""So long a server of TLS 1.3 may take to say what it thinks of our certificate."""

Hears: TypeAlias = Callable[[str, bytes, bool, int, int], None]
"""Topic, payload, whether it was retained, QoS and message id of what came."""


class BoundedClient(Client):
    """A packet that is too large is read to its end, so that the ones behind it come, and only its beginning kept.

    What is left of it is larger than any honest message, and is refused as such by whoever takes it. A broker of
    MQTT 3.1.1 can't be asked to send nothing so large, and one of MQTT 5 would drop it without a word to anybody.

    Left to itself, paho asks the kernel four times for each message, and once more whether there is another. Here it
    reads ahead, and what it has read is dealt with before it asks again. A whole PUBLISH that was read ahead is taken
    apart here, where somebody `hears`: paho needs ten times as long, which is what a flood of garbage costs a hub.
    """

    hears: Hears | None = None
    """Called in the network thread, in place of `on_message`; must not raise."""

    _ahead = b""
    _at = 0
    """So much of `_ahead` is dealt with."""
    _reader = 0
    """The thread that reads packets at this moment."""
    _acks: tuple[int, ...] = ()
    """Given in it."""

    tls_alert = ""
    """What the other side, or our own check of it, objected to in the last TLS connection."""

    rotation: Rotation | None = None
    """Where to come back to; None: always the address of the first connection."""

    def _reconnect_wait(self) -> None:
        """Between two attempts to come back; paho has no door for another address."""
        if self.rotation is None or self.rotation.turn():
            super()._reconnect_wait()
        if self.rotation is not None:
            self._host, self._port = self.rotation.present.host, self.rotation.present.port

    def _sock_recv(self, bufsize: int) -> bytes:
        kept = self._in_packet["packet"]
        del kept[MOST_BYTES:]
        if self._at == len(self._ahead):
            try:
                self._ahead, self._at = super()._sock_recv(CHUNK), 0
            except ssl.SSLError as error:
                # paho turns it into "connection lost".
                self.tls_alert = alert(error)
                raise
        found = self._ahead[self._at : self._at + bufsize]
        self._at += len(found)
        return found

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """All that was read ahead: nobody would tell that it is there."""
        self._reader = threading.get_ident()
        try:
            while True:
                result = super().loop_read(max_packets)
                if result != MQTTErrorCode.MQTT_ERR_SUCCESS or self._at == len(self._ahead):
                    return result
        finally:
            self._reader = 0
            self._send_acks()

    def _packet_read(self) -> MQTTErrorCode:
        if self._in_packet["command"] == 0 and self.hears is not None and self._take_publishes(self.hears):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._packet_read()

    def _handle_on_message(self, message: MQTTMessage) -> None:
        """Of a packet that paho took apart: one that came in pieces, or a large one."""
        if self.hears is None:
            super()._handle_on_message(message)
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self.hears(topic, bytes(message.payload), message.retain, message.qos, message.mid)

    def _take_publishes(self, hears: Hears) -> bool:
        """Whether there was one: every one that was read ahead wholly, up to what only paho knows to deal with."""
        ahead, began, five = self._ahead, self._at, self._protocol == MQTTProtocolVersion.MQTTv5
        while self._ahead is ahead and (found := publish_at(ahead, self._at, five=five)):
            self._at, topic, payload, retained, qos, mid = found
            hears(topic, payload, retained, qos, mid)
            if qos and not self._manual_ack:
                self.ack_each([mid])
        with self._msgtime_mutex:
            # Else paho takes the broker for dead.
            self._last_bytes_received = time_func()
        return self._ahead is not ahead or self._at > began

    def _sock_close(self) -> None:
        self._ahead, self._at = b"", 0
        super()._sock_close()

    def ack_each(self, mids: Iterable[int]) -> None:
        """As `ack` at QoS 1, in one piece. From any thread; while packets are read, those that `hears` gives leave
        together when they are.
        """
        if self._reader != threading.get_ident():
            self._queue_acks(mids)
            return
        self._acks += tuple(mids)
        if len(self._acks) >= ACKS:
            self._send_acks()

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        mid: int,
        qos: int,
        info: MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        """What is said while packets are read goes out when they are: nobody need be woken, as paho does each time."""
        if self._reader != threading.get_ident() or self._thread is None:
            return super()._packet_queue(command, packet, mid, qos, info)
        size = len(packet)
        self._out_packet.append(
            {"command": command, "mid": mid, "qos": qos, "pos": 0, "to_process": size, "packet": packet, "info": info}
        )
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _send_acks(self) -> None:
        acks, self._acks = self._acks, ()
        if acks:
            self._queue_acks(acks)

    def _queue_acks(self, mids: Iterable[int]) -> None:
        self._packet_queue(PUBACK, b"".join(PUBACK_PACKET.pack(PUBACK, 2, mid) for mid in mids), 0, 1)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        assert self._ssl_context is not None
        wrapped = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
            _await_verdict(wrapped)
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def _packet_handle(self) -> MQTTErrorCode:
        self._in_packet["remaining_length"] = len(self._in_packet["packet"])
        return super()._packet_handle()


def publish_at(ahead: bytes, at: int, *, five: bool) -> tuple[int, str, bytes, bool, int, int] | None:
    """A whole PUBLISH: where it ends, then what `Hears` takes. None: there is none, or it is one that paho shall judge.

    `five`: of MQTT 5, whose properties mean nothing to us. A topic that is no UTF-8 is told as empty.
    """
    if at >= len(ahead) or ahead[at] & 0xF0 != PUBLISH or (qos := ahead[at] >> 1 & 3) > 1:
        return None
    start, size = _variable(ahead, at + 1)
    end = start + size
    if not start or end > len(ahead) or size < SHORT.size:
        return None
    topic = start + SHORT.size
    following = topic + SHORT.unpack_from(ahead, start)[0]
    body = following + qos * SHORT.size
    if following == topic or body > end:
        return None
    mid = SHORT.unpack_from(ahead, following)[0] if qos else 0
    if five:
        after, properties = _variable(ahead, body)
        body = after + properties
        if not after or body > end:
            return None
    try:
        name = ahead[topic:following].decode()
    except UnicodeDecodeError:
        name = ""
    return end, name, ahead[body:end], bool(ahead[at] & 1), qos, mid


def _variable(ahead: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, after where it ends; (0, 0): it is not all there, or none."""
    value = 0
    for place in range(4):
        if at + place >= len(ahead):
            break
        digit = ahead[at + place]
        value |= (digit & 0x7F) << 7 * place
        if digit < 0x80:
            return at + place + 1, value
    return 0, 0


def guarded(call: Callable[..., None], *arguments: object) -> None:
    """The top of paho's thread: what escapes here would end it, and the link with it."""
    try:
        call(*arguments)
    except Exception:
        log.exception("a message or a connection could not be dealt with")


def break_off(client: Client) -> None:
    """Make the connection break, as if the other side had; it comes back as after any other break."""
    sock = client.socket()
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _await_verdict(wrapped: ssl.SSLSocket) -> None:
    """In TLS 1.3 a server judges our certificate after our handshake is over: with a session ticket, or an alert that
    would get lost if we had sent something by then.
    """
    if wrapped.version() != "TLSv1.3" or not select.select([wrapped], [], [], VERDICT_S)[0]:
        return
    patience_s = wrapped.gettimeout()
    wrapped.settimeout(0)
    try:
        # A broker says nothing before it is spoken to: what can be read is of TLS itself.
        if not wrapped.recv(1):
            raise ConnectionResetError("the broker closed the connection after the TLS handshake")
    except ssl.SSLWantReadError:
        pass
    finally:
        wrapped.settimeout(patience_s)


def alert(error: OSError) -> str:
    """An error of TLS in plain words; empty where a connection merely broke."""
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    reason = (error.reason or "").lower()
    for known, words in ALERTS.items():
        if known in reason:
            return words
    return f"TLS failed: {reason.replace('_', ' ') or error}"


ALERTS = {
    "certificate_expired": "it says that our certificate has expired",
    "certificate_revoked": "it says that our certificate was revoked",
    "certificate_required": "it asks for a client's certificate, and we have none",
    "handshake_failure": "it takes no TLS connection like ours; it may ask for a client's certificate",
    "unknown_ca": "it does not know the authority that issued our certificate",
    "bad_certificate": "it does not take our certificate",
    "certificate_unknown": "it does not take our certificate",
    "wrong_version_number": "it speaks no TLS on this port",
}
