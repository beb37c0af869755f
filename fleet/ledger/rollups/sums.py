"""What adds up: counts, distributions of latencies, findings by class, and a node's measures."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from edge.wire.messages import FrameReport, Health, StreamCounters
from fleet.ledger.schema import COUNTS
from replay.statistics.log_buckets import LogBuckets

ALPHA = 0.01
"""The relative error of a quantile out of a rollup is at most this."""
TOTAL, HUB = "total", "hub"
"""Beside the stages: capture to result, and capture to receipt of what was not late."""


class Gauge(msgspec.Struct, array_like=True):
    """Of a measure, over the messages that told it."""

    n: int
    total: float
    least: float
    most: float

    @property
    def mean(self) -> float:
        return self.total / self.n

    def merge(self, other: "Gauge") -> None:
        self.n += other.n
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)


class Scores(msgspec.Struct, array_like=True):
    """Of a class: how many were found, and the sum of their scores."""

    n: int
    total: float


class _Detail(msgspec.Struct, array_like=True):
    """As it is stored, in MessagePack: at this place a few bytes a bucket, where JSON takes twice as many."""

    latency: dict[str, list[int]] = {}
    classes: dict[str, Scores] = {}
    gauges: dict[str, Gauge] = {}


@dataclass(slots=True)
class Sums:
    """Of any span of time, of any set of streams or nodes."""

    counts: Counter[str] = field(default_factory=Counter)
    """By COUNTS."""
    latency: dict[str, LogBuckets] = field(default_factory=lambda: defaultdict(lambda: LogBuckets(ALPHA)))
    """Nanoseconds of the ok frames, by stage, and TOTAL and HUB."""
    classes: dict[str, Scores] = field(default_factory=lambda: defaultdict(lambda: Scores(0, 0.0)))
    gauges: dict[str, Gauge] = field(default_factory=dict)

    @classmethod
    def of_row(cls, row: Any) -> "Sums":
        """Of a row of the ledger's."""
        values: Mapping[str, Any] = row._mapping
        found = cls(Counter({name: int(values[name]) for name in COUNTS}))
        detail = msgspec.msgpack.decode(values["detail"], type=_Detail)
        found.latency.update((stage, LogBuckets.unpacked(packed, ALPHA)) for stage, packed in detail.latency.items())
        found.classes.update(detail.classes)
        found.gauges.update(detail.gauges)
        return found

    def row(self) -> dict[str, Any]:
        """Its columns."""
        latency = {stage: buckets.packed() for stage, buckets in self.latency.items()}
        detail = _Detail(latency, dict(self.classes), self.gauges)
        return {**{name: self.counts[name] for name in COUNTS}, "detail": msgspec.msgpack.encode(detail)}

    def merge(self, other: "Sums") -> None:
        self.counts.update(other.counts)
        for stage, buckets in other.latency.items():
            self.latency[stage].merge(buckets)
        for label, found in other.classes.items():
            own = self.classes[label]
            own.n, own.total = own.n + found.n, own.total + found.total
        for name, gauge in other.gauges.items():
            self._merge_gauge(name, gauge)

    def add_report(
        self, report: FrameReport, labels: tuple[str, ...], *, hub_latency_ns: int | None, late: bool, labelled: bool
    ) -> None:
        """`labels`: the model's own, by index. `labelled`: by the node's clock."""
        self.counts[report.status] += 1
        self.counts["late"] += late
        self.counts["unlabelled"] += not labelled
        if report.findings is None:
            return
        for stage, spent_ns in report.stages.items():
            self.latency[stage].add(spent_ns)
        self.latency[TOTAL].add(report.total_ns)
        if hub_latency_ns is not None and hub_latency_ns >= 0 and not late:
            self.latency[HUB].add(hub_latency_ns)
        for index, score in zip(report.findings.labels, report.findings.scores, strict=True):
            own = self.classes[labels[index] if index < len(labels) else f"#{index}"]
            own.n, own.total = own.n + 1, own.total + score

    def add_counters(self, now: StreamCounters, before: StreamCounters) -> None:
        """What a stream's counters grew by from one health message to the next."""
        self.counts["healths"] += 1
        self.counts["captured"] += now.captured - before.captured
        self.counts["dropped"] += now.dropped - before.dropped
        self.counts["evicted"] += now.evicted - before.evicted
        self.counts["down"] += now.skipped - before.skipped

    def add_health(self, health: Health) -> None:
        """How a node was; what it didn't tell is not in the sums."""
        self.counts["healths"] += 1
        bounds = [clock.bound_ns for clock in health.clocks.values() if clock.bound_ns is not None]
        told = {
            "temperature_c": health.temperature_c,
            "power_w": health.power_w,
            "utilisation": health.utilisation,
            "spooled": None if health.spool is None else health.spool.reports,
            "spool_bytes": None if health.spool is None else health.spool.bytes,
            "clock_bound_ns": max(bounds, default=None),
        }
        for name, value in told.items():
            if value is not None:
                self._merge_gauge(name, Gauge(1, float(value), float(value), float(value)))

    def _merge_gauge(self, name: str, gauge: Gauge) -> None:
        if name in self.gauges:
            self.gauges[name].merge(gauge)
        else:
            self.gauges[name] = Gauge(gauge.n, gauge.total, gauge.least, gauge.most)
