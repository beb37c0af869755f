"""The ledger's file: SQLite in WAL mode, opened, checked, read and written.

The statements over it are SQLAlchemy Core and keep to what PostgreSQL also takes.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from fleet.ledger.schema import ABOUT, ALL, VERSION
from sensors.errors import GilmokError
from sensors.terminal.figures import size

BUSY_S = 5.0
"""So long a statement waits for another process that writes."""
FULL = "database or disk is full"


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


class StoreOutdated(StoreUnreadable):
    def __init__(self, path: Path, version: object) -> None:
        super().__init__(path, f"its format is version {version}, this gilmok's is {VERSION}")
        self.hint = "read it with the gilmok that wrote it, and name another for new runs; nothing was changed"


class StoreUnwritable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the store {path} can't be written: {why}", "check who may write it and its folder, or name another"
        )


class StoreBroken(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the store {path} failed: {why}", "check the disk's room and rights, and who else writes there"
        )


class StoreGone(GilmokError):
    """It is no use to try again: what was booked before is not there any more."""

    def __init__(self, path: Path, how: str) -> None:
        super().__init__(
            f"the store {path} was {how} while the hub wrote it",
            "restore it, or what was booked in it is lost; what came since waits at the broker for a hub",
        )


class Store:
    """One file and its connections; every failure of the database leaves it as StoreBroken."""

    def __init__(self, path: Path, *, write: bool) -> None:
        """Open the store at `path`; only to `write` may it be made.

        Raises StoreAbsent; StoreUnreadable where it is no store of ours, StoreOutdated where it is of another version;
        StoreUnwritable.
        """
        if not write and not path.is_file():
            raise StoreAbsent(path)
        self.path = path
        self._engine = _engine(path, write)
        try:
            with self._engine.begin() as connection:
                self._check_version(connection, write)
            if write:
                self._try_writing()
        except DBAPIError as error:
            self.close()
            raise StoreUnreadable(path, str(error.orig)) from error
        except GilmokError:
            self.close()
            raise
        about = path.stat()
        self._inode, self._bytes = (about.st_dev, about.st_ino), about.st_size

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
        """A transaction: on the disk when it ends, or without a trace. Raises StoreBroken or StoreGone."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            self.check_whole()
            raise StoreBroken(self.path, _with_room(self.path, str(error.orig))) from error
        self.check_whole()

    def check_whole(self) -> None:
        """Raises StoreGone where the file is not the one that was opened, or has become shorter: it never does."""
        try:
            about = self.path.stat()
            journal = self.path.with_name(f"{self.path.name}-wal").exists()
        except FileNotFoundError:
            raise StoreGone(self.path, "deleted") from None
        except OSError as error:
            raise StoreBroken(self.path, error.strerror or str(error)) from error
        if (about.st_dev, about.st_ino) != self._inode:
            raise StoreGone(self.path, "replaced")
        if about.st_size < self._bytes:
            raise StoreGone(self.path, f"cut from {self._bytes} to {about.st_size} bytes")
        if not journal:
            raise StoreGone(self.path, "robbed of its journal (-wal)")
        self._bytes = about.st_size

    def _check_version(self, connection: sa.Connection, write: bool) -> None:
        present = set(sa.inspect(connection).get_table_names())
        if not present and write:
            ALL.create_all(connection)
            connection.execute(sa.insert(ABOUT).values(version=VERSION))
            return
        if ABOUT.name not in present:
            raise StoreUnreadable(self.path, "it is a database, but not a hub's")
        version = connection.scalar(sa.select(ABOUT.c.version))
        if version != VERSION:
            raise StoreOutdated(self.path, version)

    def _try_writing(self) -> None:
        """Told now, not when the first report is in hand. Raises StoreUnwritable."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.update(ABOUT).values(version=VERSION))
        except DBAPIError as error:
            raise StoreUnwritable(self.path, _with_room(self.path, str(error.orig))) from error


def _engine(path: Path, write: bool) -> sa.Engine:
    """SQLite's own matters: the file, its journal, and how long to wait for another writer."""
    # Quoted for SQLite, which takes any bytes; given as one text, SQLAlchemy would unquote it on its way there.
    place = f"file:{quote(os.fsencode(path.absolute()))}"
    url = sa.URL.create("sqlite", database=place, query={**_mode(path, write), "uri": "true"})
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})

    def prepare(connection: Any, _record: object) -> None:
        if write:
            connection.execute("PRAGMA journal_mode=WAL")
            # What is acknowledged is forgotten by the broker: it must survive a power cut here.
            connection.execute("PRAGMA synchronous=FULL")

    sa.event.listen(engine, "connect", prepare)
    return engine


def _mode(path: Path, write: bool) -> dict[str, str]:
    if write:
        return {"mode": "rwc"}
    # A journal that was left has to be taken in, and its index written; in a folder where that can't be, a store that
    # nobody writes any more is read as it is.
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() or os.access(path.parent, os.W_OK):
        return {"mode": "rw"}
    return {"mode": "ro", "immutable": "1"}


def _with_room(path: Path, why: str) -> str:
    if why != FULL:
        return why
    with contextlib.suppress(OSError):
        return f"{os.strerror(errno.ENOSPC)} ({size(shutil.disk_usage(path.parent).free)} left)"
    return why
