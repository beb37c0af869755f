"""The ledger as a fleet that is watched: everybody at once, and what is new since the last look."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from edge.wire.deployments.states import Reported
from edge.wire.messages import Birth, Health, Message
from fleet.arrivals import NodeKey, SessionKey, StreamKey, key_of
from fleet.ledger.reader import OF_A_FRAME, FrameRow, LastHeard, LedgerReader
from fleet.ledger.schema import CONNS, FRAMES, GAPS, HEALTH, REFUSALS, ROLLED, SESSIONS, UNITS
from fleet.ledger.store import Where
from fleet.ledger.stream_tails import tails


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a report tells how fast it was."""

    key: SessionKey
    stream: str
    received_utc_ns: int
    ok: bool
    total_ns: int
    stages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UnitRow:
    reported: Reported
    received_utc_ns: int


MOST_OF_A_STREAM = 4000
"""Of its last minute: 66 frames a second."""


class _Stages(Message, frozen=True):
    """As much of a report."""

    stages: dict[str, int]


class _Named(Message, frozen=True):
    name: str


class _Model(Message, frozen=True):
    """As much of a birth."""

    model: _Named


class FleetReader(LedgerReader):
    """Used by one thread, again and again: what can't change is read once."""

    def __init__(self, where: Where) -> None:
        """Raises as LedgerReader does."""
        super().__init__(where)
        self._where = where
        self._newest = 0
        self._last_n: dict[StreamKey, int] = {}
        self._known: dict[int, Birth] = {}

    def makeup(self) -> dict[str, tuple[set[str], set[str]]]:
        """Of each run the nodes and the models."""
        found: dict[str, tuple[set[str], set[str]]] = {}
        query = sa.select(SESSIONS.c.run, SESSIONS.c.node, SESSIONS.c.payload)
        with self._store.reading() as connection:
            for run, node, payload in connection.execute(query):
                nodes, models = found.setdefault(run, (set(), set()))
                nodes.add(node)
                if (birth := self._read(payload, _Model)) is not None:
                    models.add(birth.model.name)
        return found

    def standing(self) -> list[tuple[Birth, LastHeard]]:
        """Every node's newest session and what it said last, by site and node: one statement for all of them."""
        newest = sa.select(sa.func.max(SESSIONS.c.id)).where(~SESSIONS.c.former)
        newest = newest.group_by(SESSIONS.c.site, SESSIONS.c.node)
        other = HEALTH.alias()
        last = sa.select(sa.func.max(other.c.stamp_mono_ns)).where(*_same(other, SESSIONS)).scalar_subquery()
        joined = SESSIONS.outerjoin(CONNS, sa.and_(*_same(CONNS, SESSIONS))).outerjoin(
            HEALTH, sa.and_(*_same(HEALTH, SESSIONS), HEALTH.c.stamp_mono_ns == last)
        )
        query = (
            sa.select(
                SESSIONS.c.id,
                CONNS.c.state,
                CONNS.c.received_utc_ns.label("state_utc_ns"),
                HEALTH.c.payload,
                HEALTH.c.received_utc_ns.label("health_utc_ns"),
            )
            .select_from(joined)
            .where(SESSIONS.c.id.in_(newest))
            .order_by(SESSIONS.c.site, SESSIONS.c.node)
        )
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
            self._learn(connection, [row.id for row in rows])
        found: list[tuple[Birth, LastHeard]] = []
        for row in rows:
            if (birth := self._known.get(row.id)) is None:
                continue
            health = None if row.payload is None else self._read(row.payload, Health)
            found.append((birth, LastHeard(row.state, row.state_utc_ns or 0, health, row.health_utc_ns or 0)))
        return found

    def newest_timings(self, since_utc_ns: int, most: int) -> Iterator[Timing]:
        """Of every stream's live reports, what came after the last time this was asked; at first, `most` at most, of
        those received since then. `standing` is asked before it.
        """
        rows = self._numbered(since_utc_ns, most) if isinstance(self._where, Path) else self._tails(since_utc_ns, most)
        for site, node, session, stream, received, status, total, payload in rows:
            told = self._read(payload, _Stages)
            stages = {} if told is None else told.stages
            yield Timing(SessionKey(site, node, session), stream, received, status == "ok", total, stages)

    def _numbered(self, since_utc_ns: int, most: int) -> Iterator[Any]:
        """SQLite numbers rows as they come. Read as they are taken: a minute of a fleet is hundreds of megabytes."""
        number = sa.literal_column("frames.rowid", sa.Integer)
        with self._store.reading(many=True) as connection:
            newest = int(connection.scalar(sa.select(sa.func.max(number)).select_from(FRAMES)) or 0)
            # A store that was restored numbers anew.
            after = self._newest if self._newest <= newest else 0
            names = "site", "node", "session", "stream", "received_utc_ns", "status", "total_ns", "payload"
            query = sa.select(*(FRAMES.c[name] for name in names)).where(
                number > max(after, newest - most), number <= newest, ~FRAMES.c.late
            )
            self._newest = newest
            yield from connection.execute(query.where(FRAMES.c.received_utc_ns >= since_utc_ns).order_by(number))

    def _tails(self, since_utc_ns: int, most: int) -> Iterable[Any]:
        """Elsewhere, of the standing nodes' streams what is beyond the last n of each."""
        streams = {(key_of(birth), stream.name) for birth in self._known.values() for stream in birth.streams}
        self._last_n = {one: self._last_n.get(one, -1) for one in streams}
        each = max(1, min(MOST_OF_A_STREAM, most // max(1, len(streams))))
        with self._store.reading() as connection:
            rows = tails(connection, self._last_n, since_utc_ns, each)
        for row in rows:
            at = SessionKey(row.site, row.node, row.session), row.stream
            self._last_n[at] = max(self._last_n[at], row.n)
        return [(*row[:4], *row[5:]) for row in rows]

    def newest_frames(self, key: SessionKey, stream: str, after_n: int, most: int) -> list[FrameRow]:
        """Likewise, whole."""
        query = sa.select(*OF_A_FRAME).where(*_of(key, stream), FRAMES.c.n > after_n)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(FRAMES.c.n.desc()).limit(most)).all()
        return [frame for row in reversed(rows) if (frame := self._frame(row)) is not None]

    def recent_frames(self, key: SessionKey, stream: str, after_n: int, span_ns: int) -> Iterator[FrameRow]:
        """Beyond an n, of so long before the newest live one was received; read as they are taken."""
        own = _of(key, stream)
        live = *own, ~FRAMES.c.late
        newest = sa.select(FRAMES.c.received_utc_ns).where(*live).order_by(FRAMES.c.n.desc()).limit(1)
        with self._store.reading(many=True) as connection:
            begins_ns = (connection.scalar(newest) or 0) - span_ns
            first = max(after_n + 1, self._first_after(connection, live, begins_ns))
            query = sa.select(*OF_A_FRAME).where(*own, FRAMES.c.n >= first).order_by(FRAMES.c.n)
            for row in connection.execute(query):
                if (frame := self._frame(row)) is not None:
                    yield frame

    def first_frames(self, key: SessionKey, stream: str, most: int) -> list[FrameRow]:
        """Of a stream's reports the oldest that are kept, in order of n."""
        query = sa.select(*OF_A_FRAME).where(*_of(key, stream)).order_by(FRAMES.c.n).limit(most)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return [frame for row in rows if (frame := self._frame(row)) is not None]

    def frame_at(self, key: SessionKey, stream: str, at_utc_ns: int, skip: int = 0) -> FrameRow | None:
        """The answered frame whose report was received next to an instant of the hub's wall clock, or the one so many
        answered frames after it, or before; at either end the last one. Of live reports; None where there is none.
        """
        live = *_of(key, stream), ~FRAMES.c.late, FRAMES.c.status == "ok"
        with self._store.reading() as connection:
            n = self._first_after(connection, live, at_utc_ns)
            after = sa.select(*OF_A_FRAME, FRAMES.c.n).where(*live, FRAMES.c.n >= n).order_by(FRAMES.c.n)
            before = sa.select(*OF_A_FRAME, FRAMES.c.n).where(*live, FRAMES.c.n < n).order_by(FRAMES.c.n.desc())
            near: list[Any] = [row for one in (after, before) for row in connection.execute(one.limit(1))]
            if not near:
                return None
            found = min(near, key=lambda row: abs(row.received_utc_ns - at_utc_ns))
            if skip:
                there = FRAMES.c.n > found.n if skip > 0 else FRAMES.c.n < found.n
                way = FRAMES.c.n if skip > 0 else FRAMES.c.n.desc()
                query = sa.select(*OF_A_FRAME).where(*live, there).order_by(way).limit(abs(skip))
                found = (connection.execute(query).all() or [found])[-1]
        return self._frame(found)

    @staticmethod
    def _first_after(connection: sa.Connection, live: "tuple[sa.ColumnElement[bool], ...]", at_utc_ns: int) -> int:
        """The n of the first report received then or later: live ones come in the order of n, so no index is needed."""
        least, most = connection.execute(sa.select(sa.func.min(FRAMES.c.n), sa.func.max(FRAMES.c.n)).where(*live)).one()
        low, high = (0, 0) if least is None else (int(least), int(most) + 1)
        while low < high:
            middle = (low + high) // 2
            query = sa.select(FRAMES.c.n, FRAMES.c.received_utc_ns).where(*live, FRAMES.c.n >= middle)
            row = connection.execute(query.order_by(FRAMES.c.n).limit(1)).first()
            low, high = (int(row[0]) + 1, high) if row is not None and row[1] < at_utc_ns else (low, middle)
        return low

    def births_about(self, key: NodeKey, at_utc_ns: int) -> list[Birth]:
        """Of the session that a node had at an instant of the hub's wall clock, and of the next one, as far as there
        are any.
        """
        own = SESSIONS.c.site == key.site, SESSIONS.c.node == key.node, ~SESSIONS.c.former
        query = sa.select(SESSIONS.c.payload).where(*own)
        then = query.where(SESSIONS.c.received_utc_ns <= at_utc_ns).order_by(SESSIONS.c.id.desc()).limit(1)
        after = query.where(SESSIONS.c.received_utc_ns > at_utc_ns).order_by(SESSIONS.c.id).limit(1)
        return [*self._births(then), *self._births(after)]

    def newest_healths(self, key: SessionKey, most: int) -> list[tuple[int, Health]]:
        """When each was received by the hub's wall clock, and what it said: the last `most`, oldest first."""
        query = sa.select(HEALTH.c.received_utc_ns, HEALTH.c.payload).where(
            HEALTH.c.site == key.site, HEALTH.c.node == key.node, HEALTH.c.session == key.id
        )
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(HEALTH.c.stamp_mono_ns.desc()).limit(most)).all()
        read = [(row[0], self._read(row[1], Health)) for row in reversed(rows)]
        return [(utc_ns, health) for utc_ns, health in read if health is not None]

    def newest_birth(self, key: NodeKey) -> Birth | None:
        """Of the node's newest session; None where it never introduced itself."""
        query = sa.select(SESSIONS.c.payload).where(
            SESSIONS.c.site == key.site, SESSIONS.c.node == key.node, ~SESSIONS.c.former
        )
        return next(self._births(query.order_by(SESSIONS.c.id.desc()).limit(1)), None)

    def booked(self, streams: Iterable[StreamKey]) -> dict[StreamKey, tuple[int, int]]:
        """Of each stream, how many numbers it has given by its newest report, and how many of these never came."""
        streams = list(streams)
        wanted = set(streams)
        holes: Counter[StreamKey] = Counter()
        kept = sa.select(sa.func.max(FRAMES.c.n)).where(*_asked(FRAMES)).scalar_subquery()
        rolled = sa.select(ROLLED.c.top).where(*_asked(ROLLED)).scalar_subquery()
        query = sa.select(kept, rolled)
        tops: dict[StreamKey, int] = {}
        with self._store.reading() as connection:
            for row in connection.execute(sa.select(GAPS).where(GAPS.c.closed_utc_ns.is_(None))):
                at = SessionKey(row.site, row.node, row.session), row.stream
                if at in wanted:
                    holes[at] += sum(last - first + 1 for first, last in msgspec.json.decode(row.missing))
            for key, stream in streams:
                values = {"a_site": key.site, "a_node": key.node, "a_session": key.id, "a_stream": stream}
                found = [top for top in connection.execute(query, values).one() if top is not None]
                tops[key, stream] = max((int(top) for top in found), default=-1) + 1
        return {key: (top, holes[key]) for key, top in tops.items()}

    def units(self, key: NodeKey | None = None) -> dict[NodeKey, UnitRow]:
        """What every unit reported last of its deployments, or one of them."""
        query = sa.select(UNITS)
        if key is not None:
            query = query.where(UNITS.c.site == key.site, UNITS.c.node == key.node)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(UNITS.c.site, UNITS.c.node)).all()
        read = [(NodeKey(row.site, row.node), row.received_utc_ns, self._read(row.payload, Reported)) for row in rows]
        return {node: UnitRow(reported, utc_ns) for node, utc_ns, reported in read if reported is not None}

    def refusals_by_node(self) -> Mapping[NodeKey, int]:
        """How many messages on each node's topics were ever refused."""
        query = sa.select(REFUSALS.c.site, REFUSALS.c.node, sa.func.sum(REFUSALS.c.count))
        with self._store.reading() as connection:
            rows = connection.execute(query.group_by(REFUSALS.c.site, REFUSALS.c.node))
            return {NodeKey(site, node): int(count) for site, node, count in rows}

    def _learn(self, connection: sa.Connection, ids: list[int]) -> None:
        """Read the births that are new; forget those that are no node's newest any more."""
        new = [one for one in ids if one not in self._known]
        for start in range(0, len(new), 500):
            some = sa.select(SESSIONS.c.id, SESSIONS.c.payload).where(SESSIONS.c.id.in_(new[start : start + 500]))
            for row in connection.execute(some):
                if (birth := self._read(row.payload, Birth)) is not None:
                    self._known[row.id] = birth
        standing = set(ids)
        self._known = {one: birth for one, birth in self._known.items() if one in standing}


def _same(table: "sa.FromClause", other: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == other.c[name] for name in ("site", "node", "session"))


def _of(key: SessionKey, stream: str) -> tuple[sa.ColumnElement[bool], ...]:
    return FRAMES.c.site == key.site, FRAMES.c.node == key.node, FRAMES.c.session == key.id, FRAMES.c.stream == stream


def _asked(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == sa.bindparam(f"a_{name}") for name in ("site", "node", "session", "stream"))
