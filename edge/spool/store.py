"""The spool's file: SQLite in WAL mode, reports by lane and number, in the order in which they came."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge.config import Durability
from edge.wire.spans import Range, Spans
from sensors.clock import Stamp
from sensors.private_files import private_file, private_folder

VERSION = 1
BUSY_S = 2.0
JOURNAL_BYTES = 4_000_000
MEMORY = ":memory:"
TABLES = """
CREATE TABLE sessions (id INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, boot TEXT NOT NULL, birth BLOB NOT NULL);
CREATE TABLE lanes (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, stream TEXT NOT NULL, UNIQUE (session, stream)
);
CREATE TABLE reports (
    id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, n INTEGER NOT NULL, mono_ns INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL, payload BLOB NOT NULL, UNIQUE (lane, n)
);
"""

ODD = """
SELECT
    EXISTS (SELECT 1 FROM reports LEFT JOIN lanes ON lanes.id = lane WHERE lanes.id IS NULL OR typeof(n) != 'integer'
        OR typeof(mono_ns) != 'integer' OR typeof(utc_ns) != 'integer' OR typeof(payload) != 'blob')
    OR EXISTS (SELECT 1 FROM sessions WHERE typeof(birth) != 'blob' OR typeof(boot) != 'text')
"""

StoreFailed = (sqlite3.Error, OSError)
"""What any of the calls may raise: a disk that is full or gone, a file that is no spool."""


class Lane(NamedTuple):
    """One stream of one session: its reports are numbered without holes."""

    session: str
    stream: str


class Kept(NamedTuple):
    """A report as it is kept; `at`: when it was made, by its machine's clocks."""

    lane: Lane
    n: int
    payload: bytes
    at: Stamp


@dataclass(frozen=True, slots=True)
class Oldest:
    """The report that came first of all that are kept."""

    lane: Lane
    n: int
    size: int
    at: Stamp
    boot: str
    """Whose monotonic clock `at` is of."""


