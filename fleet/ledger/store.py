"""The ledger's store: a file or a database, opened, checked, read and written.

The statements over it are SQLAlchemy Core and keep to what SQLite and PostgreSQL both take.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from fleet.config import LedgerAt
from fleet.ledger.columns import CellDamaged
from fleet.ledger.errors import (
    StoreAbsent,
    StoreBroken,
    StoreDamaged,
    StoreNewer,
    StoreOutdated,
    StoreUnreadable,
    StoreUnwritable,
)
from fleet.ledger.migrate import OLDEST, migrate
from fleet.ledger.postgres import PostgresDatabase
from fleet.ledger.schema import ABOUT, ALL, VERSION
from fleet.ledger.sqlite_file import SqliteFile
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

Where: TypeAlias = Path | LedgerAt
"""Where a ledger is: a file of SQLite, or a database of PostgreSQL."""


class Place(Protocol):
    """What differs between the two."""

    def engine(self) -> sa.Engine: ...
    def lock(self, connection: sa.Connection) -> None:
        """Until the transaction ends, nobody else has this lock."""

    def check_server(self, connection: sa.Connection) -> None: ...
    def is_foreign(self, tables: set[str]) -> bool: ...
    def opened(self) -> None: ...
    def not_opened(self, error: DBAPIError) -> GilmokError: ...
    def in_words(self, error: DBAPIError) -> str: ...
    def check_whole(self) -> None: ...


class Store:
    """One place and its connections; every failure of the database leaves it as StoreBroken."""

    def __init__(self, where: Where, *, write: bool) -> None:
        """Open the store; only to `write` may it be made.

        Raises StoreAbsent; StoreForbidden; StoreUnreachable; StoreUnreadable where it is no store of ours,
        StoreOutdated or StoreNewer where it is of another format (an older one is migrated to `write`);
        StoreUnwritable.
        """
        self._place = _place(where, write)
        self._engine = self._place.engine()
        try:
            with self._engine.begin() as connection:
                self._place.check_server(connection)
                self._check_version(connection, write)
            if write:
                self._try_writing()
        except DBAPIError as error:
            self.close()
            raise self._place.not_opened(error) from error
        except UnicodeDecodeError as error:  # SQLite quotes what is damaged
            self.close()
            raise StoreUnreadable(self._place, "it is damaged") from error
        except GilmokError:
            self.close()
            raise
        self._place.opened()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self, *, many: bool = False) -> Iterator[sa.Connection]:
        """Also while another process writes; `many` rows come as they are asked for. Raises StoreBroken."""
        try:
            with self._engine.connect().execution_options(stream_results=many) as connection:
                yield connection
        except DBAPIError as error:
            raise StoreBroken(self._place, self._place.in_words(error)) from error
        except CellDamaged as error:
            raise StoreDamaged(self._place, str(error)) from error

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """A transaction: on the disk when it ends, or without a trace; `alone`: beside no other that is so.

        Raises StoreBroken or StoreGone.
        """
        try:
            with self._engine.begin() as connection:
                if alone:
                    self._place.lock(connection)
                yield connection
        except DBAPIError as error:
            self.check_whole()
            raise StoreBroken(self._place, self._place.in_words(error)) from error
        except CellDamaged as error:
            raise StoreDamaged(self._place, str(error)) from error
        self.check_whole()

    def check_whole(self) -> None:
        """Raises StoreGone where a file is not the one that was opened, or has become shorter: it never does."""
        self._place.check_whole()

    def _check_version(self, connection: sa.Connection, write: bool) -> None:
        present = set(sa.inspect(connection).get_table_names())
        if ABOUT.name not in present and write:
            self._place.lock(connection)
            present = set(sa.inspect(connection).get_table_names())
        if ABOUT.name not in present:
            if self._place.is_foreign(present):
                raise StoreUnreadable(self._place, "it is a database, but not a hub's")
            if not write:
                raise StoreAbsent(self._place)
            ALL.create_all(connection)
            connection.execute(sa.insert(ABOUT).values(version=VERSION))
            return
        if (version := _version(connection)) < VERSION and write and version >= OLDEST:
            self._place.lock(connection)
            # Another hub may have been first.
            if (version := _version(connection)) < VERSION:
                log.warning("the store %s is brought from format %d to %d", self._place, version, VERSION)
                migrate(connection, version)
                return
        if version > VERSION:
            raise StoreNewer(self._place, version, VERSION)
        if version < VERSION:
            raise StoreOutdated(self._place, version, VERSION, can_migrate=version >= OLDEST)

    def _try_writing(self) -> None:
        """Told now, not when the first report is in hand. Raises StoreUnwritable."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.update(ABOUT).values(version=VERSION))
        except DBAPIError as error:
            raise StoreUnwritable(self._place, self._place.in_words(error)) from error


def _version(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(ABOUT.c.version)) or 0)


def _place(where: Where, write: bool) -> Place:
    return PostgresDatabase(where, write=write) if isinstance(where, LedgerAt) else SqliteFile(where, write=write)
