"""How fast a stream was in its last minute, kept as numbers: a fleet's minute as objects would fill the memory."""

import struct
from collections import deque

import numpy as np

from fleet.ledger.fleet_reader import Timing
from fleet.watch.fleet_row import Latency, ms
from replay.metrics.percentiles import percentiles
from sensors.clock import NS_PER_MS

KEPT = 4000
"""Of a stream: 66 frames a second."""
ABSENT = -1


class RecentTimings:
    """Of one stream's ok frames, in the order they were received; used by one thread."""

    def __init__(self) -> None:
        self._stages: list[str] = []
        # Of each frame, 8 bytes each: when it was received, the total, and the stages in their order.
        self._kept: deque[bytes] = deque(maxlen=KEPT)

    def add(self, one: Timing) -> None:
        for name in one.stages:
            if name not in self._stages:
                self._stages.append(name)
                absent = struct.pack("q", ABSENT)
                self._kept = deque((row + absent for row in self._kept), maxlen=KEPT)
        took = [one.stages.get(name, ABSENT) for name in self._stages]
        self._kept.append(struct.pack(f"{2 + len(took)}q", one.received_utc_ns, one.total_ns, *took))

    def forget(self, before_utc_ns: int) -> bool:
        """Whether there was anything so old."""
        n = len(self._kept)
        while self._kept and struct.unpack_from("q", self._kept[0])[0] < before_utc_ns:
            self._kept.popleft()
        return len(self._kept) < n

    def latency(self) -> Latency:
        table = np.frombuffer(b"".join(self._kept), np.int64).reshape(len(self._kept), 2 + len(self._stages))
        told = percentiles(table[:, 1])
        stages: dict[str, float] = {}
        if len(table):
            medians = np.median(np.maximum(table[:, 2:], 0), axis=0)
            known = (table[:, 2:] != ABSENT).any(axis=0)
            stages = {
                name: round(float(median) / NS_PER_MS, 3)
                for name, median, there in zip(self._stages, medians, known, strict=True)
                if there
            }
        return Latency(p50_ms=ms(told.p50), p99_ms=ms(told.p99), n=told.n, stages_ms=stages)
