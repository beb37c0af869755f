"""The ledger, read: sessions, runs, reports, what each session said last, and what was refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from edge.wire.messages import Birth, ConnState, FrameReport, Health, decode
from fleet.arrivals import NodeKey, Refused
from fleet.ledger.schema import CONNS, FRAMES, HEALTH, REFUSALS, REFUSED, SESSIONS
from fleet.ledger.store import Store
from sensors.clock import Stamp


@dataclass(frozen=True, slots=True)
class RunRow:
    run: str
    sessions: int
    frames: int
    born_utc_ns: int
    """When its first node introduced itself, by that node's clock."""


@dataclass(frozen=True, slots=True)
class LastHeard:
    """A session's newest conn state and health, as far as any came; 0 where none did."""

    state: ConnState | None
    state_utc_ns: int
    health: Health | None
    health_utc_ns: int


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A report as it arrived (`fleet.arrivals.ReportArrived`)."""

    report: FrameReport
    received: Stamp
    hub_latency_ns: int | None
    boot: str = ""


class LedgerReader:
    """Reads the store that a hub writes, also while it does, and from another process. Used by `with`."""

    def __init__(self, path: Path) -> None:
        """Raises StoreAbsent, or StoreUnreadable where it is no store of ours or of another version."""
        self._store = Store(path, create=False)

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def births(self, run: str | None = None) -> list[Birth]:
        """Of every session, or of one run's, oldest first."""
        query = sa.select(SESSIONS.c.payload).order_by(SESSIONS.c.received_utc_ns, SESSIONS.c.node)
        if run is not None:
            query = query.where(SESSIONS.c.run == run)
        with self._store.reading() as connection:
            return [decode(payload, Birth) for payload in connection.scalars(query)]

    def birth(self, key: NodeKey, session: int) -> Birth | None:
        """None for a session that never introduced itself."""
        with self._store.reading() as connection:
            payload = connection.scalar(sa.select(SESSIONS.c.payload).where(*_is(SESSIONS, key, session)))
        return None if payload is None else decode(payload, Birth)

    def runs(self) -> list[RunRow]:
        """Every run, the newest first."""
        counted = (
            sa.select(FRAMES.c.site, FRAMES.c.node, FRAMES.c.session, sa.func.count().label("frames"))
            .group_by(FRAMES.c.site, FRAMES.c.node, FRAMES.c.session)
            .subquery()
        )
        born = sa.func.min(SESSIONS.c.born_utc_ns)
        joined = SESSIONS.outerjoin(
            counted, sa.and_(*(SESSIONS.c[name] == counted.c[name] for name in ("site", "node", "session")))
        )
        query = (
            sa.select(SESSIONS.c.run, sa.func.count(), sa.func.coalesce(sa.func.sum(counted.c.frames), 0), born)
            .select_from(joined)
            .group_by(SESSIONS.c.run)
            .order_by(born.desc())
        )
        with self._store.reading() as connection:
            return [RunRow(run, sessions, int(frames), utc) for run, sessions, frames, utc in connection.execute(query)]

    def last_heard(self, key: NodeKey, session: int) -> LastHeard:
        """What a session said last of itself."""
        conn = sa.select(CONNS.c.state, CONNS.c.received_utc_ns).where(*_is(CONNS, key, session))
        health = sa.select(HEALTH.c.payload, HEALTH.c.received_utc_ns).where(*_is(HEALTH, key, session))
        with self._store.reading() as connection:
            last_conn = connection.execute(conn.order_by(CONNS.c.id.desc()).limit(1)).first()
            last_health = connection.execute(health.order_by(HEALTH.c.stamp_mono_ns.desc()).limit(1)).first()
        state, state_utc_ns = last_conn or (None, 0)
        payload, health_utc_ns = last_health or (None, 0)
        return LastHeard(state, state_utc_ns, None if payload is None else decode(payload, Health), health_utc_ns)

    def frames(self, key: NodeKey, session: int, stream: str) -> Iterator[FrameRow]:
        """A stream's reports in order of n."""
        columns = (FRAMES.c.received_mono_ns, FRAMES.c.received_utc_ns, FRAMES.c.hub_latency_ns, FRAMES.c.received_boot)
        query = (
            sa.select(FRAMES.c.payload, *columns)
            .where(*_is(FRAMES, key, session), FRAMES.c.stream == stream)
            .order_by(FRAMES.c.n)
        )
        with self._store.reading() as connection:
            for payload, mono_ns, utc_ns, latency_ns, boot in connection.execute(query):
                yield FrameRow(decode(payload, FrameReport), Stamp(mono_ns, utc_ns), latency_ns, boot)

    def healths(self, key: NodeKey, session: int) -> Iterator[Health]:
        """Everything a session said of its health, in the order of its clock."""
        query = sa.select(HEALTH.c.payload).where(*_is(HEALTH, key, session)).order_by(HEALTH.c.stamp_mono_ns)
        with self._store.reading() as connection:
            for payload in connection.scalars(query):
                yield decode(payload, Health)

    def count(self, key: NodeKey, session: int, stream: str) -> int:
        """How many reports of a stream are here."""
        query = sa.select(sa.func.count()).where(*_is(FRAMES, key, session), FRAMES.c.stream == stream)
        with self._store.reading() as connection:
            return int(connection.scalar(query) or 0)

    def refusals(self) -> dict[str, int]:
        """Refused messages by reason, over the store's whole life."""
        with self._store.reading() as connection:
            rows = connection.execute(sa.select(REFUSALS.c.reason, REFUSALS.c.count).order_by(REFUSALS.c.reason))
            return {row.reason: row[1] for row in rows}

    def refused(self) -> list[Refused]:
        """The refused messages that were kept aside, oldest first, each payload cut to KEPT_BYTES."""
        query = sa.select(REFUSED).order_by(REFUSED.c.id)
        with self._store.reading() as connection:
            return [
                Refused(row.topic, row.reason, row.what, row.payload, Stamp(row.received_mono_ns, row.received_utc_ns))
                for row in connection.execute(query)
            ]


def _is(table: sa.Table, key: NodeKey, session: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.site == key.site, table.c.node == key.node, table.c.session == session
