"""What a node and its shadow's process say to each other: MessagePack over a socket, each piece with its length before
it. A picture lies in memory that both share: one at a time.
"""

import mmap
import socket
import struct
from typing import Any, TypeAlias

import msgspec

from edge.device.remote import protocol
from edge.wire.messages import FrameReport

LENGTH = struct.Struct(">I")


class _Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Both ends are of one gilmok: nothing here outlives a node."""


class Begin(_Said, frozen=True, array_like=True, tag=True):
    """The first word to a shadow: what it is to load, and for whom."""

    model: dict[str, Any]
    backend: dict[str, Any]
    base: str
    """Where the relative paths of the two start."""
    session: int
    session_id: str


class Room(_Said, frozen=True, array_like=True, tag=True):
    """So many bytes of memory for a picture, whose descriptor follows; the earlier memory is given back."""

    length: int


class Picture(_Said, frozen=True, array_like=True, tag=True):
    """A frame whose picture lies in the memory, until it is answered."""

    stream: str
    seq: int
    mono_ns: int
    utc_ns: int
    kind: str
    height: int
    width: int


class Ready(_Said, frozen=True, array_like=True, tag=True):
    """It has loaded."""

    device_kind: str
    facts: dict[str, str]


class Answered(_Said, frozen=True, array_like=True, tag=True):
    """What became of the picture; `took_ns` from when it was taken up, and the process's own CPU time meanwhile."""

    report: FrameReport
    took_ns: int
    cpu_ns: int


class GivesUp(_Said, frozen=True, array_like=True, tag=True):
    """It can't, and would not the next time, either: the words of its error."""

    sentence: str
    hint: str


ToShadow: TypeAlias = Begin | Room | Picture
FromShadow: TypeAlias = Ready | Answered | GivesUp

_TO_SHADOW: "msgspec.msgpack.Decoder[ToShadow]" = msgspec.msgpack.Decoder(ToShadow)
_FROM_SHADOW: "msgspec.msgpack.Decoder[FromShadow]" = msgspec.msgpack.Decoder(FromShadow)
_ENCODER = msgspec.msgpack.Encoder()


class Channel:
    """One end: read by one thread, written by one at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def say(self, said: ToShadow | FromShadow) -> bool:
        """False: there is nobody."""
        encoded = _ENCODER.encode(said)
        try:
            self._socket.sendall(LENGTH.pack(len(encoded)) + encoded)
        except OSError:
            return False
        return True

    def make_room(self, length: int) -> mmap.mmap | None:
        """Memory that the other end sees, too; None: there is nobody."""
        if not self.say(Room(length)):
            return None
        try:
            return protocol.share(self._socket, length)
        except OSError:
            return None

    def room(self, said: Room) -> mmap.mmap:
        """The memory whose descriptor follows."""
        return protocol.shared(self._socket, said.length)

    def heard_by_shadow(self) -> ToShadow | None:
        """Wait for the next; None: there is nobody any more."""
        piece = self._piece()
        return None if piece is None else _TO_SHADOW.decode(piece)

    def heard_from_shadow(self) -> FromShadow | None:
        piece = self._piece()
        return None if piece is None else _FROM_SHADOW.decode(piece)

    def close(self) -> None:
        self._socket.close()

    def end(self) -> None:
        """Wake whoever waits at either end: there is nobody any more."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _piece(self) -> bytes | None:
        head = self._exactly(LENGTH.size)
        return None if head is None else self._exactly(*LENGTH.unpack(head))

    def _exactly(self, length: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < length:
            try:
                part = self._socket.recv(length - len(parts))
            except OSError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)
