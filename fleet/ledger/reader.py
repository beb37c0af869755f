"""The ledger, read: sessions, runs, reports, what each session said last, and what was refused."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import sqlalchemy as sa

from edge.wire.messages import Birth, ConnState, FrameReport, Health, Message, MessageWrong, decode
from fleet.arrivals import NodeKey, Refused, SessionKey
from fleet.ledger.schema import CONNS, FRAMES, GAPS, HEALTH, REFUSALS, REFUSED, ROLLED, SESSIONS
from fleet.ledger.store import Store, Where
from sensors.clock import Stamp

M = TypeVar("M", bound=Message)

_OF_A_FRAME = ("payload", "received_mono_ns", "received_utc_ns", "received_boot")
OF_A_FRAME = tuple(FRAMES.c[name] for name in (*_OF_A_FRAME, "hub_latency_ns", "clock_known", "label_utc_ns", "late"))


@dataclass(frozen=True, slots=True)
class RunRow:
    run: str
    sessions: int
    frames: int
    born_utc_ns: int
    """When its first node introduced itself, by that node's clock if it can be right, else by the hub's."""


@dataclass(frozen=True, slots=True)
class LastHeard:
    """A session's newest conn state and health, as far as any came; 0 where none did."""

    state: ConnState | None
    state_utc_ns: int
    health: Health | None
    health_utc_ns: int


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A report as it arrived (`fleet.arrivals.ReportArrived`), its stamp labelled by a clock that can be right."""

    report: FrameReport
    received: Stamp
    hub_latency_ns: int | None
    boot: str = ""
    clock_known: bool = True
    late: bool = False


@dataclass(frozen=True, slots=True)
class GapRow:
    """Reports `first` to `last` of a stream were missing when a later one came; times are the hub's."""

    stream: str
    first: int
    last: int
    opened_utc_ns: int
    closed_utc_ns: int | None
    """None: some of them still are."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it introduced itself; `born_utc_ns` as of a RunRow."""

    key: SessionKey
    count: int
    run: str
    born_utc_ns: int
    received_utc_ns: int


