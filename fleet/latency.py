"""Live latencies of every stream, in buckets that merge, and which reports are no part of them.

A finished run is told exactly: `replay.metrics`.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from edge.wire.messages import Message
from fleet.arrivals import NodeKey, ReportArrived, SessionKey
from replay.statistics.log_buckets import LogBuckets

STREAMS = 8192
"""So many streams are remembered; of more, those that were heard longest ago are forgotten."""
SESSIONS = 8192
"""Likewise of sessions."""


class LiveLatency(Message, frozen=True, kw_only=True):
    """Nanoseconds, to within a thousandth. None: nothing was measured."""

    p50_ns: int | None
    p99_ns: int | None
    n: int


class LatencyBook:
    """Capture to result (`total`) and capture to receipt (`hub`) of each stream's current session, ok frames only.

    Fed from one thread, read from any.
    """

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[NodeKey, str], _StreamLatency] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, arrived: ReportArrived) -> None:
        """A report that is late, not newer than the stream's newest, or of a session left behind, moves nothing."""
        if arrived.current and not arrived.late:
            with self._lock:
                self._add(arrived)

    def live(self) -> dict[str, dict[str, LiveLatency]]:
        """By "site/node/stream", then by `total` and `hub`."""
        with self._lock:
            return {
                f"{key.site}/{key.node}/{stream}": {"total": _live(one.total), "hub": _live(one.hub)}
                for (key, stream), one in self._streams.items()
            }

    def _add(self, arrived: ReportArrived) -> None:
        report = arrived.report
        at = (arrived.key.of_node, report.stream)
        latency = self._streams.get(at)
        if latency is None or latency.session != arrived.key.id:
            latency = self._streams[at] = _StreamLatency(arrived.key.id)
        self._streams.move_to_end(at)
        if len(self._streams) > STREAMS:
            self._streams.popitem(last=False)
        if report.n <= latency.n:
            return
        latency.n = report.n
        if report.status != "ok":
            return
        latency.total.add(report.total_ns)
        if arrived.hub_latency_ns is not None:
            latency.hub.add(arrived.hub_latency_ns)


class _StreamLatency:
    """Of one session of the stream; `n` is its newest report's."""

    __slots__ = ("hub", "n", "session", "total")

    def __init__(self, session: str) -> None:
        self.session = session
        self.n = -1
        self.total = LogBuckets()
        self.hub = LogBuckets()


def _live(buckets: LogBuckets) -> LiveLatency:
    return LiveLatency(p50_ns=buckets.quantile(0.5), p99_ns=buckets.quantile(0.99), n=buckets.n)


@dataclass(slots=True)
class _Heard:
    """Of a session, by the hub's monotonic clock."""

    last_ns: int
    """When something of it came last."""
    back_ns: int = 0
    """When something of it came after the newest silence."""


class Outages:
    """Which reports waited until the link, the broker or the hub was back: those are late.

    A link that is slow and steady is no outage: what takes long on it is told as the latency that it is. What tells the
    two apart is silence: while a report waits through an outage, nothing of its session comes. Used from one thread,
    but for `listens_since`.
    """

    def __init__(self, late_after_ns: int, silence_ns: int) -> None:
        """What was no longer on its way than `late_after_ns` has not waited. An outage is longer than `silence_ns`."""
        self._late_after_ns = late_after_ns
        self._silence_ns = silence_ns
        self._listens_since_ns = 0
        self._sessions: OrderedDict[SessionKey, _Heard] = OrderedDict()

    def listens_since(self, mono_ns: int) -> None:
        """What was published before has waited at the broker. From any thread."""
        self._listens_since_ns = mono_ns

    def heard(self, key: SessionKey, received_ns: int) -> None:
        """Something of a session came."""
        known = self._sessions.get(key)
        if known is None:
            known = self._sessions[key] = _Heard(received_ns)
        elif received_ns - known.last_ns > self._silence_ns:
            known.back_ns = received_ns
        known.last_ns = received_ns
        self._sessions.move_to_end(key)
        if len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)

    def waited(self, key: SessionKey, published_ns: int, received_ns: int) -> bool:
        """Both by the hub's clock; `heard` was told of the receipt."""
        if published_ns < self._listens_since_ns:
            return True
        return received_ns - published_ns > self._late_after_ns and published_ns < self._sessions[key].back_ns
