"""The camera's process: it decodes ahead, and releases frames on schedule or as a live source delivers them."""

import contextlib
import itertools
import math
import multiprocessing as mp
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from multiprocessing.shared_memory import SharedMemory
from typing import Any, TypeAlias

import numpy as np

from sensors.clock import NS_PER_MS, Clock, SystemClock
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Frame
from sensors.logs import to_stderr
from sensors.pace.keeping import AnewAs, KeepSender
from sensors.pace.newest_wins import SLOTS, Ring, Stuck
from sensors.pace.pacing import Anchor, PaceUnfit, PacingError, Schedule
from sensors.sources.source import Origin, Source, SourceBroke, SourceUnusable, Watched, open_source
from sensors.terminal.exit_status import DONE, WORLD_WRONG, ended

Put: TypeAlias = Callable[[Frame], None]
GO = "go"
ROOM = 2
"""A slot holds pictures up to this many times the first one's size; a larger one is a frame with a fault."""
LEAST_SLOT_BYTES = 2_000_000
LIVE_SLOT_BYTES = 3840 * 2160 * 3
LEAD_NS = 50 * NS_PER_MS
"""From the first frame lying ready to its scheduled instant."""
NICENESS = -10
"""A camera does not wait for the computer that looks at it; where this priority is refused, it goes without."""


@dataclass(frozen=True, slots=True)
class Opened:
    origin: Origin
    fps: float
    memory: str
    """The name of the shared memory."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the source can't be opened, or why it broke off."""

    sentence: str
    hint: str


def feed(
    ring: Ring,
    kind: str,
    options: Any,
    stream: str,
    paced: bool,
    limit: int | None,
    resume: Anchor | None,
    kept: Any = None,
    anew: AnewAs = "jpeg",
) -> None:
    """The child: open, tell, wait for the start, feed, tell how late it was. Ends the process.

    `kept`: a pipe for whoever keeps all frames.
    """
    to_stderr()
    words = [mp.current_process().name]
    with contextlib.ExitStack() as stack:
        keep = None
        if kept is not None:
            sender = KeepSender(kept, anew)
            stack.callback(sender.close)
            keep = sender.put
        status = ended(lambda: _fed(ring, kind, options, stream, paced, limit, resume, keep), words=words)
    sys.exit(status)


class RateUnknown(SourceUnusable):
    def __init__(self, source: Source) -> None:
        hint = "its data set states none: lockstep needs no rate, or " if source.origin.dataset else ""
        super().__init__(
            f"nobody knows the frame rate of {source.origin.name}",
            hint + "say one (fps = 10 of the source; --fps 10 on the command line)",
        )


def _fed(
    ring: Ring,
    kind: str,
    options: Any,
    stream: str,
    paced: bool,
    limit: int | None,
    resume: Anchor | None,
    keep: Put | None,
) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the node decides when to stop
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    clock = SystemClock()
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(open_source(kind, options, stream=stream, clock=clock))
            if source.live == paced:
                raise PaceUnfit(source)
            frames = source.frames()
            first = next(frames, None)
            if first is None:
                raise SourceUnusable(f"{source.origin.name} holds no frames", "check the stream's source")
            if paced and not source.fps > 0:
                raise RateUnknown(source)
        except GilmokError as error:
            ring.pipe.send(Refused(error.sentence, error.hint))
            return WORLD_WRONG
        # Of a live camera nobody knows what comes next; memory that isn't written into is none.
        least = LIVE_SLOT_BYTES if source.live else LEAST_SLOT_BYTES
        slot_bytes = max(ROOM * first.image.nbytes, least)
        memory = SharedMemory(create=True, size=SLOTS * slot_bytes)
        stack.callback(memory.close)
        ring.pipe.send(Opened(source.origin, source.fps, memory.name))
        try:
            last = _from_start_to_end(ring, source, first, frames, limit, memory, clock, resume, keep)
        except (EOFError, ConnectionError, Stuck):
            return WORLD_WRONG  # the node is gone; nobody is left to feed
        # In this order: whoever sees the end finds the word about it.
        with contextlib.suppress(ConnectionError):
            ring.pipe.send(last)
            ring.end()
    return DONE


