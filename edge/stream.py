"""One stream of a node: frames taken at their pace, stepped through the pipeline, delivered in order."""

import queue
import threading
from collections.abc import Callable
from dataclasses import asdict

from edge.pipeline import Pending, Pipeline
from edge.wire.messages import FrameReport, Pacing, StreamCounters
from sensors.pacing import Pace


class Stream:
    """Runs until the pace ends or is stopped; `counters` may be read at any time from any thread."""

    def __init__(self, name: str, pace: Pace, pipeline: Pipeline, deliver: Callable[[FrameReport], None]) -> None:
        """`deliver` gets every report, in order of `n`; it must not wait for a network or a disk."""
        self.name = name
        self._pace = pace
        self._pipeline = pipeline
        self._deliver = deliver
        self._ok = 0
        self._failed = 0

    def run(self) -> None:
        """Work through the stream; the device is kept busy to its depth."""
        self._pace.start()
        if self._pipeline.depth == 1:
            while (frame := self._pace.take()) is not None:
                self._settle(self._pipeline.step(frame))
        else:
            self._run_pipelined()

    def stop(self) -> None:
        self._pace.stop()

    def counters(self, evicted: int = 0) -> StreamCounters:
        # The decided ones are read first, so that what is captured meanwhile counts as pending, never as missing.
        ok, failed, dropped = self._ok, self._failed, self._pace.dropped
        captured = max(self._pace.captured, ok + failed + dropped)
        lateness = self._pace.pacing_error()
        return StreamCounters(
            captured=captured,
            ok=ok,
            failed=failed,
            dropped=dropped,
            pending=captured - ok - failed - dropped,
            evicted=evicted,
            pacing=None if lateness is None else Pacing(**asdict(lateness)),
        )

    def _run_pipelined(self) -> None:
        started: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        room = threading.Semaphore(self._pipeline.depth)
        fault: list[Exception] = []

        def finish() -> None:
            while (pending := started.get()) is not None:
                try:
                    if not fault:
                        self._settle(self._pipeline.finish(pending))
                except Exception as error:  # noqa: BLE001  the top of a thread; raised again by the one that joins it
                    fault.append(error)
                    self._pace.stop()
                room.release()

        finisher = threading.Thread(target=finish, name=f"finish-{self.name}")
        finisher.start()
        try:
            # Room first, then the frame: taken earlier, it would age while the device is busy with others.
            while room.acquire() and (frame := self._pace.take()) is not None:
                started.put(self._pipeline.start(frame))
        finally:
            started.put(None)
            finisher.join()
        if fault:
            raise fault[0]

    def _settle(self, report: FrameReport) -> None:
        if report.status == "ok":
            self._ok += 1
        else:
            self._failed += 1
        self._deliver(report)
