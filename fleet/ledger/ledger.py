"""The ledger: everything the hub was told, on disk, each thing once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, Refused, ReportArrived
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rows import conn_row, frame_row, health_row, refused_row, session_row
from fleet.ledger.schema import CONNS, FRAMES, HEALTH, REFUSALS, REFUSED, SESSIONS
from fleet.ledger.store import Store

KEPT_OF_A_REASON = 100
"""So many refused messages are kept aside for each reason, the newest; all are counted."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What a commit did: rows that were new, and reports that were here already."""

    frames: int
    repeats: int
    refused: int


class Ledger(LedgerReader):
    """The store as its one hub has it: commits come from one thread; reading is free."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`, made if there is none.

        Raises StoreUnreadable where it is no store of ours, StoreOutdated, or StoreUnwritable.
        """
        super().__init__(path, Store(path, write=True))

    def commit(self, arrivals: Sequence[Arrival]) -> Booked:
        """Book all of them or none, each once however often it comes; on the disk when this returns.

        Raises StoreBroken where it may succeed later, StoreGone where it never will.
        """
        reports = [frame_row(arrival) for arrival in arrivals if isinstance(arrival, ReportArrived)]
        refused = [arrival for arrival in arrivals if isinstance(arrival, Refused)]
        with self._store.writing() as connection:
            _add(connection, SESSIONS, [session_row(one) for one in arrivals if isinstance(one, BirthArrived)])
            frames = _add(connection, FRAMES, reports)
            _add(connection, HEALTH, [health_row(one) for one in arrivals if isinstance(one, HealthArrived)])
            _replace(connection, CONNS, [conn_row(one) for one in arrivals if isinstance(one, ConnArrived)])
            _count(connection, refused)
            _keep_aside(connection, refused)
        return Booked(frames, len(reports) - frames, len(refused))

    def check_whole(self) -> None:
        """Raises StoreGone where the file was deleted, replaced or cut."""
        self._store.check_whole()


@cache
def _insert(dialect: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _add(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that are new, and leave those that are there as they are; how many were new."""
    if not rows:
        return 0
    return connection.execute(_insert(connection.dialect.name, table).on_conflict_do_nothing(), rows).rowcount


def _replace(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, each in the place of the one that has its key."""
    if rows:
        insert = _insert(connection.dialect.name, table)
        new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new), rows)


def _count(connection: sa.Connection, refused: Sequence[Refused]) -> None:
    for (key, reason), count in Counter((one.node, one.reason) for one in refused).items():
        row = {"site": key.site, "node": key.node, "reason": reason, "count": count}
        insert = _insert(connection.dialect.name, REFUSALS)
        more = {"count": REFUSALS.c.count + insert.excluded["count"]}
        connection.execute(insert.on_conflict_do_update(index_elements=list(REFUSALS.primary_key), set_=more), row)


def _keep_aside(connection: sa.Connection, refused: Sequence[Refused]) -> None:
    if refused:
        connection.execute(sa.insert(REFUSED), [refused_row(one) for one in refused])
    for reason in {one.reason for one in refused}:
        newest = sa.select(REFUSED.c.id).where(REFUSED.c.reason == reason).order_by(REFUSED.c.id.desc())
        oldest_kept = newest.limit(1).offset(KEPT_OF_A_REASON - 1).scalar_subquery()
        connection.execute(sa.delete(REFUSED).where(REFUSED.c.reason == reason, REFUSED.c.id < oldest_kept))
