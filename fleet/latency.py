"""Live latencies of every stream, in buckets that merge. A finished run is told exactly: `replay.metrics`."""

import math
import threading
from collections import Counter, OrderedDict

from edge.wire.messages import Message
from fleet.arrivals import NodeKey, ReportArrived

ALPHA = 0.001
"""The relative error of a quantile out of buckets is at most this."""
STREAMS = 8192
"""So many streams are remembered; of more, those that were heard longest ago are forgotten."""

GROWTH = (1 + ALPHA) / (1 - ALPHA)
_LN_GROWTH = math.log(GROWTH)


class LiveLatency(Message, frozen=True, kw_only=True):
    """Nanoseconds, to within ALPHA. None: nothing was measured."""

    p50_ns: int | None
    p99_ns: int | None
    n: int


class LogBuckets:
    """Counts of non-negative nanoseconds in buckets of equal relative width (the mapping of DDSketch).

    Bucket i holds the values in (GROWTH^(i-1), GROWTH^i].
    """

    def __init__(self) -> None:
        self.n = 0
        self._zeros = 0
        self._counts: Counter[int] = Counter()

    def add(self, value_ns: int) -> None:
        if value_ns < 0:
            raise ValueError(f"a latency of {value_ns} ns is an error of a clock")
        self.n += 1
        if value_ns == 0:
            self._zeros += 1
        else:
            self._counts[math.ceil(math.log(value_ns) / _LN_GROWTH)] += 1

    def merge(self, other: "LogBuckets") -> None:
        """As if everything that was added to `other` had been added here."""
        self.n += other.n
        self._zeros += other._zeros
        self._counts.update(other._counts)

    def quantile(self, q: float) -> int | None:
        """The ceil(q·n)-th smallest, to within ALPHA; None without values."""
        if not self.n:
            return None
        left = math.ceil(q * self.n - 1e-9) - self._zeros
        if left <= 0:
            return 0
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                return round(2 * GROWTH**bucket / (GROWTH + 1))
        raise AssertionError("the counts are fewer than n")


class LatencyBook:
    """Capture to result (`total`) and capture to receipt (`hub`) of each stream's current session, ok frames only.

    Fed from one thread, read from any.
    """

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[NodeKey, str], _StreamLatency] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, arrived: ReportArrived) -> None:
        """A report that is not newer than the stream's newest, or of a session left behind, moves nothing."""
        if arrived.current:
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
