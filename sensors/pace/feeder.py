"""A camera at its pace, seen from the node: frames come from a process of their own, and the newest wins.

A process, because a busy Python thread beside the schedule would make it late by milliseconds (docs/timing.md).
"""

import contextlib
import multiprocessing as mp
import select
import socket
from dataclasses import fields
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from sensors.errors import GilmokError
from sensors.frame import Frame
from sensors.pace.camera_process import GO, Opened, Refused, feed
from sensors.pace.keeping import Keeping, KeepListener
from sensors.pace.newest_wins import NO_SLOT, Ring, State, Stuck, locked, view
from sensors.pace.pacing import Anchor, PacingError
from sensors.sources.source import LiveHealth, Origin, SourceBroke, SourceUnusable

GRACE_S = 5.0
LIVE_GRACE_S = 0.5
"""A live source may wait for a camera, and has nothing to tell at its end."""
PATIENCE_S = 1.0


class FeederDied(GilmokError):
    def __init__(self, stream: str, status: int | None) -> None:
        super().__init__(
            f"the camera process of stream {stream!r} ended unasked (status {status})",
            "its own message stands above, if it had time for one; was it killed, or out of memory?",
        )


class Feeder:
    """A Pace over a source in a child process: on schedule where `paced`, else as the live source delivers."""

    def __init__(
        self,
        kind: str,
        options: Any,
        *,
        stream: str,
        paced: bool,
        limit: int | None = None,
        resume: Anchor | None = None,
        keep: Keeping | None = None,
    ) -> None:
        """Start the child and wait until its first frame is ready.

        `limit`: of frames, skipped ones included. `resume`: go on with the schedule on which that frame was due.
        Raises what keeps the source from opening, as SourceUnusable, or FeederDied.
        """
        context = mp.get_context("spawn")
        self._stream = stream
        self._live = not paced
        self._grace_s = GRACE_S if paced else LIVE_GRACE_S
        self._lock = context.Lock()
        self._state: Any = context.RawValue(State)
        self._state.newest = self._state.held = NO_SLOT
        self._pipe, pipe = context.Pipe()
        kept, sender = context.Pipe(duplex=False) if keep else (None, None)
        self._bell, bell = socket.socketpair()
        bell.setblocking(False)
        self._child = context.Process(
            target=feed,
            args=(
                Ring(pipe, bell, self._lock, self._state),
                kind,
                options,
                stream,
                paced,
                limit,
                resume,
                sender,
                keep.anew if keep else "jpeg",
            ),
            name=f"gilmok-camera-{stream}",
            daemon=True,
        )
        self._child.start()
        pipe.close()
        bell.close()
        self._kept: KeepListener | None = None
        if keep is not None and sender is not None:
            sender.close()
            self._kept = KeepListener(kept, keep.keep, stream)
        try:
            opened = self._opened()
        except GilmokError:
            self._pipe.close()
            self._bell.close()
            raise
        self.origin: Origin = opened.origin
        self.fps: float = opened.fps
        self._memory = SharedMemory(opened.memory)
        self._taken = 0
        self._seen = 0
        self._last: PacingError | Refused | None = None
        self._heard_last = False

    @property
    def captured(self) -> int:
        return int(self._state.released)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before the node took them."""
        return self._seen - self._taken

    @property
    def skipped(self) -> int:
        return int(self._state.skipped)

    @property
    def ended(self) -> bool:
        """Whether the source has no more frames; the newest may still be waiting to be taken."""
        return bool(self._state.ended)

    def start(self) -> None:
        """Begin the schedule, or the live capture."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(GO)

    def take(self) -> Frame | None:
        """Raises SourceBroke where the source broke off, and FeederDied."""
        self._state.held = NO_SLOT
        while not self._state.stopping:
            try:
                with locked(self._lock):
                    if self._state.released > self._seen:
                        self._seen = int(self._state.released)
                        self._taken += 1
                        self._state.held = self._state.newest
                        return view(self._state, self._memory.buf, self._state.newest, self._stream)
            except Stuck:
                raise FeederDied(self._stream, self._child.exitcode) from None
            if self._state.ended:
                self._hear_the_last()
                if isinstance(self._last, Refused):
                    raise SourceBroke(self._last.sentence, self._last.hint)
                return None
            self._await_bell()
        return None

    def stop(self) -> None:
        self._state.stopping = True

    def live_health(self) -> LiveHealth | None:
        told = {column.name: int(getattr(self._state, column.name)) for column in fields(LiveHealth)}
        return LiveHealth(**told) if self._live else None

    def pacing_error(self) -> PacingError | None:
        return self._last if isinstance(self._last, PacingError) else None

    def close(self) -> None:
        """End the child, keeping what it measured; closing twice is harmless."""
        if self._pipe.closed:
            return
        self.stop()
        self.start()
        with contextlib.suppress(FeederDied):
            self._hear_the_last()
        self._child.join(timeout=self._grace_s)
        if self._child.is_alive():
            self._child.kill()
            self._child.join()
        if self._kept is not None:
            self._kept.close(GRACE_S)
        self._seen = self.captured
        self._pipe.close()
        self._bell.close()
        # A frame that somebody still holds keeps the memory mapped; it goes with the process.
        with contextlib.suppress(BufferError):
            self._memory.close()
        with contextlib.suppress(FileNotFoundError):
            self._memory.unlink()

    def _opened(self) -> Opened:
        """The child's first word; raises SourceUnusable or FeederDied."""
        said = self._receive()
        if isinstance(said, Refused):
            self._child.join()
            raise SourceUnusable(said.sentence, said.hint)
        assert isinstance(said, Opened)
        return said

    def _hear_the_last(self) -> None:
        """What the child said at its end, once it has."""
        if not self._heard_last and self._pipe.poll(timeout=self._grace_s):
            self._heard_last = True
            self._last = self._receive()

    def _await_bell(self) -> None:
        rung, _, _ = select.select([self._bell], [], [], PATIENCE_S)
        if rung and self._bell.recv(4096):
            return
        if rung or not self._child.is_alive():
            self._child.join()
            if not self._state.ended:
                raise FeederDied(self._stream, self._child.exitcode)

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._child.join()
            raise FeederDied(self._stream, self._child.exitcode) from None
