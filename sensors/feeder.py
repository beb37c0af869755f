"""A camera's process: it decodes ahead and releases frames on schedule, and newest wins.

In a process of its own because a busy Python thread beside it would make it late by milliseconds (docs/timing.md).
The frames go through three slots of shared memory: one that the node holds, the newest one released, and one that
is being filled; so neither side ever waits for the other.
"""

import contextlib
import ctypes
import itertools
import math
import multiprocessing as mp
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from sensors.clock import NS_PER_MS, Clock, Stamp, SystemClock
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Frame, FrameId, Image, StampKind
from sensors.pacing import PacingError, Schedule
from sensors.source import Origin, SourceUnusable, open_source

SLOTS = 3
NO_SLOT = -1
GO = "go"
GRACE_S = 5.0
ROOM = 2
"""A slot holds pictures up to this many times the first one's size; a larger one is a frame with a fault."""
LEAST_SLOT_BYTES = 1_000_000
FAULT_BYTES = 400
LEAD_NS = 50 * NS_PER_MS
"""From the first frame lying ready to its scheduled instant."""
NICENESS = -10
"""A camera does not wait for the computer that looks at it; where this priority is refused, it goes without."""


class FeederDied(GilmokError):
    def __init__(self, stream: str, status: int | None) -> None:
        super().__init__(
            f"the camera process of stream {stream!r} ended unasked (status {status})",
            "its own message stands above, if it had time for one; was it killed, or out of memory?",
        )


