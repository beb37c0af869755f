"""The fleet's shadows for Prometheus: a candidate's frames by fate, and what the active stream feels of it."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from edge.wire.messages import Birth
from fleet.arrivals import NodeKey
from fleet.ledger.reader import LastHeard
from sensors.clock import NS_PER_S

OF_STREAM = ("site", "node", "stream")


def shadow_metrics(
    standing: Mapping[NodeKey, tuple[Birth, LastHeard]], streams: Iterable[tuple[NodeKey, str]]
) -> Iterator[Metric]:
    """Six series a stream at most, of nodes that have a shadow; nothing of the others."""
    frames = CounterMetricFamily(
        "gilmok_shadow_frames",
        "Frames of the active model, by what its shadow made of them.",
        labels=(*OF_STREAM, "fate"),
    )
    share = GaugeMetricFamily("gilmok_shadow_share", "Of the time a shadow may be at work.", labels=("site", "node"))
    p99 = GaugeMetricFamily(
        "gilmok_shadow_active_p99_seconds",
        "Capture to result of the active model, p99 of blocks in which its shadow worked or rested.",
        labels=(*OF_STREAM, "shadow"),
    )
    nodes = set()
    for key, stream in streams:
        health = standing[key][1].health
        if health is None or health.shadow is None or (said := health.shadow.streams.get(stream)) is None:
            continue
        nodes.add(key)
        labels = (key.site, key.node, stream)
        for fate, count in (("ok", said.ok), ("failed", said.failed), ("skipped", sum(said.skipped.values()))):
            frames.add_metric((*labels, fate), count)
        for block, value in (("working", said.p99_with_ns), ("resting", said.p99_without_ns)):
            # What isn't known is left out: 0 would be a reading.
            if value is not None:
                p99.add_metric((*labels, block), value / NS_PER_S)
    for key in sorted(nodes, key=lambda key: (key.site, key.node)):
        health = standing[key][1].health
        if health is not None and health.shadow is not None:
            share.add_metric((key.site, key.node), health.shadow.share)
    if nodes:
        yield from (frames, share, p99)
