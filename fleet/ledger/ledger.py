"""The ledger: everything the hub was told, on disk, each thing once."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.wire.spans import Spans
from fleet.arrivals import (
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    NodeKey,
    Refused,
    ReportArrived,
    ShadowArrived,
    StreamKey,
    UnitReported,
)
from fleet.ledger.completeness import Completeness
from fleet.ledger.inserting import add, insert_into, replace
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rows import conn_row, frame_row, health_row, refused_row, session_row, shadow_row, unit_row
from fleet.ledger.schema import CONNS, FRAMES, HEALTH, REFUSALS, REFUSED, SESSIONS, SHADOW_FRAMES, UNITS
from fleet.ledger.store import Store, Where

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

    def __init__(self, where: Where) -> None:
        """Open the store, made if there is none.

        Raises StoreUnreadable where it is no store of ours, StoreOutdated, StoreUnreachable, or StoreUnwritable.
        """
        super().__init__(where, Store(where, write=True))
        self._completeness = Completeness()

    def commit(self, arrivals: Sequence[Arrival]) -> Booked:
        """Book all of them or none, each once however often it comes; on the disk when this returns.

        Raises StoreBroken where it may succeed later, StoreGone where it never will.
        """
        reports = [arrival for arrival in arrivals if isinstance(arrival, ReportArrived)]
        refused = [arrival for arrival in arrivals if isinstance(arrival, Refused)]
        try:
            with self._store.writing() as connection:
                add(connection, SESSIONS, [session_row(one) for one in arrivals if isinstance(one, BirthArrived)])
                fresh = self._completeness.book(connection, reports)
                frames = add(connection, FRAMES, [frame_row(one) for one in fresh])
                add(connection, SHADOW_FRAMES, [shadow_row(one) for one in arrivals if isinstance(one, ShadowArrived)])
                add(connection, HEALTH, [health_row(one) for one in arrivals if isinstance(one, HealthArrived)])
                replace(connection, CONNS, [conn_row(one) for one in arrivals if isinstance(one, ConnArrived)])
                replace(connection, UNITS, [unit_row(one) for one in arrivals if isinstance(one, UnitReported)])
                _count(connection, refused)
                _keep_aside(connection, refused)
        except BaseException:
            self._completeness.forget()
            raise
        return Booked(frames, len(reports) - frames, len(refused))

    def booked(self, streams: Iterable[StreamKey]) -> dict[StreamKey, Spans]:
        """Which `n` of each stream are on the disk; asked from the thread that commits. Raises StoreBroken."""
        with self._store.reading() as connection:
            return {key: self._completeness.booked(connection, key) for key in streams}

    def check_whole(self) -> None:
        """Raises StoreGone where the file was deleted, replaced or cut."""
        self._store.check_whole()


def _count(connection: sa.Connection, refused: Sequence[Refused]) -> None:
    counts: Counter[tuple[NodeKey, str]] = Counter()
    for one in refused:
        counts[one.node, one.reason] += one.count
    for (key, reason), count in sorted(counts.items(), key=lambda each: (each[0][0].site, each[0][0].node, each[0][1])):
        row = {"site": key.site, "node": key.node, "reason": reason, "count": count}
        insert = insert_into(connection.dialect.name, REFUSALS)
        more = {"count": REFUSALS.c.count + insert.excluded["count"]}
        connection.execute(insert.on_conflict_do_update(index_elements=list(REFUSALS.primary_key), set_=more), row)


def _keep_aside(connection: sa.Connection, refused: Sequence[Refused]) -> None:
    kept: defaultdict[str, deque[Refused]] = defaultdict(lambda: deque(maxlen=KEPT_OF_A_REASON))
    for one in refused:
        kept[one.reason].append(one)
    for reason, newest_ones in sorted(kept.items()):
        connection.execute(sa.insert(REFUSED), [refused_row(one) for one in newest_ones])
        newest = sa.select(REFUSED.c.id).where(REFUSED.c.reason == reason).order_by(REFUSED.c.id.desc())
        oldest_kept = newest.limit(1).offset(KEPT_OF_A_REASON - 1).scalar_subquery()
        connection.execute(sa.delete(REFUSED).where(REFUSED.c.reason == reason, REFUSED.c.id < oldest_kept))
