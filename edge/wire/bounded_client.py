"""paho's client with what it lacks: a bound on what it reads, the reason why TLS was ended, several addresses."""

import logging
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress

from paho.mqtt.client import Client
from paho.mqtt.enums import MessageType, MQTTErrorCode

from edge.wire.rotation import Rotation

log = logging.getLogger(__name__)

MOST_BYTES = 1_100_000
"""So much of a packet is kept: more than an honest message, its topic and its properties have together."""
CHUNK = 65_536
PUBACK = MessageType.PUBACK
PUBACK_PACKET = struct.Struct("!BBH")
VERDICT_S = 1.0
"""So long a server of TLS 1.3 may take to say what it thinks of our certificate."""


class BoundedClient(Client):
    """A packet that is too large is read to its end, so that the ones behind it come, and only its beginning kept.

    What is left of it is larger than any honest message, and is refused as such by whoever takes it. A broker of
    MQTT 3.1.1 can't be asked to send nothing so large, and one of MQTT 5 would drop it without a word to anybody.

    Left to itself, paho asks the kernel four times for each message, and once more whether there is another. Here it
    reads ahead, and what it has read is dealt with before it asks again.
    """

    _ahead = b""
    _at = 0
    """So much of `_ahead` is dealt with."""

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
        while True:
            result = super().loop_read(max_packets)
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS or self._at == len(self._ahead):
                return result

    def _sock_close(self) -> None:
        self._ahead, self._at = b"", 0
        super()._sock_close()

    def ack_each(self, mids: Iterable[int]) -> None:
        """As `ack` at QoS 1, in one piece. From any thread."""
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
