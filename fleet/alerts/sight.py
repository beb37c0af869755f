"""One look at the fleet, as the rules measure it: what costs to read is read when a rule asks for it, once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.wire.messages import Birth, Health, StreamBirth
from fleet.alerts.recent_accuracy import RecentAccuracy
from fleet.arrivals import NodeKey, StreamKey, key_of
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.watch.fleet_watch import FleetWatch

GB = 1e9


class Sight:
    """`settled`: it was watched for so long that a silent node can be told from one that hadn't the time to speak."""

    def __init__(
        self,
        hub: HubConfig,
        ledger: FleetReader,
        watch: FleetWatch,
        accuracy: RecentAccuracy,
        *,
        settled: bool,
    ) -> None:
        self._hub = hub
        self._ledger = ledger
        self.watch = watch
        self.accuracy = accuracy
        self.settled = settled
        self._booked: dict[StreamKey, tuple[int, int]] | None = None

    def streams(self) -> Iterator[tuple[Birth, StreamBirth]]:
        """Of every node's newest session."""
        for birth, _ in self.watch.standing.values():
            for stream in birth.streams:
                yield birth, stream

    def health(self, birth: Birth) -> Health | None:
        return self.watch.standing[_node(birth)][1].health

    def left(self, birth: Birth) -> bool:
        """Whether it said goodbye."""
        return self.watch.rows[_node(birth)].state == "offline"

    def p99_ms(self, birth: Birth, stream: StreamBirth) -> tuple[float | None, int]:
        """Capture to result, of the last minute's frames, and how many. None: too few for a p99."""
        told = self.watch.latencies.get((key_of(birth), stream.name))
        return (None, 0) if told is None else (told.p99_ms, told.n)

    def booked(self) -> dict[StreamKey, tuple[int, int]]:
        """Of every stream, the numbers given by its newest report, and how many of these never came."""
        if self._booked is None:
            self._booked = self._ledger.booked((key_of(birth), stream.name) for birth, stream in self.streams())
        return self._booked

    def free_gb(self) -> float | None:
        """Where the ledger's file lies; None where it is a database's."""
        where = self._hub.where
        try:
            return shutil.disk_usage(where.absolute().parent).free / GB if isinstance(where, Path) else None
        except OSError:
            return None


def _node(birth: Birth) -> NodeKey:
    return NodeKey(birth.site, birth.node)
