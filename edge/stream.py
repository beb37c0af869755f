"""One stream: frames taken at their pace, stepped through the pipeline, delivered in order."""

import queue
import threading
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Self, TypeAlias

from edge.pipeline import Pipeline, StartedFrame
from edge.wire.messages import CameraCounters, FrameReport, Pacing, StreamCounters
from sensors.frame import Frame
from sensors.pace.pacing import Pace
from sensors.service.heartbeat import Progress

Deliver: TypeAlias = Callable[[FrameReport], None]
"""Gets every report, in order of `n`; it must not wait for a network or a disk."""
PREPARED = "prepare"
"""The stage that a frame without a picture never comes to."""
See: TypeAlias = Callable[[Frame], None]
"""Is shown every frame; of its picture nothing may be kept but a copy."""


class Stream:
    """Runs until the pace ends or is stopped, once; used by `with`, or closed.

    `counters` and `progress` may be read, and `stop` called, at any time from any thread.
    """

    def __init__(self, name: str, pace: Pace, pipeline: Pipeline) -> None:
        """Owns `pace`, which knows where the frames come from, and closes it."""
        self.name = name
        self.pace = pace
        self._pipeline = pipeline
        self._ok = 0
        self._failed = 0
        self._taken = 0
        self._answered = 0

    def run(self, deliver: Deliver, see: See = lambda _: None, seen: See = lambda _: None) -> None:
        """Work through the stream; the device is kept busy to its depth. Raises what `deliver` raises.

        `seen` is shown every frame when the model has it: what it takes makes this frame no later.
        """
        self.pace.start()
        if self._pipeline.depth == 1:
            while (frame := self._take()) is not None:
                see(frame)
                self._settle(self._pipeline.step(frame), deliver)
                seen(frame)
        else:
            self._run_pipelined(deliver, see, seen)

    def stop(self) -> None:
        """Let `run` return soon; what is in flight is finished."""
        self.pace.stop()

    def close(self) -> None:
        """Give back what the frames come from; closing twice is harmless."""
        self.pace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def progress(self) -> Progress:
        """Answered: the device gave an answer, or was never asked, since there was no picture."""
        # The later ones are read first, so that what moves meanwhile is in flight, never negative.
        answered, settled = self._answered, self._ok + self._failed
        return Progress(self._taken, settled, answered)

    def counters(self, evicted: int = 0) -> StreamCounters:
        # The decided ones are read first, so that what is captured meanwhile counts as pending, never as missing.
        ok, failed, dropped = self._ok, self._failed, self.pace.dropped
        captured = max(self.pace.captured, ok + failed + dropped)
        lateness, live = self.pace.pacing_error(), self.pace.live_health()
        return StreamCounters(
            captured=captured,
            ok=ok,
            failed=failed,
            dropped=dropped,
            pending=captured - ok - failed - dropped,
            evicted=evicted,
            skipped=self.pace.skipped,
            pacing=None if lateness is None else Pacing(**asdict(lateness)),
            camera=None if live is None else CameraCounters(**asdict(live)),
        )

    def _run_pipelined(self, deliver: Deliver, see: See, seen: See) -> None:
        started: queue.SimpleQueue[StartedFrame | None] = queue.SimpleQueue()
        room = threading.Semaphore(self._pipeline.depth)
        fault: list[Exception] = []

        def finish() -> None:
            while (pending := started.get()) is not None:
                try:
                    if not fault:
                        self._settle(self._pipeline.finish(pending), deliver)
                except Exception as error:  # noqa: BLE001  the top of a thread; raised again by the one that joins it
                    fault.append(error)
                    self.pace.stop()
                room.release()

        finisher = threading.Thread(target=finish, name=f"finish-{self.name}")
        finisher.start()
        try:
            # Room first, then the frame: taken earlier, it would age while the device is busy with others.
            while room.acquire() and (frame := self._take()) is not None:
                see(frame)
                started.put(self._pipeline.start(frame))
                seen(frame)
        finally:
            started.put(None)
            finisher.join()
        if fault:
            raise fault[0]

    def _take(self) -> Frame | None:
        frame = self.pace.take()
        self._taken += frame is not None
        return frame

    def _settle(self, report: FrameReport, deliver: Deliver) -> None:
        self._answered += report.status == "ok" or PREPARED not in report.stages
        if report.status == "ok":
            self._ok += 1
        else:
            self._failed += 1
        deliver(report)
