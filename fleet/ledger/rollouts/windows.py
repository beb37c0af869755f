"""What a node said within a span of the hub's wall clock, found without an index on it: rows come in order anyway."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from edge.wire.messages import Birth, Health
from fleet.arrivals import NodeKey, SessionKey, StreamKey, key_of
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import FrameRow
from fleet.ledger.schema import FRAMES, HEALTH, SESSIONS
from fleet.ledger.store import Where

Conditions = tuple["sa.ColumnElement[bool]", ...]
MOST_REMEMBERED = 10_000
MOST_SESSIONS = 100
"""Of a node, within a span; of one that starts again and again the newest."""


class WindowReader(FleetReader):
    """Spans are of receipt, from `since` (in) to `until` (out), in UTC nanoseconds."""

    def __init__(self, where: Where) -> None:
        super().__init__(where)
        self._ended: dict[StreamKey, tuple[int, int]] = {}
        """The end of the span that was read last, and the place behind it."""

    def first_births(self) -> dict[NodeKey, int]:
        """When each node's first session was heard of."""
        first = sa.func.min(SESSIONS.c.received_utc_ns)
        query = sa.select(SESSIONS.c.site, SESSIONS.c.node, first).group_by(SESSIONS.c.site, SESSIONS.c.node)
        with self._store.reading() as connection:
            return {NodeKey(site, node): int(utc_ns) for site, node, utc_ns in connection.execute(query)}

    def births_within(self, node: NodeKey, since: int, until: int) -> list[Birth]:
        """Of the sessions that may have spoken then, oldest first."""
        own = SESSIONS.c.site == node.site, SESSIONS.c.node == node.node, ~SESSIONS.c.former
        query = sa.select(SESSIONS.c.received_utc_ns, SESSIONS.c.payload).where(*own)
        query = query.where(SESSIONS.c.received_utc_ns < until).order_by(SESSIONS.c.id.desc()).limit(MOST_SESSIONS)
        found: list[Birth] = []
        with self._store.reading() as connection:
            for received, payload in connection.execute(query).all():
                if (birth := self._read(payload, Birth)) is not None:
                    found.append(birth)
                if received <= since:
                    break
        return found[::-1]

    def frames_within(self, birth: Birth, stream: str, since: int, until: int) -> Iterator[FrameRow]:
        """Reports in the order of n. Late ones, too: how long a frame took, its node says itself."""
        own = *_of(FRAMES, key_of(birth)), FRAMES.c.stream == stream
        for row in self._within(FRAMES, FRAMES.c.n, (key_of(birth), stream), own, since, until):
            if (frame := self._frame(row)) is not None:
                yield frame

    def healths_within(self, birth: Birth, since: int, until: int) -> Iterator[tuple[int, Health]]:
        """When each was received, and what it said."""
        own = _of(HEALTH, key_of(birth))
        for row in self._within(HEALTH, HEALTH.c.stamp_mono_ns, (key_of(birth), ""), own, since, until):
            if (health := self._read(row.payload, Health)) is not None:
                yield row.received_utc_ns, health

    def _within(
        self, table: sa.Table, place: "sa.Column[Any]", whose: StreamKey, own: Conditions, since: int, until: int
    ) -> Iterator[Any]:
        """Rows of one that speaks, in the order of their places. Where it read to the last time, it needs no search."""
        ended, first = self._ended.get(whose, (-1, 0))
        with self._store.reading(many=True) as connection:
            if ended != since:
                first = _first_since(connection, place, table.c.received_utc_ns, own, since)
            query = sa.select(place.label("place"), *table.c).where(*own, place >= first).order_by(place)
            with connection.execute(query) as rows:
                for row in rows:
                    if row.received_utc_ns >= until:
                        if getattr(row, "late", False):
                            # It filled a hole long after what comes behind it.
                            continue
                        break
                    first = row.place + 1
                    if row.received_utc_ns >= since:
                        yield row
        if len(self._ended) > MOST_REMEMBERED:
            self._ended.clear()
        self._ended[whose] = until, first


def _first_since(
    connection: sa.Connection, place: "sa.Column[Any]", at: "sa.Column[Any]", own: Conditions, since: int
) -> int:
    """The first place whose row was received then or later, by halving."""
    least, most = connection.execute(sa.select(sa.func.min(place), sa.func.max(place)).where(*own)).one()
    if least is None:
        return 0
    low, high = int(least), int(most) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(sa.select(place, at).where(*own, place >= middle).order_by(place).limit(1)).first()
        low, high = (int(row[0]) + 1, high) if row is not None and row[1] < since else (low, middle)
    return low


def _of(table: sa.Table, key: SessionKey) -> Conditions:
    return table.c.site == key.site, table.c.node == key.node, table.c.session == key.id
