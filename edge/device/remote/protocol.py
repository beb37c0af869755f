"""What parent and worker say: JSON on a socket, tensors in shared memory. Standard library only, nothing is unpickled.

A message is 4 bytes of length (big-endian) and a JSON object. Requests carry an `id`, replies repeat it. Memory is
one unnamed file that the parent makes and sends as a descriptor: it is gone when both processes are.
"""

import json
import mmap
import socket
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Parcel: TypeAlias = Mapping[str, Any]
"""What one message of the socket holds: a JSON object."""

LENGTH = struct.Struct(">I")
ALIGNMENT = 64
"""Bytes: a cache line, and what vector instructions like."""


def send(link: socket.socket, parcel: Parcel) -> None:
    body = json.dumps(parcel).encode()
    link.sendall(LENGTH.pack(len(body)) + body)


def receive(link: socket.socket) -> dict[str, Any] | None:
    """The next message; None where the other side is gone."""
    head = _exactly(link, LENGTH.size)
    body = _exactly(link, *LENGTH.unpack(head)) if head else b""
    return dict(json.loads(body)) if body else None


def offsets(sizes: Sequence[int]) -> tuple[list[int], int]:
    """Where tensors of these sizes lie in one slot, and the slot's length, all in bytes."""
    starts, end = [], 0
    for size in sizes:
        starts.append(end)
        end += -(-size // ALIGNMENT) * ALIGNMENT
    return starts, end


def share(link: socket.socket, length: int) -> mmap.mmap:
    """New memory of `length` bytes, whose descriptor goes to the other side (which calls `shared`)."""
    in_memory = Path("/dev/shm")
    with tempfile.TemporaryFile(dir=in_memory if in_memory.is_dir() else None) as file:
        file.truncate(length)
        socket.send_fds(link, [b"m"], [file.fileno()])
        return mmap.mmap(file.fileno(), length)


def shared(link: socket.socket, length: int) -> mmap.mmap:
    _, descriptors, _, _ = socket.recv_fds(link, 1, 1)
    with open(descriptors[0], "rb+", buffering=0) as file:  # noqa: PTH123 (a descriptor is no path)
        return mmap.mmap(file.fileno(), length)


def _exactly(link: socket.socket, length: int) -> bytes:
    """`length` bytes, or none at all where the other side is gone."""
    parts = bytearray()
    while len(parts) < length:
        try:
            part = link.recv(length - len(parts))
        except ConnectionError:
            return b""
        if not part:
            return b""
        parts += part
    return bytes(parts)
