"""A ledger in a file: SQLite in WAL mode."""

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from fleet.ledger.errors import StoreAbsent, StoreBroken, StoreForbidden, StoreGone, StoreUnreadable, StoreUnwritable
from sensors.errors import GilmokError
from sensors.private_files import close_to_strangers, private_file
from sensors.terminal.figures import size

BUSY_S = 5.0
"""So long a statement waits for another process that writes."""
FULL = "database or disk is full"


class SqliteFile:
    """The file's own matters: its journal, its folder's rights, and whether it is still the one that was opened."""

    def __init__(self, path: Path, *, write: bool) -> None:
        """Raises StoreAbsent: only to `write` may it be made."""
        if not write and not path.is_file():
            raise StoreAbsent(path)
        self._path, self._write = path, write
        self._inode, self._bytes = (0, 0), 0

    def __str__(self) -> str:
        return str(self._path)

    def engine(self) -> sa.Engine:
        if self._write and not self._path.exists():
            # SQLite gives its journals the file's own rights. What can't be made, SQLite says below.
            with contextlib.suppress(OSError):
                private_file(self._path)
        # Quoted for SQLite, which takes any bytes; given as one text, SQLAlchemy would unquote it on its way there.
        place = f"file:{quote(os.fsencode(self._path.absolute()))}"
        url = sa.URL.create("sqlite", database=place, query={**self._mode(), "uri": "true"})
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
        if self._write:
            sa.event.listen(engine, "connect", _prepare)
        return engine

    def lock(self, connection: sa.Connection) -> None:
        """Left to itself, Python commits each table by itself: a hub killed meanwhile would leave half a store."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def check_server(self, connection: sa.Connection) -> None:
        """There is none."""

    def is_foreign(self, tables: set[str]) -> bool:
        """Whether a file with these tables, none of them `about`, is somebody else's."""
        return bool(tables)

    def opened(self) -> None:
        """Remember which file it is; one of an earlier gilmok is closed to strangers."""
        if self._write:
            with contextlib.suppress(OSError):
                close_to_strangers(self._path)
        about = self._path.stat()
        self._inode, self._bytes = (about.st_dev, about.st_ino), about.st_size

    def not_opened(self, error: DBAPIError) -> GilmokError:
        if (why := _forbidden(self._path, self._write)) is not None:
            return StoreForbidden(self._path, why)
        if str(error.orig) == FULL:
            return StoreUnwritable(self._path, self.in_words(error))
        return StoreUnreadable(self._path, str(error.orig))

    def in_words(self, error: DBAPIError) -> str:
        why = str(error.orig)
        if why == FULL:
            with contextlib.suppress(OSError):
                return f"{os.strerror(errno.ENOSPC)} ({size(shutil.disk_usage(self._path.parent).free)} left)"
        return why

    def check_whole(self) -> None:
        """Raises StoreGone where the file is not the one that was opened, or has become shorter: it never does."""
        try:
            about = self._path.stat()
            journal = self._path.with_name(f"{self._path.name}-wal").exists()
        except FileNotFoundError:
            raise StoreGone(self._path, "deleted") from None
        except OSError as error:
            raise StoreBroken(self._path, error.strerror or str(error)) from error
        if (about.st_dev, about.st_ino) != self._inode:
            raise StoreGone(self._path, "replaced")
        if about.st_size < self._bytes:
            raise StoreGone(self._path, f"cut from {self._bytes} to {about.st_size} bytes")
        if not journal:
            raise StoreGone(self._path, "robbed of its journal (-wal)")
        self._bytes = about.st_size

    def _mode(self) -> dict[str, str]:
        if self._write:
            return {"mode": "rwc"}
        # A journal that was left has to be taken in, and its index written; in a folder where that can't be, a store
        # that nobody writes any more is read as it is.
        journal = self._path.with_name(f"{self._path.name}-wal")
        if journal.exists() or os.access(self._path.parent, os.W_OK):
            return {"mode": "rw"}
        return {"mode": "ro", "immutable": "1"}


def _prepare(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    # What is acknowledged is forgotten by the broker: it must survive a power cut here.
    connection.execute("PRAGMA synchronous=FULL")


def _forbidden(path: Path, write: bool) -> int | None:
    """What keeps anybody like us from opening it, whatever is in it: an error number."""
    try:
        path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            return errno.ENOENT
        return None if os.access(path.parent, os.W_OK | os.X_OK) else errno.EACCES
    except OSError as error:
        return error.errno
    if os.access(path, os.R_OK) and (not write or os.access(path.parent, os.W_OK)):
        return None
    return errno.EACCES
