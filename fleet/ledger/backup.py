"""A ledger's copy while its hub writes, and a ledger out of a copy.

A file is copied by SQLite itself, a database by PostgreSQL's `pg_dump` and `pg_restore`, each as it was at one instant.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from fleet.config import LedgerAt
from fleet.ledger.errors import StoreAbsent, StoreOutdated, StoreUnreadable
from fleet.ledger.postgres import password
from fleet.ledger.schema import ALL
from fleet.ledger.sqlite_file import SqliteFile
from fleet.ledger.store import Store, Where
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError

DUMP = b"PGDMP"
"""How a dump of pg_dump's custom format begins."""


class BackupTaken(GilmokError):
    def __init__(self, path: object) -> None:
        super().__init__(f"{path} is there already", "name a place where nothing is; nothing was changed")


class BackupFailed(GilmokError):
    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}", "nothing was kept of it; see that there is room and that the server answers")


class ToolAbsent(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed", "install PostgreSQL's client programs (Debian: postgresql-client)")


class BackupUnfit(GilmokError):
    def __init__(self, path: Path, is_dump: bool) -> None:
        what, wanted = ("a PostgreSQL dump", "[ledger] url") if is_dump else ("no PostgreSQL dump", "a file, `store`")
        super().__init__(f"{path} is {what}", f"restore it into a ledger that is {wanted}")


def back_up(where: Where, copy: Path) -> None:
    """The ledger as it is now, at `copy`, whole and tried or not at all; its hub goes on.

    Raises what opening a ledger raises, BackupTaken, FileUnwritable, ToolAbsent or BackupFailed.
    """
    _check_format(where)
    with _new(copy) as unfinished:
        if isinstance(where, LedgerAt):
            tables = [f"--table={name}" for name in ALL.tables]
            _run("pg_dump", where, "--format=custom", "--no-owner", "--no-privileges", *tables, f"--file={unfinished}")
        else:
            _copy(where, unfinished)
            _check_format(unfinished)


def restore(copy: Path, where: Where) -> None:
    """A ledger out of a copy, where there is none yet; an older one's is brought up to date by its hub.

    Raises StoreAbsent, BackupTaken, BackupUnfit, or as `back_up`.
    """
    if not copy.is_file():
        raise StoreAbsent(copy)
    with copy.open("rb") as file:
        is_dump = file.read(len(DUMP)) == DUMP
    if is_dump != isinstance(where, LedgerAt):
        raise BackupUnfit(copy, is_dump)
    if isinstance(where, LedgerAt):
        _check_empty(where)
        _run("pg_restore", where, "--single-transaction", "--no-owner", "--exit-on-error", str(copy))
        return
    _check_format(copy)
    with _new(where) as unfinished:
        _copy(copy, unfinished)


def _check_empty(where: LedgerAt) -> None:
    try:
        _check_format(where)
    except StoreAbsent:
        return
    raise BackupTaken(where.url)


def _check_format(where: Where) -> None:
    """Raises what opening it to read raises, but for one of an older format."""
    with suppress(StoreOutdated):
        Store(where, write=False).close()


def _copy(path: Path, copy: Path) -> None:
    """In one go: begun anew at each commit of a hub, a copy in pieces would never end. Readers hold up no writer.

    Raises BackupFailed, or StoreUnreadable where the copy is damaged, as its original must be.
    """
    engine = SqliteFile(path, write=False).engine()
    try:
        with closing(engine.raw_connection()) as source, closing(sqlite3.connect(copy)) as target:
            assert isinstance(source.driver_connection, sqlite3.Connection)
            source.driver_connection.backup(target)
            ((word, *_),) = target.execute("PRAGMA quick_check(1)")
    except (sqlite3.Error, DBAPIError) as error:
        raise BackupFailed(f"{path} could not be copied to {copy.parent}", str(error)) from error
    finally:
        engine.dispose()
    if word != "ok":
        raise StoreUnreadable(path, f"it is damaged: {str(word).splitlines()[-1]}")


def _run(program: str, at: LedgerAt, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise ToolAbsent(program)
    secret = password(at.password_file)
    own = {} if secret is None else {"PGPASSWORD": secret}
    command = [found, "--no-password", f"--dbname={at.url}", *arguments]
    ended = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"]
        raise BackupFailed(f"{program} failed", lines[0].removeprefix(f"{program}: "))


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """A file for its owner alone that becomes `path` when the block ends well, on the disk; nothing is left else."""
    for taken in (path, Path(f"{path}-wal")):
        if taken.exists() or taken.is_symlink():
            raise BackupTaken(taken)
    unfinished = path.with_name(f".{path.name}.new")
    try:
        try:
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600))
            yield unfinished
            with unfinished.open("rb") as file:
                os.fsync(file.fileno())
            unfinished.rename(path)
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise FileUnwritable(path, error, "name another place") from error