class _Slot(ctypes.Structure):
    _fields_ = (
        ("seq", ctypes.c_int64),
        ("mono_ns", ctypes.c_int64),
        ("utc_ns", ctypes.c_int64),
        ("height", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("scheduled", ctypes.c_bool),
        ("fault", ctypes.c_char * FAULT_BYTES),
    )


class _State(ctypes.Structure):
    """Guarded by the condition that goes with it."""

    _fields_ = (
        ("slots", _Slot * SLOTS),
        ("newest", ctypes.c_int32),
        ("held", ctypes.c_int32),
        ("released", ctypes.c_int64),
        ("ended", ctypes.c_bool),
        ("stopping", ctypes.c_bool),
    )


class Feeder:
    """A Pace over a source in a child process: on schedule where `paced`, else as the live source delivers."""

    def __init__(self, kind: str, options: Any, *, stream: str, paced: bool, limit: int | None = None) -> None:
        """Start the child and wait until its first frame is ready.

        Raises what keeps the source from opening, as SourceUnusable, or FeederDied.
        """
        context = mp.get_context("spawn")
        self._stream = stream
        self._changed = context.Condition()
        self._state: Any = context.RawValue(_State)
        self._state.newest = self._state.held = NO_SLOT
        self._pipe, theirs = context.Pipe()
        self._child = context.Process(
            target=_feed,
            args=(_Ring(theirs, self._changed, self._state), kind, options, stream, paced, limit),
            name=f"gilmok-camera-{stream}",
            daemon=True,
        )
        self._child.start()
        theirs.close()
        match self._receive():
            case _Opened(origin, fps, memory, slot_bytes):
                self.origin: Origin = origin
                self.fps: float = fps
                self._slot_bytes: int = slot_bytes
                self._memory = SharedMemory(memory)
            case _Refused(sentence, hint):
                self._child.join()
                raise SourceUnusable(sentence, hint)
        self._taken = 0
        self._seen = 0
        self._lateness: PacingError | None = None

    @property
    def captured(self) -> int:
        return int(self._state.released)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before the node took them."""
        return self._seen - self._taken

    @property
    def ended(self) -> bool:
        """Whether the source has no more frames; the newest may still be waiting to be taken."""
        return bool(self._state.ended)

    def start(self) -> None:
        """Begin the schedule, or the live capture."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(GO)

    def take(self) -> Frame | None:
        with self._changed:
            self._state.held = NO_SLOT
            while self._state.released == self._seen:
                if self._state.ended or self._state.stopping:
                    return None
                if not self._changed.wait(timeout=1.0) and not self._child.is_alive() and not self._state.ended:
                    raise FeederDied(self._stream, self._child.exitcode)
            self._seen = int(self._state.released)
            self._taken += 1
            self._state.held = self._state.newest
            return self._frame(self._state.newest)

    def stop(self) -> None:
        self._state.stopping = True

    def pacing_error(self) -> PacingError | None:
        return self._lateness

    def close(self) -> None:
        """End the child, keeping what it measured; closing twice is harmless."""
        if self._pipe.closed:
            return
        self.stop()
        self.start()
        with contextlib.suppress(FeederDied):
            if self._pipe.poll(timeout=GRACE_S):
                self._lateness = self._receive()
        self._child.join(timeout=GRACE_S)
        if self._child.is_alive():
            self._child.kill()
            self._child.join()
        self._seen = self.captured
        self._pipe.close()
        self._memory.close()
        with contextlib.suppress(FileNotFoundError):
            self._memory.unlink()

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._child.join()
            raise FeederDied(self._stream, self._child.exitcode) from None

    def _frame(self, index: int) -> Frame:
        slot = self._state.slots[index]
        image: Image = NO_IMAGE
        if slot.height:
            # A copy would cost a millisecond a frame; the child leaves this slot alone until the next take.
            image = np.ndarray(
                (slot.height, slot.width, 3), np.uint8, self._memory.buf, offset=index * self._slot_bytes
            )
            image.flags.writeable = False
        kind: StampKind = "scheduled" if slot.scheduled else "arrival"
        fault = slot.fault.decode(errors="replace")
        return Frame(FrameId(self._stream, slot.seq), Stamp(slot.mono_ns, slot.utc_ns), kind, image, fault)


@dataclass(frozen=True, slots=True)
class _Opened:
    origin: Origin
    fps: float
    memory: str
    slot_bytes: int


@dataclass(frozen=True, slots=True)
class _Refused:
    sentence: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Ring:
    """The child's end of what both processes share."""

    pipe: Any
    changed: Any
    state: Any

    def free_slot(self) -> int:
        """A slot that is neither the newest nor in the node's hands; it stays free, for only the child moves on."""
        with self.changed:
            return next(index for index in range(SLOTS) if index not in (self.state.newest, self.state.held))

    def release(self, index: int, frame: Frame) -> None:
        """Make the slot the newest: from now on the node may take it."""
        with self.changed:
            slot = self.state.slots[index]
            slot.seq = frame.id.seq
            slot.mono_ns, slot.utc_ns = frame.stamp.mono_ns, frame.stamp.utc_ns
            slot.scheduled = frame.kind == "scheduled"
            slot.height, slot.width = frame.image.shape[:2]
            slot.fault = frame.fault.encode()[: FAULT_BYTES - 1]
            self.state.newest = index
            self.state.released += 1
            self.changed.notify()

    def end(self) -> None:
        with self.changed:
            self.state.ended = True
            self.changed.notify()


def _feed(ring: _Ring, kind: str, options: Any, stream: str, paced: bool, limit: int | None) -> None:
    """The child: open, tell, wait for the start, feed, tell how late it was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the node decides when to stop
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    clock = SystemClock()
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(open_source(kind, options, stream=stream, clock=clock))
            frames = source.frames()
            first = next(frames, None)
            if first is None:
                raise SourceUnusable(f"{source.origin.name} holds no frames", "check the stream's source")
            if paced and not source.fps > 0:
                raise SourceUnusable(f"nobody knows the frame rate of {source.origin.name}", "give the source an fps")
        except GilmokError as error:
            ring.pipe.send(_Refused(error.sentence, error.hint))
            return
        slot_bytes = ROOM * max(first.image.nbytes, LEAST_SLOT_BYTES)
        memory = SharedMemory(create=True, size=SLOTS * slot_bytes)
        stack.callback(memory.close)
        ring.pipe.send(_Opened(source.origin, source.fps, memory.name, slot_bytes))
        try:
            ring.pipe.recv()
            schedule = Schedule(clock.now().mono_ns + LEAD_NS, source.fps) if paced else None
            lateness = _run(ring, itertools.islice(itertools.chain([first], frames), limit), memory, schedule, clock)
        except (EOFError, BrokenPipeError):
            return  # the node is gone; nobody is left to feed
        ring.end()
        ring.pipe.send(_summary(lateness))


def _run(
    ring: _Ring, frames: Iterator[Frame], memory: SharedMemory, schedule: Schedule | None, clock: Clock
) -> list[int]:
    """Feed every frame; returns how late each scheduled one was, in nanoseconds."""
    parent = os.getppid()
    slot_bytes = memory.size // SLOTS
    lateness: list[int] = []
    first_seq: int | None = None
    for read in frames:
        index = ring.free_slot()
        frame = _stored(read, memory, index, slot_bytes)
        if schedule is not None:
            first_seq = frame.id.seq if first_seq is None else first_seq
            due_ns = schedule.due_ns(frame.id.seq - first_seq)
            clock.sleep_until(due_ns)
            now = clock.now()
            lateness.append(now.mono_ns - due_ns)
            frame = replace(frame, stamp=now.shifted_to(due_ns), kind="scheduled")
        if ring.state.stopping or os.getppid() != parent:
            break
        ring.release(index, frame)
    return lateness


def _stored(frame: Frame, memory: SharedMemory, index: int, slot_bytes: int) -> Frame:
    """The frame with its picture copied into the slot, or with the fault that it has no room there."""
    if frame.image.nbytes > slot_bytes:
        fault = f"the picture takes {frame.image.nbytes} bytes, {ROOM} times the first one took {slot_bytes}"
        return replace(frame, image=NO_IMAGE, fault=fault)
    if frame.image.nbytes:
        room = np.ndarray(frame.image.shape, np.uint8, memory.buf, offset=index * slot_bytes)
        np.copyto(room, frame.image)
    return frame


def _summary(lateness: list[int]) -> PacingError | None:
    if not lateness:
        return None
    ordered = sorted(lateness)

    def at(q: float) -> int:
        return ordered[math.ceil(q * len(ordered)) - 1]

    return PacingError(p50_ns=at(0.5), p99_ns=at(0.99), max_ns=ordered[-1], n=len(ordered))
