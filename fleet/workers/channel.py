"""What a hub and its worker say to each other: MessagePack over a socket, each piece with its length before it."""

import socket
import struct
import threading
from typing import Any, TypeAlias

import msgspec

from edge.wire.link import Delivery
from fleet.workers.status import Counts, Status
from sensors.clock import Stamp

LENGTH = struct.Struct("<I")
CHUNK = 1 << 16


class _Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Both ends are of one gilmok: nothing here outlives a hub."""


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """A delivery on its way to a worker; `number` counts what this worker was ever handed."""

    number: int
    topic: str
    payload: bytes
    retained: bool
    qos: int
    mono_ns: int
    """When it was received, and by UTC"""
    utc_ns: int

    @classmethod
    def of(cls, number: int, delivery: Delivery, received: Stamp) -> "Letter":
        said = delivery.topic, delivery.payload, delivery.retained, delivery.qos
        return cls(number, *said, received.mono_ns, received.utc_ns)

    @property
    def delivery(self) -> Delivery:
        """As a worker takes it: named by `number`."""
        return Delivery(self.topic, self.payload, self.retained, self.qos, self.number, 0)

    @property
    def received(self) -> Stamp:
        return Stamp(self.mono_ns, self.utc_ns)


class Begin(_Said, frozen=True, array_like=True, tag=True):
    """The first word to a worker. `again`: one before it died."""

    config: dict[str, Any]
    number: int
    of: int
    boot: str
    again: bool


class Letters(_Said, frozen=True, array_like=True, tag=True):
    every: list[Letter]


class ListensSince(_Said, frozen=True, array_like=True, tag=True):
    mono_ns: int


class Finish(_Said, frozen=True, array_like=True, tag=True):
    """Book what you were handed, and end."""


class Ready(_Said, frozen=True, array_like=True, tag=True):
    """A worker's first word: it books."""


class Settled(_Said, frozen=True, array_like=True, tag=True):
    """The fate of these letters is on the disk. `counts`: of this life of the worker."""

    numbers: list[int]
    counts: Counts


class Say(_Said, frozen=True, array_like=True, tag=True):
    """To be published at QoS 1."""

    topic: str
    payload: bytes


class Stands(_Said, frozen=True, array_like=True, tag=True):
    """Once a second."""

    status: Status


class GivesUp(_Said, frozen=True, array_like=True, tag=True):
    """It can't go on, and another in its place couldn't, either: the words of its error."""

    sentence: str
    hint: str
    exit_status: int


ToWorker: TypeAlias = Begin | Letters | ListensSince | Finish
FromWorker: TypeAlias = Ready | Settled | Say | Stands | GivesUp

_TO_WORKER: "msgspec.msgpack.Decoder[ToWorker]" = msgspec.msgpack.Decoder(ToWorker)
_FROM_WORKER: "msgspec.msgpack.Decoder[FromWorker]" = msgspec.msgpack.Decoder(FromWorker)
_ENCODER = msgspec.msgpack.Encoder()


class Channel:
    """One end: read from one thread, written from any."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._reading = end.makefile("rb", CHUNK)
        self._lock = threading.Lock()

    def say(self, *said: ToWorker | FromWorker) -> bool:
        """Waits until the other end has taken it; False: there is nobody."""
        parts = []
        for one in said:
            encoded = _ENCODER.encode(one)
            parts += [LENGTH.pack(len(encoded)), encoded]
        try:
            with self._lock:
                self._socket.sendall(b"".join(parts))
        except OSError:
            return False
        return True

    def heard_by_worker(self) -> ToWorker | None:
        """Wait for the next; None: there is nobody any more."""
        frame = self._frame()
        return None if frame is None else _TO_WORKER.decode(frame)

    def heard_from_worker(self) -> FromWorker | None:
        frame = self._frame()
        return None if frame is None else _FROM_WORKER.decode(frame)

    def close(self) -> None:
        self._reading.close()
        self._socket.close()

    def _frame(self) -> bytes | None:
        try:
            head = self._reading.read(LENGTH.size)
            if len(head) < LENGTH.size:
                return None
            frame = self._reading.read(*LENGTH.unpack(head))
        except (OSError, ValueError):
            return None
        return frame if len(frame) == LENGTH.unpack(head)[0] else None