def _from_start_to_end(
    ring: Ring,
    source: Source,
    first: Frame,
    frames: Iterator[Frame],
    limit: int | None,
    memory: SharedMemory,
    clock: Clock,
    resume: Anchor | None,
    keep: Put | None,
) -> PacingError | Refused | None:
    """Wait for the start, feed all, and return what is to be told at the end."""
    try:
        if keep is not None and source.live:
            keep(first)
        if isinstance(source, Watched):
            frames = _watched(ring, frames, source)
        if source.live:
            _until_start(ring, frames, keep)
        else:
            frames = itertools.chain([first], frames)
        ring.pipe.recv()
        frames = itertools.islice(frames, limit)
        schedule = None if source.live else Schedule(clock.now().mono_ns + LEAD_NS, source.fps)
        if schedule is not None and resume is not None:
            schedule, frames = _resumed(ring, frames, schedule, first.id.seq, resume, clock)
        return _summary(_run(ring, frames, memory, schedule, first.id.seq, clock, keep))
    except SourceBroke as error:
        return Refused(error.sentence, error.hint)


def _watched(ring: Ring, frames: Iterator[Frame], source: Watched) -> Iterator[Frame]:
    """The same frames; meanwhile the node is told what the camera counts."""
    for frame in frames:
        for name, counted in asdict(source.health).items():
            setattr(ring.state, name, counted)
        yield frame


def _until_start(ring: Ring, frames: Iterator[Frame], keep: Put | None) -> None:
    """A live camera goes on before the start; what it shows then must not lie in its buffers until afterwards.

    It is kept all the same: later packets lean on earlier ones.
    """
    while not ring.pipe.poll() and (frame := next(frames, None)) is not None:
        if keep is not None:
            keep(frame)


def _resumed(
    ring: Ring, frames: Iterator[Frame], schedule: Schedule, first_seq: int, resume: Anchor, clock: Clock
) -> tuple[Schedule, Iterator[Frame]]:
    """The schedule on which the anchor's frame was due when it says, and the frames that are still to come on it."""
    reached = False
    for frame in frames:
        due_ns = schedule.due_ns(frame.id.seq - first_seq, frame.offset_ns)
        if reached and due_ns >= clock.now().mono_ns:
            return schedule, itertools.chain([frame], frames)
        if frame.id.seq == resume.seq:
            schedule = replace(schedule, t0_ns=schedule.t0_ns + resume.mono_ns - due_ns)
            reached = True
        ring.state.skipped += 1
    return schedule, iter(())


def _run(
    ring: Ring,
    frames: Iterator[Frame],
    memory: SharedMemory,
    schedule: Schedule | None,
    first_seq: int,
    clock: Clock,
    keep: Put | None,
) -> list[int]:
    """Feed every frame; returns how late each scheduled one was, in nanoseconds."""
    parent = os.getppid()
    slot_bytes = memory.size // SLOTS
    lateness: list[int] = []
    for read in frames:
        index = ring.free_slot()
        frame = _stored(read, memory, index, slot_bytes)
        late_ns = None
        if schedule is not None:
            due_ns = schedule.due_ns(frame.id.seq - first_seq, frame.offset_ns)
            with _urgent():
                clock.sleep_until(due_ns)
                now = clock.now()
            late_ns = now.mono_ns - due_ns
            frame = replace(frame, stamp=now.shifted_to(due_ns), kind="scheduled")
        if ring.state.stopping or os.getppid() != parent:
            break
        ring.release(index, frame)
        if keep is not None:
            keep(frame)
        if late_ns is not None:
            lateness.append(late_ns)
    return lateness


@contextlib.contextmanager
def _urgent() -> Iterator[None]:
    """Ahead of every ordinary process: a busy machine lets even a nice one wait for its next time slice.

    Only for the wait and the waking; decoding gets no such favour. Needs privileges, and goes without them.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (AttributeError, OSError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


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
