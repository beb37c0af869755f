"""The ledger's file: SQLite in WAL mode, opened, checked, read and written.

The statements over it are SQLAlchemy Core and keep to what PostgreSQL also takes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from fleet.ledger.schema import ABOUT, ALL, VERSION
from sensors.errors import GilmokError

BUSY_S = 5.0
"""So long a statement waits for another process that writes."""


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


class Store:
    """One file and its connections; every failure of the database leaves it as StoreBroken."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Open the store at `path`; only with `create` may it be made.

        Raises StoreAbsent, or StoreUnreadable where it is no store of ours or of another version.
        """
        if not create and not path.is_file():
            raise StoreAbsent(path)
        self.path = path
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

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Also while another process writes. Raises StoreBroken."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreBroken(self.path, str(error.orig)) from error

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: on the disk when it ends, or without a trace. Raises StoreBroken."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreBroken(self.path, str(error.orig)) from error

    def _check_version(self, connection: sa.Connection, create: bool) -> None:
        present = set(sa.inspect(connection).get_table_names())
        if not present and create:
            ALL.create_all(connection)
            connection.execute(sa.insert(ABOUT).values(version=VERSION))
            return
        if ABOUT.name not in present:
            raise StoreUnreadable(self.path, "it is a database, but not a hub's")
        version = connection.scalar(sa.select(ABOUT.c.version))
        if version != VERSION:
            raise StoreUnreadable(self.path, f"its format is version {version}, this gilmok's is {VERSION}")


def _engine(path: Path, create: bool) -> sa.Engine:
    """SQLite's own matters: the file, its journal, and how long to wait for another writer."""
    mode = "rwc" if create else "rw"
    # Quoted for SQLite, which takes any bytes; given as one text, SQLAlchemy would unquote it on its way there.
    place = f"file:{quote(os.fsencode(path.absolute()))}"
    url = sa.URL.create("sqlite", database=place, query={"mode": mode, "uri": "true"})
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})

    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        # What is acknowledged is forgotten by the broker: it must survive a power cut here.
        connection.execute("PRAGMA synchronous=FULL")

    sa.event.listen(engine, "connect", prepare)
    return engine
