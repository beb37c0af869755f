"""At what pace frames reach the node: in lockstep with it, or on a schedule that never waits for it."""

from dataclasses import dataclass, replace
from typing import Protocol

from sensors.clock import NS_PER_S, Clock
from sensors.frame import Frame
from sensors.pace.ahead import Ahead
from sensors.pace.keeping import Keeping, kept_frame
from sensors.sources.source import LiveHealth, Origin, Source, SourceUnusable


@dataclass(frozen=True, slots=True)
class PacingError:
    """How late frames were released against their schedule, in nanoseconds; exact over the run so far."""

    p50_ns: int
    p99_ns: int
    max_ns: int
    n: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A frame that was taken in an earlier life of the stream, and when it was due: there its pace goes on."""

    seq: int
    mono_ns: int


class PaceUnfit(SourceUnusable):
    def __init__(self, source: Source) -> None:
        shown = f"{source.origin.kind} {source.origin.name}"
        if source.live:
            super().__init__(f"{shown} is live: nothing but itself can pace it", 'set pace = "live" for its stream')
        else:
            super().__init__(
                f"{shown} is recorded: it has no pace of its own", 'set pace = "realtime" or "lockstep" for its stream'
            )


class Pace(Protocol):
    """captured = taken + dropped once `take` has returned None."""

    @property
    def origin(self) -> Origin: ...

    @property
    def fps(self) -> float: ...

    @property
    def captured(self) -> int: ...

    @property
    def dropped(self) -> int: ...

    @property
    def skipped(self) -> int:
        """Frames that were due before: a stream that goes on from an `Anchor` leaves them out. Not captured."""
        ...

    def start(self) -> None:
        """Begin; a schedule's first instant is soon afterwards."""
        ...

    def take(self) -> Frame | None:
        """The next frame to work on, waiting for it; None when there are no more.

        The frame's image may be overwritten once `take` is called again.
        """
        ...

    def stop(self) -> None:
        """Let `take` return None soon; may be called from another thread or a signal handler."""
        ...

    def pacing_error(self) -> PacingError | None:
        """None where there is no schedule to be late against."""
        ...

    def live_health(self) -> LiveHealth | None:
        """None where it is no live camera."""
        ...

    def close(self) -> None: ...


class Lockstep:
    """Every frame once, the next when the node asks for it; a frame is stamped when it is handed over."""

    def __init__(
        self,
        source: Source,
        clock: Clock,
        limit: int | None = None,
        resume: Anchor | None = None,
        keep: Keeping | None = None,
    ) -> None:
        """`limit`: of frames, skipped ones included. Raises PaceUnfit for a live source, and closes it."""
        if source.live:
            source.__exit__(None, None, None)
            raise PaceUnfit(source)
        self._source = source
        self._clock = clock
        self._limit = limit
        self._resume = resume
        self._keep = keep
        self._frames = Ahead(source.frames(), source.origin.name)
        self._stopped = False
        self.captured = 0
        self.dropped = 0
        self.skipped = 0

    @property
    def origin(self) -> Origin:
        return self._source.origin

    @property
    def fps(self) -> float:
        return self._source.fps

    def start(self) -> None:
        """Nothing to begin: every frame is taken when it is wanted."""

    def take(self) -> Frame | None:
        while not self._stopped and self.captured + self.skipped != self._limit:
            frame = next(self._frames, None)
            if frame is None:
                return None
            if self._resume is None or frame.id.seq > self._resume.seq:
                self.captured += 1
                frame = replace(frame, stamp=self._clock.now())
                if self._keep is not None:
                    self._keep.keep(kept_frame(frame, self._keep.anew))
                return frame
            self.skipped += 1
        return None

    def stop(self) -> None:
        self._stopped = True

    def pacing_error(self) -> PacingError | None:
        return None

    def live_health(self) -> LiveHealth | None:
        return None

    def close(self) -> None:
        self._frames.close()
        self._source.__exit__(None, None, None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Absolute: frame k is due at t0 + k periods, whatever became of the frames before it."""

    t0_ns: int
    fps: float

    def due_ns(self, k: int, offset_ns: int | None = None) -> int:
        """Of the k-th frame, or of one that says itself how long after the first it is due."""
        if offset_ns is not None:
            return self.t0_ns + offset_ns
        # One rounding from the integer k: adding up a rounded period would drift.
        return self.t0_ns + round(k * NS_PER_S / self.fps)
