"""What a node process tells the unit that started it, once a second, over a socket of their own."""

import contextlib
import socket
import threading
from collections.abc import Sequence

import msgspec

from edge.wire.message import REASON_CHARACTERS
from edge.wire.messages import BackendBirth, FrameReport, Health
from sensors.clock import Stamp
from sensors.errors import GilmokError
from sensors.record import Record
from sensors.service.systemd import Systemd

MOST_TIMES = 4000
"""Of answered frames, in one message: what a second has at most."""
MOST_BYTES = 200_000


class LastFrame(Record, frozen=True, kw_only=True):
    """Where a stream is: a session that comes after goes on from there."""

    seq: int
    mono_ns: int
    """When it was taken, or due."""


class StreamVitals(Record, frozen=True, kw_only=True):
    """Since the session began."""

    captured: int
    ok: int
    failed: int
    skipped: int
    last: LastFrame | None = None


class Vitals(Record, frozen=True, kw_only=True):
    stamp: Stamp
    session_id: str
    backend: BackendBirth
    """Read from the chip when the model was loaded."""
    streams: dict[str, StreamVitals]
    times_ns: tuple[int, ...] = ()
    """From capture to result, of each frame that was answered since the message before."""
    first_ns: int | None = None
    """When the session's first frame was taken, and"""
    last_ns: int | None = None
    """when the last one was over, on the monotonic clock."""
    why_failed: str = ""
    """Of the frame that failed last."""


class Fault(Record, frozen=True, kw_only=True):
    """The last word of one that ends with trouble."""

    kind: str
    """The error's class."""
    sentence: str


class VitalsOut:
    """The node's end; nobody in the frame path ever waits for who listens."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor`: of a socket that keeps messages whole; taken over."""
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._lock = threading.Lock()
        self._last: dict[str, LastFrame] = {}
        self._times: list[int] = []
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._why_failed = ""

    def saw(self, report: FrameReport) -> None:
        """From any stream's thread."""
        stamp_ns = report.stamp.mono_ns
        last = LastFrame(seq=report.seq, mono_ns=stamp_ns)
        with self._lock:
            self._last[report.stream] = last
            self._first_ns = stamp_ns if self._first_ns is None else min(self._first_ns, stamp_ns)
            self._last_ns = max(self._last_ns or 0, stamp_ns + report.total_ns)
            if report.status == "failed":
                self._why_failed = report.reason
            elif len(self._times) < MOST_TIMES:
                self._times.append(report.total_ns)

    def tell(self, health: Health, backend: BackendBirth) -> None:
        with self._lock:
            times, self._times = tuple(self._times), []
            streams = {name: self._stream(name, health) for name in health.streams}
            said = Vitals(
                stamp=health.stamp,
                session_id=health.session_id,
                backend=backend,
                streams=streams,
                times_ns=times,
                first_ns=self._first_ns,
                last_ns=self._last_ns,
                why_failed=self._why_failed,
            )
        self._say("vitals", said)

    def ended(self, error: GilmokError) -> None:
        self._say("fault", Fault(kind=type(error).__name__, sentence=error.sentence[:REASON_CHARACTERS]))

    def beat(self, words: Sequence[str]) -> None:
        self._say("words", words)

    def _stream(self, name: str, health: Health) -> StreamVitals:
        one, last = health.streams[name], self._last.get(name)
        return StreamVitals(captured=one.captured, ok=one.ok, failed=one.failed, skipped=one.skipped, last=last)

    def _say(self, kind: str, said: Record | Sequence[str]) -> None:
        # A unit that has stopped listening misses a second; the node goes on.
        with contextlib.suppress(OSError):
            self._socket.send(msgspec.json.encode({kind: said}))


class Heartbeats(Systemd):
    """What a node would say to systemd, said to its unit."""

    def __init__(self, out: VitalsOut) -> None:
        super().__init__()
        self._out = out

    def _say(self, *words: str) -> None:
        self._out.beat(words)


class Heard(Record, frozen=True, kw_only=True):
    vitals: Vitals | None = None
    fault: Fault | None = None
    words: tuple[str, ...] = ()
    """As systemd's protocol has them."""


def heard(message: bytes) -> Heard:
    """The unit's end of one message; raises msgspec.DecodeError."""
    return msgspec.json.decode(message, type=Heard)
