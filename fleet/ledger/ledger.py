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

REFUSED_ROWS = 10_000
"""So many refused messages are kept aside; further ones are only counted."""


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

        Raises StoreUnreadable where it is no store of ours or of another version.
        """
        self._store = Store(path, create=True)

    def commit(self, arrivals: Sequence[Arrival]) -> Booked:
        """Book all of them or none, each once however often it comes; raises StoreBroken."""
        reports = [frame_row(arrival) for arrival in arrivals if isinstance(arrival, ReportArrived)]
        refused = [arrival for arrival in arrivals if isinstance(arrival, Refused)]
        with self._store.writing() as connection:
            _add(connection, SESSIONS, [session_row(one) for one in arrivals if isinstance(one, BirthArrived)])
            frames = _add(connection, FRAMES, reports)
            _add(connection, HEALTH, [health_row(one) for one in arrivals if isinstance(one, HealthArrived)])
            _add(connection, CONNS, [conn_row(one) for one in arrivals if isinstance(one, ConnArrived)])
            _keep_aside(connection, refused)
        return Booked(frames, len(reports) - frames, len(refused))


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
