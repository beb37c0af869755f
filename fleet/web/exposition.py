"""The fleet for Prometheus: one text, made when it is asked for, with a bound on what it may hold.

Names follow Prometheus' own rules: base units, `_total` for what only grows. A counter is of a node's newest session,
and begins anew with the next one, as `rate` and `increase` expect.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from edge.wire.messages import STAGES, Birth, Health, StreamCounters
from fleet.arrivals import NodeKey, key_of
from fleet.config import HubConfig
from fleet.ledger.reader import LastHeard
from fleet.watch.fleet_row import GLANCES, FleetRow, Latency
from fleet.watch.fleet_watch import FleetWatch
from fleet.web.alert_metrics import AlertMetrics
from fleet.web.shadow_metrics import shadow_metrics
from sensors.clock import NS_PER_S
from sensors.host import software

MEDIA = CONTENT_TYPE_PLAIN_0_0_4
MS_PER_S = 1000
MOST_NODES = 2000
MOST_STREAMS = 4000
"""So many are told, by site and name; how many are left out is told, too. A node has 7 series, a stream 12 at most,
17 where a shadow runs: 82,000 and a few."""
OF_NODE = ("site", "node")
OF_STREAM = ("site", "node", "stream")
FATES: tuple[tuple[str, Callable[[StreamCounters], int]], ...] = (
    ("ok", lambda one: one.ok),
    ("failed", lambda one: one.failed),
    ("dropped", lambda one: one.dropped),
)


def exposition(watch: FleetWatch, trouble: str, hub: HubConfig) -> bytes:
    """As of the watch's last look; `trouble`: why the ledger can't be read, and then no node is told of."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fleet(watch, trouble))
    registry.register(AlertMetrics(hub))
    return generate_latest(registry)


class _Fleet:
    def __init__(self, watch: FleetWatch, trouble: str) -> None:
        self._watch = watch
        self._trouble = trouble

    def collect(self) -> Iterator[Metric]:
        about = GaugeMetricFamily("gilmok_build_info", "Which gilmok answers.", labels=("version",))
        about.add_metric((software(),), 1)
        yield about
        yield GaugeMetricFamily("gilmok_ledger_readable", "Whether the ledger can be read.", value=not self._trouble)
        if self._trouble:
            return
        standing = dict(list(self._watch.standing.items())[:MOST_NODES])
        streams = [(key, stream.name) for key, (birth, _) in standing.items() for stream in birth.streams]
        yield self._tally()
        yield self._left_out(len(self._watch.standing) - len(standing), len(streams) - MOST_STREAMS)
        yield from _nodes([self._watch.rows[key] for key in standing], self._watch.refused)
        yield from self._streams(standing, streams[:MOST_STREAMS])
        yield from shadow_metrics(standing, streams[:MOST_STREAMS])

    def _tally(self) -> Metric:
        told = GaugeMetricFamily("gilmok_nodes", "How many nodes are what at a glance.", labels=("glance",))
        for glance in GLANCES:
            told.add_metric((glance,), self._watch.tally.get(glance, 0))
        return told

    @staticmethod
    def _left_out(nodes: int, streams: int) -> Metric:
        what = "How many nodes and streams are not told of here, since there are more than may be."
        told = GaugeMetricFamily("gilmok_metrics_left_out", what, labels=("what",))
        told.add_metric(("nodes",), nodes)
        told.add_metric(("streams",), max(streams, 0))
        return told

    def _streams(
        self, standing: Mapping[NodeKey, tuple[Birth, LastHeard]], streams: Iterable[tuple[NodeKey, str]]
    ) -> Iterator[Metric]:
        captured = _counter("stream_captured_frames", "Frames that the stream captured.", OF_STREAM)
        fates = _counter("stream_frames", "Frames whose fate is known, by it.", (*OF_STREAM, "fate"))
        evicted = _counter("stream_evicted_reports", "Reports that were given up before a hub had them.", OF_STREAM)
        p50 = _gauge("stream_latency_p50_seconds", "Capture to result, median of the last minute.", OF_STREAM)
        p99 = _gauge("stream_latency_p99_seconds", "Capture to result, p99 of the last minute.", OF_STREAM)
        stages = _gauge("stream_stage_p50_seconds", "A stage's median of the last minute.", (*OF_STREAM, "stage"))
        for key, name in streams:
            birth, last = standing[key]
            labels = (key.site, key.node, name)
            if (counted := _counted(last.health, name)) is not None:
                captured.add_metric(labels, counted.captured)
                evicted.add_metric(labels, counted.evicted)
                for fate, count in FATES:
                    fates.add_metric((*labels, fate), count(counted))
            timed = self._watch.latencies.get((key_of(birth), name), Latency())
            if timed.p50_ms is not None:
                p50.add_metric(labels, timed.p50_ms / MS_PER_S)
            if timed.p99_ms is not None:
                p99.add_metric(labels, timed.p99_ms / MS_PER_S)
            for stage in STAGES:
                if stage in timed.stages_ms:
                    stages.add_metric((*labels, stage), timed.stages_ms[stage] / MS_PER_S)
        yield from (captured, fates, evicted, p50, p99, stages)


def _nodes(rows: Iterable[FleetRow], refused: Mapping[NodeKey, int]) -> Iterator[Metric]:
    info = _gauge("node_info", "What a node is.", (*OF_NODE, "kind", "model", "device"))
    online = _gauge("node_online", "Whether the node is online.", OF_NODE)
    heard = _gauge("node_last_heard_timestamp_seconds", "When it was heard last, by the hub's clock.", OF_NODE)
    hot = _gauge("node_chip_temperature_celsius", "Of its accelerator, where that tells.", OF_NODE)
    power = _gauge("node_power_watts", "Of its accelerator, where that tells.", OF_NODE)
    spooled = _gauge("node_spooled_reports", "Reports that it keeps until a hub has them.", OF_NODE)
    complaints = _counter("node_refused_messages", "Messages on its topics that the hub ever refused.", OF_NODE)
    for row in rows:
        labels = (row.site, row.node)
        info.add_metric((*labels, row.kind, row.model, row.device), 1)
        online.add_metric(labels, row.state == "online")
        complaints.add_metric(labels, refused.get(NodeKey(row.site, row.node), 0))
        if row.last_heard_utc_ns is not None:
            heard.add_metric(labels, row.last_heard_utc_ns / NS_PER_S)
        for family, value in ((hot, row.temperature_c), (power, row.power_w), (spooled, row.spooled)):
            # What isn't told is left out: 0 would be a reading.
            if value is not None:
                family.add_metric(labels, value)
    yield from (info, online, heard, hot, power, spooled, complaints)


def _counted(health: Health | None, stream: str) -> StreamCounters | None:
    return None if health is None else health.streams.get(stream)


def _gauge(name: str, what: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gilmok_{name}", what, labels=labels)


def _counter(name: str, what: str, labels: tuple[str, ...]) -> CounterMetricFamily:
    return CounterMetricFamily(f"gilmok_{name}", what, labels=labels)