class LedgerReader:
    """Reads the store that a hub writes, also while it does, and from another process. Used by `with`."""

    def __init__(self, where: Where, store: Store | None = None) -> None:
        """Raises StoreAbsent, StoreUnreachable, StoreUnreadable where it is no store of ours, or StoreOutdated."""
        self._store = store or Store(where, write=False)
        self.unreadable: Counter[str] = Counter()
        """Rows that were read and are no messages to this gilmok, by what they should be; they are left out."""

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def births(self, run: str) -> Iterator[Birth]:
        """Of every session of a run, in the order in which they came."""
        return self._births(sa.select(SESSIONS.c.payload).where(SESSIONS.c.run == run).order_by(SESSIONS.c.id))

    def newest_births(self) -> Iterator[Birth]:
        """Of every node's newest session, by site and node."""
        newest = sa.select(sa.func.max(SESSIONS.c.id)).where(~SESSIONS.c.former)
        newest = newest.group_by(SESSIONS.c.site, SESSIONS.c.node)
        query = sa.select(SESSIONS.c.payload).where(SESSIONS.c.id.in_(newest))
        return self._births(query.order_by(SESSIONS.c.site, SESSIONS.c.node))

    def birth(self, key: SessionKey) -> Birth | None:
        """None for a session that never introduced itself."""
        return next(self._births(sa.select(SESSIONS.c.payload).where(*_is(SESSIONS, key))), None)

    def sessions(self, site: str) -> list[SessionKey]:
        """Every session that introduced itself at a site, in the order in which they came."""
        query = sa.select(SESSIONS.c.node, SESSIONS.c.session).where(SESSIONS.c.site == site).order_by(SESSIONS.c.id)
        with self._store.reading() as connection:
            return [SessionKey(site, node, session) for node, session in connection.execute(query)]

    def runs(self) -> list[RunRow]:
        """Every run, the newest first."""
        of_session = ("site", "node", "session")
        counted = (
            sa.select(*(FRAMES.c[name] for name in of_session), sa.func.count().label("frames"))
            .group_by(*(FRAMES.c[name] for name in of_session))
            .subquery()
        )
        born = sa.func.min(SESSIONS.c.born_utc_ns)
        gone = (
            sa.select(*(ROLLED.c[name] for name in of_session), sa.func.sum(ROLLED.c.pruned).label("frames"))
            .group_by(*(ROLLED.c[name] for name in of_session))
            .subquery()
        )
        joined: sa.FromClause = SESSIONS
        for part in (counted, gone):
            joined = joined.outerjoin(part, sa.and_(*(SESSIONS.c[name] == part.c[name] for name in of_session)))
        kept, pruned = (sa.func.coalesce(sa.func.sum(part.c.frames), 0) for part in (counted, gone))
        query = (
            sa.select(SESSIONS.c.run, sa.func.count(), kept + pruned, born)
            .select_from(joined)
            .group_by(SESSIONS.c.run)
            .order_by(born.desc())
        )
        with self._store.reading() as connection:
            return [RunRow(run, sessions, int(frames), utc) for run, sessions, frames, utc in connection.execute(query)]

    def last_heard(self, key: SessionKey) -> LastHeard:
        """What a session said last of itself."""
        conn = sa.select(CONNS.c.state, CONNS.c.received_utc_ns).where(*_is(CONNS, key))
        health = sa.select(HEALTH.c.payload, HEALTH.c.received_utc_ns).where(*_is(HEALTH, key))
        with self._store.reading() as connection:
            last_conn = connection.execute(conn).first()
            last_health = connection.execute(health.order_by(HEALTH.c.stamp_mono_ns.desc()).limit(1)).first()
        state, state_utc_ns = last_conn or (None, 0)
        payload, health_utc_ns = last_health or (None, 0)
        return LastHeard(state, state_utc_ns, None if payload is None else self._read(payload, Health), health_utc_ns)

    def frames(self, key: SessionKey, stream: str) -> Iterator[FrameRow]:
        """A stream's reports in order of n."""
        query = sa.select(*OF_A_FRAME).where(*_is(FRAMES, key), FRAMES.c.stream == stream).order_by(FRAMES.c.n)
        with self._store.reading(many=True) as connection:
            for row in connection.execute(query):
                if (frame := self._frame(row)) is not None:
                    yield frame

    def every_frame(self, run: str | None = None) -> Iterator[tuple[SessionKey, FrameRow]]:
        """Every report, or a run's, in order of its key; as many are in memory as are asked for."""
        query = sa.select(FRAMES.c.site, FRAMES.c.node, FRAMES.c.session, *OF_A_FRAME).order_by(*FRAMES.primary_key)
        if run is not None:
            of_run = sa.select(SESSIONS.c.site, SESSIONS.c.node, SESSIONS.c.session).where(SESSIONS.c.run == run)
            query = query.where(sa.tuple_(FRAMES.c.site, FRAMES.c.node, FRAMES.c.session).in_(of_run))
        with self._store.reading(many=True) as connection:
            for row in connection.execute(query):
                if (frame := self._frame(row)) is not None:
                    yield SessionKey(row.site, row.node, row.session), frame

    def every_session(self, run: str | None = None) -> list[SessionRow]:
        """Every session, or a run's, as they came."""
        query = sa.select(SESSIONS).order_by(SESSIONS.c.id)
        if run is not None:
            query = query.where(SESSIONS.c.run == run)
        with self._store.reading() as connection:
            return [_session_row(row) for row in connection.execute(query)]

    def session(self, key: SessionKey) -> SessionRow | None:
        """None for a session that never introduced itself."""
        with self._store.reading() as connection:
            row = connection.execute(sa.select(SESSIONS).where(*_is(SESSIONS, key))).first()
            return None if row is None else _session_row(row)

    def gaps(self, key: SessionKey, stream: str | None = None) -> list[GapRow]:
        """Every hole that a session's reports ever had, as they opened."""
        query = sa.select(GAPS).where(*_is(GAPS, key)).order_by(GAPS.c.id)
        if stream is not None:
            query = query.where(GAPS.c.stream == stream)
        with self._store.reading() as connection:
            return [
                GapRow(row.stream, row.first, row.last, row.opened_utc_ns, row.closed_utc_ns)
                for row in connection.execute(query)
            ]

    def newest(self, key: SessionKey, stream: str) -> FrameReport | None:
        """A stream's report with the highest n; None where none is here."""
        query = sa.select(FRAMES.c.payload).where(*_is(FRAMES, key), FRAMES.c.stream == stream)
        with self._store.reading() as connection:
            payload = connection.scalar(query.order_by(FRAMES.c.n.desc()).limit(1))
        return None if payload is None else self._read(payload, FrameReport)

    def healths(self, key: SessionKey) -> Iterator[Health]:
        """Everything a session said of its health, in the order of its clock."""
        query = sa.select(HEALTH.c.payload).where(*_is(HEALTH, key)).order_by(HEALTH.c.stamp_mono_ns)
        return self.messages(query, Health)

    def count(self, key: SessionKey, stream: str | None = None) -> int:
        """How many reports of a session were booked, or of one of its streams, kept or not."""
        query = sa.select(sa.func.count()).where(*_is(FRAMES, key))
        if stream is not None:
            query = query.where(FRAMES.c.stream == stream)
        with self._store.reading() as connection:
            kept = int(connection.scalar(query) or 0)
        return kept + sum(count for name, count in self.pruned(key).items() if stream in (None, name))

    def rolled(self, key: SessionKey) -> dict[str, Any]:
        """The sums over a session's reports that are in the rollups, a row of ROLLED for each stream."""
        with self._store.reading() as connection:
            return {row.stream: row for row in connection.execute(sa.select(ROLLED).where(*_is(ROLLED, key)))}

    def pruned(self, key: SessionKey) -> dict[str, int]:
        """How many reports of each stream are in the rollups alone; streams that have none are left out."""
        query = sa.select(ROLLED.c.stream, ROLLED.c.pruned).where(*_is(ROLLED, key), ROLLED.c.pruned > 0)
        with self._store.reading() as connection:
            return {stream: int(count) for stream, count in connection.execute(query)}

    def count_unlabelled(self, key: SessionKey) -> int:
        """How many reports of a session came with an instant that can't be, and are labelled by their receipt."""
        query = sa.select(sa.func.count()).where(*_is(FRAMES, key), sa.not_(FRAMES.c.clock_known))
        with self._store.reading() as connection:
            return int(connection.scalar(query) or 0)

    def refusals(self, node: NodeKey | None = None) -> dict[str, int]:
        """Refused messages by reason, over the store's whole life; of one node's topics, or of all."""
        query = sa.select(REFUSALS.c.reason, sa.func.sum(REFUSALS.c.count)).group_by(REFUSALS.c.reason)
        if node is not None:
            query = query.where(REFUSALS.c.site == node.site, REFUSALS.c.node == node.node)
        with self._store.reading() as connection:
            return {reason: int(count) for reason, count in connection.execute(query.order_by(REFUSALS.c.reason))}

    def refused(self) -> list[Refused]:
        """The refused messages that were kept aside, oldest first, each cut to what a person needs."""
        query = sa.select(REFUSED).order_by(REFUSED.c.id)
        with self._store.reading() as connection:
            return [
                Refused(row.topic, row.reason, row.what, row.payload, Stamp(row.received_mono_ns, row.received_utc_ns))
                for row in connection.execute(query)
            ]

    def _births(self, query: "sa.Select[Any]") -> Iterator[Birth]:
        return self.messages(query, Birth, many=False)

    def messages(self, query: "sa.Select[Any]", kind: type[M], *, many: bool = True) -> Iterator[M]:
        """Of the payloads that `query` selects; `many` come as they are asked for."""
        with self._store.reading(many=many) as connection:
            for payload in connection.scalars(query):
                if (message := self._read(payload, kind)) is not None:
                    yield message

    def _frame(self, row: Any) -> FrameRow | None:
        report = self._read(row.payload, FrameReport)
        if report is None:
            return None
        if not row.clock_known:
            report = msgspec.structs.replace(report, stamp=Stamp(report.stamp.mono_ns, row.label_utc_ns))
        received = Stamp(row.received_mono_ns, row.received_utc_ns)
        return FrameRow(report, received, row.hub_latency_ns, row.received_boot, row.clock_known, row.late)

    def _read(self, payload: object, kind: type[M]) -> M | None:
        """None, and counted, where an older gilmok admitted what this one would refuse, or the file is damaged."""
        # SQLite keeps whatever is there, whatever the column's type.
        with contextlib.suppress(MessageWrong):
            if isinstance(payload, bytes):
                return decode(payload, kind)
        self.unreadable[kind.__name__] += 1
        return None


def _session_row(row: Any) -> SessionRow:
    key = SessionKey(row.site, row.node, row.session)
    # Not by its name, which is a tuple's own.
    return SessionRow(key, row._mapping["count"], row.run, row.born_utc_ns, row.received_utc_ns)


def _is(table: sa.Table, key: SessionKey) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.site == key.site, table.c.node == key.node, table.c.session == key.id
