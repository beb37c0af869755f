"""Whether a node does well with a deployment that has just become active: watched for a stated time, then judged."""

import math
from collections import deque

import numpy as np

from edge.config import UnitChoice
from edge.unit.process.vitals import Vitals
from edge.unit.state import Baseline
from sensors.clock import NS_PER_MS, NS_PER_S

LEAST_TIMES = 100
"""Fewer answered frames don't tell a p99."""
MOST_TIMES = 200_000
LEAST_FAILED = 3
HOPELESS = 30
"""So many frames, all of them failed, are enough."""


class Pace:
    """How long answered frames took, over the last seconds: what a new deployment is held against."""

    def __init__(self, seconds: float) -> None:
        self._window_ns = round(seconds * NS_PER_S)
        self._heard: deque[tuple[int, tuple[int, ...]]] = deque()

    def heard(self, vitals: Vitals) -> None:
        now_ns = vitals.stamp.mono_ns
        self._heard.append((now_ns, vitals.times_ns))
        while self._heard and now_ns - self._heard[0][0] > self._window_ns:
            self._heard.popleft()

    def baseline(self) -> Baseline:
        return _baseline([time for _, times in self._heard for time in times])


class Watch:
    """Of one deployment, from its first frame on; time counts while frames are answered, not while a camera rests."""

    def __init__(self, bounds: UnitChoice, before: Baseline | None) -> None:
        self._bounds = bounds
        self._before = before
        self._times: deque[int] = deque(maxlen=MOST_TIMES)
        self._ok = self._failed = self._captured = 0
        self._gone = (0, 0, 0)
        """Of sessions that have ended meanwhile."""
        self._session = ""
        self._answered_ns = 0
        self._at_ns: int | None = None
        self._why_failed = ""

    def heard(self, vitals: Vitals) -> str | None:
        """None: go on watching; empty: it is kept; else why it isn't, as a sentence."""
        if vitals.session_id != self._session:
            self._session, self._at_ns = vitals.session_id, None
            self._gone = (self._captured, self._ok, self._failed)
        ok_before = self._ok
        counts = [(one.captured, one.ok, one.failed) for one in vitals.streams.values()]
        self._captured, self._ok, self._failed = (
            gone + sum(column) for gone, column in zip(self._gone, zip(*counts, strict=True), strict=True)
        )
        self._times.extend(vitals.times_ns)
        self._why_failed = vitals.why_failed or self._why_failed
        now_ns = vitals.stamp.mono_ns
        if self._at_ns is not None and self._ok > ok_before:
            self._answered_ns += now_ns - self._at_ns
        self._at_ns = now_ns
        if self._failed >= HOPELESS and self._ok == 0:
            return f"all of {self._failed} frames failed: {self._why_failed}"
        if self._answered_ns < self._bounds.watch_s * NS_PER_S:
            return None
        return self._judged()

    @property
    def seen(self) -> str:
        """What it has seen, as a sentence's end."""
        now = _baseline(list(self._times))
        p99 = "unknown" if now.p99_ms is None else f"{now.p99_ms:.1f} ms"
        seconds = self._answered_ns / NS_PER_S
        return f"watched for {seconds:.0f} s: {self._ok} frames ok, {self._failed} failed, p99 {p99} (n = {now.n})"

    def _judged(self) -> str:
        bounds, now, before = self._bounds, _baseline(list(self._times)), self._before
        share = self._failed / (self._ok + self._failed)
        if self._failed >= LEAST_FAILED and share > bounds.most_failed:
            asked = f"allowed is a share of {bounds.most_failed:g}"
            return f"{self._failed} of {self._ok + self._failed} frames failed, {asked}: {self._why_failed}"
        if now.p99_ms is None:
            return ""
        if bounds.p99_ms and now.p99_ms > bounds.p99_ms:
            return f"p99 is {now.p99_ms:.1f} ms (n = {now.n}), allowed are {bounds.p99_ms:g} ms"
        if bounds.p99_ratio and before is not None and before.p99_ms is not None:
            ratio = now.p99_ms / before.p99_ms
            if ratio > bounds.p99_ratio:
                was = f"it was {before.p99_ms:.1f} ms (n = {before.n})"
                times = f"{ratio:.2f} times, allowed are {bounds.p99_ratio:g}"
                return f"p99 is {now.p99_ms:.1f} ms (n = {now.n}), {was}: {times}"
        return ""


def _baseline(times_ns: list[int]) -> Baseline:
    """p99 by the nearest rank; unknown of fewer than LEAST_TIMES."""
    n = len(times_ns)
    if n < LEAST_TIMES:
        return Baseline(p99_ms=None, n=n)
    rank = math.ceil(0.99 * n) - 1
    return Baseline(p99_ms=float(np.partition(np.array(times_ns), rank)[rank]) / NS_PER_MS, n=n)
