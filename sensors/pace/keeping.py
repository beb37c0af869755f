"""Frames on their way to a recorder: as they came, each of them, also those that a newer one replaced.

A camera's process encodes what comes without its own bytes, and says all through a pipe; neither the schedule nor the
frame path waits for that.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sensors.clock import Stamp
from sensors.frame import Encoded, Frame, Note, StampKind
from sensors.sources.pictures import encode

AnewAs: TypeAlias = Literal["png", "jpeg"]
MOST_BYTES = 64_000_000
"""Of pictures that wait; beyond, a frame goes without its picture."""
BEHIND = "the recorder was behind, and kept no picture of it"


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A frame as a recorder gets it."""

    seq: int
    stamp: Stamp
    kind: StampKind
    fault: str
    offset_ns: int | None
    encoded: Encoded | None
    notes: tuple[Note, ...]

    @property
    def bytes(self) -> int:
        return len(self.encoded.content) if self.encoded else 0


Keep: TypeAlias = Callable[[KeptFrame], None]
"""Gets every frame, in order; it must not wait."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who keeps a stream's frames, and how a picture is encoded that comes without its own bytes."""

    keep: Keep
    anew: AnewAs = "jpeg"


def kept_frame(frame: Frame, anew: AnewAs) -> KeptFrame:
    """`anew`: how a picture is encoded that comes without its own bytes."""
    encoded = frame.encoded
    if encoded is None and not frame.fault:
        encoded = encode(frame.image, anew)
    notes = () if frame.notes is None else tuple(frame.notes())
    return KeptFrame(frame.id.seq, frame.stamp, frame.kind, frame.fault, frame.offset_ns, encoded, notes)


class KeepSender:
    """The camera process's end: a thread that encodes, and sends through a pipe."""

    def __init__(self, pipe: Any, anew: AnewAs) -> None:
        self._pipe = pipe
        self._anew = anew
        self._waiting: deque[Frame] = deque()
        self._bytes = 0
        self._news = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """Waits for nothing. Its picture is held until it is sent: the source must not write into it any more."""
        with self._news:
            self._waiting.append(frame)
            self._bytes += _bytes(frame)
            self._news.notify()

    def close(self) -> None:
        """What waits is sent first."""
        with self._news:
            self._done = True
            self._news.notify()
        self._thread.join()
        self._pipe.close()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._done)
                if not self._waiting:
                    return
                behind = self._bytes > MOST_BYTES
                frame = self._waiting.popleft()
                self._bytes -= _bytes(frame)
            kept = _without_picture(frame) if behind else kept_frame(frame, self._anew)
            with contextlib.suppress(OSError):  # the node is gone: nobody keeps anything any more
                self._pipe.send(kept)


def _bytes(frame: Frame) -> int:
    return frame.image.nbytes


def _without_picture(frame: Frame) -> KeptFrame:
    return KeptFrame(frame.id.seq, frame.stamp, frame.kind, frame.fault or BEHIND, frame.offset_ns, None, ())


class KeepListener:
    """The node's end: a thread that hands on what the camera's process says, until that ends."""

    def __init__(self, pipe: Any, keep: Keep, stream: str) -> None:
        self._pipe = pipe
        self._keep = keep
        self._thread = threading.Thread(target=self._run, name=f"kept-{stream}", daemon=True)
        self._thread.start()

    def close(self, patience_s: float) -> None:
        """After the process has ended: what it said last is still handed on."""
        self._thread.join(patience_s)
        self._pipe.close()

    def _run(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._keep(self._pipe.recv())
