"""The ledger: everything the hub was told, on disk. All SQL is in this file.

SQLite in WAL mode; the statements are SQLAlchemy Core and keep to what PostgreSQL also takes. Where the two differ,
`_engine` and `_insert_new` know.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from edge.wire.messages import Birth, ConnState, FrameReport, Health, decode
from fleet.arrivals import Arrival, Born, Examined, NodeKey, Refused, Reported, Turned
from fleet.ledger.rows import frame_row, health_row, refused_row, session_row, turn_row
from fleet.ledger.schema import ABOUT, ALL, FRAMES, HEALTH, REFUSALS, REFUSED, SESSIONS, TURNS, VERSION
from sensors.clock import Stamp
from sensors.errors import GilmokError

BUSY_S = 5.0
REFUSED_ROWS = 10_000
"""So many refused messages are kept aside; further ones are only counted."""


class StoreAbsent(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no store at {path}", "a hub makes it: `gilmok hub run`; or name another with --store"
        )


class StoreUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the store {path} can't be used: {why}", "restore it from a copy, or name another; nothing was changed"
        )


class StoreBroken(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the store {path} failed: {why}", "check the disk's room and rights, and who else writes there"
        )


@dataclass(frozen=True, slots=True)
class Booked:
    """What a commit did: rows that were new, and reports that were here already."""

    frames: int
    repeats: int
    refused: int


@dataclass(frozen=True, slots=True)
class RunRow:
    run: str
    sessions: int
    frames: int
    born_utc_ns: int
    """When its first node was born, by that node's clock."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """A session's newest conn state and health, as far as any came."""

    state: ConnState | None
    state_utc_ns: int
    health: Health | None
    health_utc_ns: int


@dataclass(frozen=True, slots=True)
class FrameRow:
    """As it was `Reported`."""

    report: FrameReport
    received: Stamp
    hub_latency_ns: int | None
    boot: str = ""


class Ledger:
    """One store. Commits come from one thread; reading is free, also from other processes."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the store at `path`; only with `create` may it be made.

        Raises StoreAbsent, or StoreUnreadable where it is no store of ours or of another version.
        """
        if not create and not path.is_file():
            raise StoreAbsent(path)
        self._path = path
        self._engine = _engine(path, create)
        try:
            with self._engine.begin() as connection:
                self._check_version(connection, create)
        except DBAPIError as error:
            self.close()
            raise StoreUnreadable(path, str(error.orig)) from error
        except GilmokError:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def commit(self, arrivals: Sequence[Arrival]) -> Booked:
        """Book all of them or none, each once however often it comes; raises StoreBroken."""
        reported = [frame_row(arrival) for arrival in arrivals if isinstance(arrival, Reported)]
        refused = [arrival for arrival in arrivals if isinstance(arrival, Refused)]
        try:
            with self._engine.begin() as connection:
                _add(connection, SESSIONS, [session_row(one) for one in arrivals if isinstance(one, Born)])
                frames = _add(connection, FRAMES, reported)
                _add(connection, HEALTH, [health_row(one) for one in arrivals if isinstance(one, Examined)])
                _add(connection, TURNS, [turn_row(one) for one in arrivals if isinstance(one, Turned)])
                _keep_aside(connection, refused)
        except DBAPIError as error:
            raise StoreBroken(self._path, str(error.orig)) from error
        return Booked(frames, len(reported) - frames, len(refused))

    def births(self, run: str | None = None) -> list[Birth]:
        """Of every session, or of one run's, oldest first."""
        query = sa.select(SESSIONS.c.payload).order_by(SESSIONS.c.received_utc_ns, SESSIONS.c.node)
        if run is not None:
            query = query.where(SESSIONS.c.run == run)
        with self._reading() as connection:
            return [decode(payload, Birth) for payload in connection.scalars(query)]

    def birth(self, key: NodeKey, session: int) -> Birth | None:
        with self._reading() as connection:
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
        with self._reading() as connection:
            return [RunRow(run, sessions, int(frames), utc) for run, sessions, frames, utc in connection.execute(query)]

    def last_word(self, key: NodeKey, session: int) -> LastWord:
        """What a session said last of itself."""
        turn = sa.select(TURNS.c.state, TURNS.c.received_utc_ns).where(*_is(TURNS, key, session))
        health = sa.select(HEALTH.c.payload, HEALTH.c.received_utc_ns).where(*_is(HEALTH, key, session))
        with self._reading() as connection:
            said = connection.execute(turn.order_by(TURNS.c.id.desc()).limit(1)).first()
            told = connection.execute(health.order_by(HEALTH.c.stamp_mono_ns.desc()).limit(1)).first()
        state, state_utc_ns = said or (None, 0)
        payload, health_utc_ns = told or (None, 0)
        return LastWord(state, state_utc_ns, None if payload is None else decode(payload, Health), health_utc_ns)

    def frames(self, key: NodeKey, session: int, stream: str) -> Iterator[FrameRow]:
        """A stream's reports in order of n."""
        columns = (FRAMES.c.received_mono_ns, FRAMES.c.received_utc_ns, FRAMES.c.hub_latency_ns, FRAMES.c.received_boot)
        query = (
            sa.select(FRAMES.c.payload, *columns)
            .where(*_is(FRAMES, key, session), FRAMES.c.stream == stream)
            .order_by(FRAMES.c.n)
        )
        with self._reading() as connection:
            for payload, mono_ns, utc_ns, latency_ns, boot in connection.execute(query):
                yield FrameRow(decode(payload, FrameReport), Stamp(mono_ns, utc_ns), latency_ns, boot)

    def healths(self, key: NodeKey, session: int) -> Iterator[Health]:
        """Everything a session said of its health, in the order of its clock."""
        query = sa.select(HEALTH.c.payload).where(*_is(HEALTH, key, session)).order_by(HEALTH.c.stamp_mono_ns)
        with self._reading() as connection:
            for payload in connection.scalars(query):
                yield decode(payload, Health)

    def count(self, key: NodeKey, session: int, stream: str) -> int:
        """How many reports of a stream are here."""
        query = sa.select(sa.func.count()).where(*_is(FRAMES, key, session), FRAMES.c.stream == stream)
        with self._reading() as connection:
            return int(connection.scalar(query) or 0)

    def refusals(self) -> dict[str, int]:
        """Refused messages by reason, over the store's whole life."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(REFUSALS.c.reason, REFUSALS.c.count).order_by(REFUSALS.c.reason))
            return {row.reason: row[1] for row in rows}

    def refused(self) -> list[Refused]:
        """The refused messages that were kept aside, oldest first, each payload cut to KEPT_BYTES."""
        query = sa.select(REFUSED).order_by(REFUSED.c.id)
        with self._reading() as connection:
            return [
                Refused(row.topic, row.reason, row.what, row.payload, Stamp(row.received_mono_ns, row.received_utc_ns))
                for row in connection.execute(query)
            ]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreBroken(self._path, str(error.orig)) from error

    def _check_version(self, connection: sa.Connection, create: bool) -> None:
        present = set(sa.inspect(connection).get_table_names())
        if not present and create:
            ALL.create_all(connection)
            connection.execute(sa.insert(ABOUT).values(version=VERSION))
            return
        if ABOUT.name not in present:
            raise StoreUnreadable(self._path, "it is a database, but not a hub's")
        version = connection.scalar(sa.select(ABOUT.c.version))
        if version != VERSION:
            raise StoreUnreadable(self._path, f"its format is version {version}, this gilmok's is {VERSION}")


def _engine(path: Path, create: bool) -> sa.Engine:
    """SQLite's own matters: the file, its journal, and how long to wait for another writer."""
    mode = "rwc" if create else "rw"
    engine = sa.create_engine(
        f"sqlite:///file:{quote(str(path.absolute()))}?mode={mode}&uri=true", connect_args={"timeout": BUSY_S}
    )

    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        # What is acknowledged is forgotten by the broker: it must survive a power cut here.
        connection.execute("PRAGMA synchronous=FULL")

    sa.event.listen(engine, "connect", prepare)
    return engine


@cache
def _insert_new(dialect: str, table: sa.Table) -> sa.Insert:
    """An insert for which a row that is there already is no error and no change."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def _add(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that are new; how many were."""
    return connection.execute(_insert_new(connection.dialect.name, table), rows).rowcount if rows else 0


def _keep_aside(connection: sa.Connection, refused: Sequence[Refused]) -> None:
    if not refused:
        return
    for reason, count in Counter(one.reason for one in refused).items():
        counted = sa.update(REFUSALS).where(REFUSALS.c.reason == reason).values(count=REFUSALS.c.count + count)
        if not connection.execute(counted).rowcount:
            connection.execute(sa.insert(REFUSALS).values(reason=reason, count=count))
    kept = connection.scalar(sa.select(sa.func.count()).select_from(REFUSED)) or 0
    rows = [refused_row(one) for one in refused[: max(REFUSED_ROWS - kept, 0)]]
    if rows:
        connection.execute(sa.insert(REFUSED), rows)


def _is(table: sa.Table, key: NodeKey, session: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.site == key.site, table.c.node == key.node, table.c.session == session
