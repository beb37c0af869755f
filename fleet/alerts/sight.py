"""One look at the fleet, as the rules measure it: what costs to read is read when a rule asks for it, once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.wire.messages import Birth, Health, StreamBirth
from fleet.alerts.recent_accuracy import RecentAccuracy
from fleet.arrivals import NodeKey, StreamKey, key_of
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.rollups.history import History
from fleet.watch.fleet_watch import FleetWatch
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp

MINUTE_S = 60
GB = 1e9


class Sight:
    """`settled`: it was watched for so long that a silent node can be told from one that hadn't the time to speak."""

    def __init__(
        self,
        hub: HubConfig,
        ledger: FleetReader,
        watch: FleetWatch,
        accuracy: RecentAccuracy,
        now: Stamp,
        *,
        settled: bool,
    ) -> None:
        self._hub = hub
        self._ledger = ledger
        self._now = now
        self.watch = watch
        self.accuracy = accuracy
        self.settled = settled
        self._booked: dict[StreamKey, tuple[int, int]] | None = None
        self._rolled: dict[tuple[str, str, str], tuple[float | None, int]] | None = None

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
        """Capture to result, of the last minute's frames, and how many; where the ledger can't tell those (in
        PostgreSQL), of the last whole minute that is rolled up. None: too few for a p99."""
        if self._ledger.tells_newest:
            told = self.watch.latencies.get((key_of(birth), stream.name))
            return (None, 0) if told is None else (told.p99_ms, told.n)
        if self._rolled is None:
            self._rolled = self._minute()
        return self._rolled.get((birth.site, birth.node, stream.name), (None, 0))

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

    def _minute(self) -> dict[tuple[str, str, str], tuple[float | None, int]]:
        begin_s = (self._now.utc_ns // NS_PER_S // MINUTE_S - 1) * MINUTE_S
        with History(self._hub.where) as history:
            points = history.streams(begin_s, begin_s + MINUTE_S, MINUTE_S)
        found: dict[tuple[str, str, str], tuple[float | None, int]] = {}
        for point in points:
            total = point.latency.get("total")
            if total is not None:
                enough = total.n >= 100
                found[point.site, point.node, point.stream] = (total.p99_ns / NS_PER_MS if enough else None, total.n)
        return found


def _node(birth: Birth) -> NodeKey:
    return NodeKey(birth.site, birth.node)