class SpoolStore:
    """One file, or memory; whatever it raises is one of StoreFailed, and leaves it as it was."""

    def __init__(self, path: Path | None, durability: Durability = "off") -> None:
        """None: in memory."""
        if path is not None:
            private_folder(path.parent)
            # What a camera saw is nobody else's business.
            private_file(path)
        self._journal = None if path is None else path.with_name(f"{path.name}-wal")
        self._rows = sqlite3.connect(path or MEMORY, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(durability)
            if path is not None:
                self._check()
            self._lanes = {Lane(*row[1:]): int(row[0]) for row in self._rows.execute("SELECT * FROM lanes")}
        except UnicodeDecodeError as error:
            # SQLite's own message quotes what it can't read.
            self._rows.close()
            raise sqlite3.DatabaseError("it is damaged: a text in it is none") from error
        except BaseException:
            self._rows.close()
            raise

    def close(self) -> None:
        self._rows.close()

    def introduce(self, session: str, boot: str, birth: bytes) -> None:
        row = (session, boot, birth)
        self._rows.execute("INSERT OR REPLACE INTO sessions (session, boot, birth) VALUES (?, ?, ?)", row)

    def birth(self, session: str) -> bytes | None:
        row = self._rows.execute("SELECT birth FROM sessions WHERE session = ?", (session,)).fetchone()
        return None if row is None else bytes(row[0])

    def contents(self) -> dict[Lane, Spans]:
        """Which numbers are kept of each lane, the oldest lane first."""
        query = (
            "SELECT lane, min(n), max(n) FROM "
            "(SELECT lane, n, n - row_number() OVER (PARTITION BY lane ORDER BY n) AS island FROM reports) "
            "GROUP BY lane, island ORDER BY lane"
        )
        names = {number: lane for lane, number in self._lanes.items()}
        found: dict[Lane, Spans] = {}
        for number, first, last in self._rows.execute(query):
            found.setdefault(names[number], Spans()).add(first, last)
        return found

    def bytes(self) -> int:
        """Of all payloads."""
        return int(self._rows.execute("SELECT coalesce(sum(length(payload)), 0) FROM reports").fetchone()[0])

    def write(self, reports: Sequence[Kept], forget: Mapping[Lane, Spans]) -> int:
        """Keep and forget in one transaction, by how many bytes it grew; on the disk as `durability` has it."""
        with self._transaction():
            grown = 0
            for one in reports:
                row = (self._lane(one.lane), one.n, *(one.at.mono_ns, one.at.utc_ns), one.payload)
                query = "INSERT OR IGNORE INTO reports (lane, n, mono_ns, utc_ns, payload) VALUES (?, ?, ?, ?, ?)"
                grown += len(one.payload) * self._rows.execute(query, row).rowcount
            return grown - sum(self._delete(lane, *each) for lane, spans in forget.items() for each in spans)

    def read(self, lane: Lane, within: Range, most: int) -> list[Kept]:
        """Up to `most` reports with numbers `within`, in their order."""
        query = (
            "SELECT n, payload, mono_ns, utc_ns FROM reports WHERE lane = ? AND n BETWEEN ? AND ? ORDER BY n LIMIT ?"
        )
        rows = self._rows.execute(query, (self._lanes.get(lane, 0), *within, most))
        return [Kept(lane, n, payload, Stamp(mono_ns, utc_ns)) for n, payload, mono_ns, utc_ns in rows]

    def oldest(self, most: int) -> list[Oldest]:
        query = (
            "SELECT lanes.session, lanes.stream, n, size, mono_ns, utc_ns, coalesce(boot, '') "
            "FROM (SELECT lane, n, length(payload) AS size, mono_ns, utc_ns FROM reports ORDER BY id LIMIT ?) "
            "JOIN lanes ON lanes.id = lane LEFT JOIN sessions ON sessions.session = lanes.session"
        )
        return [
            Oldest(Lane(session, stream), n, size, Stamp(mono_ns, utc_ns), boot)
            for session, stream, n, size, mono_ns, utc_ns, boot in self._rows.execute(query, (most,))
        ]

    def tidy(self, own: str) -> None:
        """Forget the names of sessions that have nothing here any more, and give their room back; `own` stays."""
        with self._transaction():
            self._rows.execute(
                "DELETE FROM lanes WHERE session != ? AND NOT EXISTS (SELECT 1 FROM reports WHERE lane = lanes.id)",
                (own,),
            )
            self._rows.execute(
                "DELETE FROM sessions WHERE session != ? AND session NOT IN (SELECT session FROM lanes)", (own,)
            )
        # Asked by `execute`, it gives one page back.
        self._rows.executescript("PRAGMA incremental_vacuum")
        self._lanes = {Lane(*row[1:]): int(row[0]) for row in self._rows.execute("SELECT * FROM lanes")}

    def sync(self) -> None:
        """What was written so far survives a power cut when this returns."""
        if self._journal is not None and self._journal.exists():
            handle = os.open(self._journal, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _prepare(self, durability: Durability) -> None:
        self._rows.execute("PRAGMA auto_vacuum=INCREMENTAL")
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute(f"PRAGMA synchronous={'FULL' if durability == 'power-loss' else 'NORMAL'}")
        self._rows.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
        version = int(self._rows.execute("PRAGMA user_version").fetchone()[0])
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"its format is version {version}, this gilmok's is {VERSION}")
        if version == 0:
            self._rows.executescript(f"BEGIN; {TABLES} PRAGMA user_version={VERSION}; COMMIT")

    def _check(self) -> None:
        """Raises DatabaseError where a page or a row can't be as it was written: a bit of a card that turned."""
        said = str(self._rows.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if said != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {' '.join(said.split())}")
        if self._rows.execute(ODD).fetchone()[0]:
            raise sqlite3.DatabaseError("it is damaged: a row is none that was written")

    def _lane(self, lane: Lane) -> int:
        if lane not in self._lanes:
            made = self._rows.execute("INSERT INTO lanes (session, stream) VALUES (?, ?)", lane)
            assert made.lastrowid is not None
            self._lanes[lane] = made.lastrowid
        return self._lanes[lane]

    def _delete(self, lane: Lane, first: int, last: int) -> int:
        query = "DELETE FROM reports WHERE lane = ? AND n BETWEEN ? AND ? RETURNING length(payload)"
        return sum(row[0] for row in self._rows.execute(query, (self._lanes.get(lane, 0), first, last)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        lanes = dict(self._lanes)
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._rows.execute("COMMIT")
        except BaseException:
            self._lanes = lanes
            with contextlib.suppress(sqlite3.Error):
                self._rows.execute("ROLLBACK")
            raise
