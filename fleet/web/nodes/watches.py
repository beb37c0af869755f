"""The nodes that somebody looks at, each kept while that lasts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import SessionKey, key_of
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import FrameRow
from fleet.reporting.truth_index import TruthIndex
from fleet.web.nodes.pictures import picture_message
from fleet.web.nodes.watch import NodeWatch
from sensors.clock import NS_PER_MS, NS_PER_S, Clock
from sensors.errors import GilmokError

KEPT = 16
ASIDE_S = 60


class StreamUnknown(GilmokError):
    def __init__(self, node: str, stream: str) -> None:
        super().__init__(f"node {node} has no stream {stream}", "GET /api/nodes/{site}/{node} lists them")


class FrameUnknown(GilmokError):
    def __init__(self, stream: str, at_ms: int | None) -> None:
        when, what = (
            ("of late", "wait for its next report")
            if at_ms is None
            else ("about that moment, or its report is not kept any more", "choose another moment")
        )
        super().__init__(f"no frame of {stream} was answered {when}", what)


class NodeWatches:
    """Used by one thread at a time."""

    def __init__(self, hub: HubConfig, clock: Clock, find: Callable[[FleetReader, str, str], Birth]) -> None:
        """`find`: a node's newest birth; raises NodeUnknown."""
        self._clock = clock
        self._find = find
        self._truths = TruthIndex(hub.truth)
        self._reading = ThreadPoolExecutor(1, "recordings")
        self._watches: dict[SessionKey, NodeWatch] = {}

    def look(self, ledger: FleetReader, site: str, node: str) -> dict[str, Any]:
        """Raises NodeUnknown or StoreBroken."""
        return self._watch(self._find(ledger, site, node)).look(ledger, self._clock.now())

    def picture(
        self, ledger: FleetReader, site: str, node: str, name: str, at_ms: int | None = None, skip: int = 0
    ) -> bytes:
        """Of the newest answered frame; or of the one next to an instant of the hub's clock, and so many after it.

        Raises NodeUnknown, StreamUnknown, FrameUnknown or StoreBroken.
        """
        birth = self._find(ledger, site, node)
        _stream(birth, name)
        if at_ms is None:
            row = self._watch(birth).newest(ledger, name)
        else:
            row, birth = _next_to(ledger, birth, name, at_ms * NS_PER_MS, skip)
        if row is None:
            raise FrameUnknown(name, at_ms)
        stream = _stream(birth, name)
        return picture_message(birth, stream, row, self._watch(birth).recording(stream))

    def close(self) -> None:
        self._reading.shutdown(wait=False, cancel_futures=True)

    def _watch(self, birth: Birth) -> NodeWatch:
        now, key = self._clock.now(), key_of(birth)
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = NodeWatch(birth, self._truths, self._reading)
        watch.asked_ns = now.mono_ns
        fresh = [one for one in self._watches.items() if now.mono_ns - one[1].asked_ns < ASIDE_S * NS_PER_S]
        self._watches = dict(sorted(fresh, key=lambda one: one[1].asked_ns)[-KEPT:])
        return watch


def _stream(birth: Birth, name: str) -> StreamBirth:
    """Raises StreamUnknown."""
    for one in birth.streams:
        if one.name == name:
            return one
    raise StreamUnknown(birth.node, name)


def _next_to(ledger: FleetReader, newest: Birth, stream: str, at_ns: int, skip: int) -> tuple[FrameRow | None, Birth]:
    """The frame next to an instant, or so many after that one, and whichever of the node's sessions it is of."""
    births = ledger.births_about(key_of(newest).of_node, at_ns)
    near = [(row, birth) for birth in births if (row := ledger.frame_at(key_of(birth), stream, at_ns)) is not None]
    if not near:
        return None, newest
    row, birth = min(near, key=lambda one: abs(one[0].received.utc_ns - at_ns))
    return (ledger.frame_at(key_of(birth), stream, at_ns, skip) if skip else row), birth
