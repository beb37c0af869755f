"""The nodes that somebody looks at, each kept while that lasts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import NodeKey, key_of
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.reporting.truth_index import TruthIndex
from fleet.web.nodes.pictures import picture_message
from fleet.web.nodes.watch import NodeWatch
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

KEPT = 16
ASIDE_S = 60


class StreamUnknown(GilmokError):
    def __init__(self, node: str, stream: str) -> None:
        super().__init__(f"node {node} has no stream {stream}", "GET /api/nodes/{site}/{node} lists them")


class FrameUnknown(GilmokError):
    def __init__(self, stream: str) -> None:
        super().__init__(f"no frame of {stream} was answered of late", "wait for its next report")


class NodeWatches:
    """Used by one thread at a time."""

    def __init__(self, hub: HubConfig, clock: Clock, find: Callable[[FleetReader, str, str], Birth]) -> None:
        """`find`: a node's newest birth; raises NodeUnknown."""
        self._clock = clock
        self._find = find
        self._truths = TruthIndex(hub.truth)
        self._reading = ThreadPoolExecutor(1, "recordings")
        self._watches: dict[NodeKey, NodeWatch] = {}

    def look(self, ledger: FleetReader, site: str, node: str) -> dict[str, Any]:
        """Raises NodeUnknown or StoreBroken."""
        return self._watch(ledger, site, node).look(ledger, self._clock.now())

    def picture(self, ledger: FleetReader, site: str, node: str, name: str, at_ms: int | None) -> bytes:
        """Raises NodeUnknown, StreamUnknown, FrameUnknown or StoreBroken."""
        watch = self._watch(ledger, site, node)
        stream = next((one for one in watch.birth.streams if one.name == name), None)
        if stream is None:
            raise StreamUnknown(node, name)
        return self._picture(ledger, watch, stream, at_ms)

    def close(self) -> None:
        self._reading.shutdown(wait=False, cancel_futures=True)

    def _picture(self, ledger: FleetReader, watch: NodeWatch, stream: StreamBirth, at_ms: int | None) -> bytes:
        row = watch.answered(ledger, stream.name, at_ms)
        if row is None:
            raise FrameUnknown(stream.name)
        return picture_message(watch.birth, stream, row, watch.recording(stream))

    def _watch(self, ledger: FleetReader, site: str, node: str) -> NodeWatch:
        birth, now = self._find(ledger, site, node), self._clock.now()
        at = NodeKey(site, node)
        watch = self._watches.get(at)
        if watch is None or watch.key != key_of(birth):
            watch = self._watches[at] = NodeWatch(birth, self._truths, self._reading)
        watch.asked_ns = now.mono_ns
        fresh = [one for one in self._watches.items() if now.mono_ns - one[1].asked_ns < ASIDE_S * NS_PER_S]
        self._watches = dict(sorted(fresh, key=lambda one: one[1].asked_ns)[-KEPT:])
        return watch
