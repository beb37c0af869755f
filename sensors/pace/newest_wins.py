"""The newest frame wins: three slots of memory that a camera's process and its node share.

One slot is in the node's hands, one holds the newest frame released, one is being filled; so neither side ever waits
for the other. Either side may be killed at any instant: nothing here waits for the dead for long.
"""

import contextlib
import ctypes
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from sensors.clock import Stamp
from sensors.frame import NO_IMAGE, CameraTime, Frame, FrameId, Image, StampKind

SLOTS = 3
NO_SLOT = -1
NONE = -1
"""In the place of a number that nobody knows."""
FAULT_BYTES = 400
KINDS: tuple[StampKind, ...] = get_args(StampKind)
LOCK_S = 5.0


class Slot(ctypes.Structure):
    _fields_ = (
        ("seq", ctypes.c_int64),
        ("mono_ns", ctypes.c_int64),
        ("utc_ns", ctypes.c_int64),
        ("height", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("kind", ctypes.c_int8),
        ("pts_ns", ctypes.c_int64),
        ("camera_utc_ns", ctypes.c_int64),
        ("fault", ctypes.c_char * FAULT_BYTES),
    )


class State(ctypes.Structure):
    """Guarded by the lock that goes with it."""

    _fields_ = (
        ("slots", Slot * SLOTS),
        ("newest", ctypes.c_int32),
        ("held", ctypes.c_int32),
        ("released", ctypes.c_int64),
        ("skipped", ctypes.c_int64),
        ("lost", ctypes.c_int64),
        ("missing", ctypes.c_int64),
        ("repeated", ctypes.c_int64),
        ("restarts", ctypes.c_int64),
        ("jitter_ns", ctypes.c_int64),
        ("network_ns", ctypes.c_int64),
        ("ended", ctypes.c_bool),
        ("stopping", ctypes.c_bool),
    )


class Stuck(Exception):
    """The other process ended while it held the lock."""


@contextlib.contextmanager
def locked(lock: Any) -> Iterator[None]:
    """The lock, but never for ever: whoever holds it may have been killed. (A Condition would wait for the dead.)"""
    if not lock.acquire(timeout=LOCK_S):
        raise Stuck
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class Ring:
    """The child's end of what both processes share."""

    pipe: Any
    bell: socket.socket
    lock: Any
    state: Any

    def free_slot(self) -> int:
        """A slot that is neither the newest nor in the node's hands; it stays free, for only the child moves on."""
        with locked(self.lock):
            return next(index for index in range(SLOTS) if index not in (self.state.newest, self.state.held))

    def release(self, index: int, frame: Frame) -> None:
        """Make the slot the newest: from now on the node may take it."""
        with locked(self.lock):
            slot = self.state.slots[index]
            slot.seq = frame.id.seq
            slot.mono_ns, slot.utc_ns = frame.stamp.mono_ns, frame.stamp.utc_ns
            slot.kind = KINDS.index(frame.kind)
            slot.pts_ns = NONE if frame.camera is None else frame.camera.pts_ns
            told = None if frame.camera is None else frame.camera.utc_ns
            slot.camera_utc_ns = NONE if told is None else told
            slot.height, slot.width = frame.image.shape[:2]
            slot.fault = frame.fault.encode()[: FAULT_BYTES - 1]
            self.state.newest = index
            self.state.released += 1
        self._ring()

    def end(self) -> None:
        self.state.ended = True
        self._ring()

    def _ring(self) -> None:
        # Full means that the node has not looked yet: it will find the newest all the same.
        with contextlib.suppress(BlockingIOError):
            self.bell.send(b"!")


def view(state: Any, memory: Any, index: int, stream: str) -> Frame:
    """The frame in a slot, its picture not copied: the child leaves the slot alone while it is held."""
    slot = state.slots[index]
    image: Image = NO_IMAGE
    if slot.height:
        offset = index * (len(memory) // SLOTS)
        image = np.ndarray((slot.height, slot.width, 3), np.uint8, memory, offset=offset)
        image.flags.writeable = False
    camera = None
    if slot.pts_ns != NONE:
        camera = CameraTime(slot.pts_ns, None if slot.camera_utc_ns == NONE else slot.camera_utc_ns)
    fault = slot.fault.decode(errors="replace")
    stamp = Stamp(slot.mono_ns, slot.utc_ns)
    return Frame(FrameId(stream, slot.seq), stamp, KINDS[slot.kind], image, fault, camera=camera)
