"""A ledger in a PostgreSQL database, through psycopg 3."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from fleet.config import LedgerAt
from fleet.ledger.errors import StoreUnreachable, StoreUnreadable
from fleet.ledger.schema import ALL
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.plugins import need
from sensors.private_files import check_secret

log = logging.getLogger(__name__)

_told: set[str] = set()
"""Whose server was told of: a hub opens its store again and again."""

EXTRA = "postgres"
CONNECT_S = 10
LINK_S = 30
"""A server that says nothing for so long, on a link that carries nothing, is away."""
LOCK_S = 5
"""So long a statement waits for another that writes the same."""
LOCK = 0x67696C6D6F6B
"""Of all programs that make or change this ledger's tables; any number that nobody else takes."""


class PasswordUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"ledger.password_file names {path}, which can't be read: {why}", "check the path and its permissions"
        )


class PostgresDatabase:
    """The server's own matters: who asks, how long to wait, and what it promises when it says that it committed."""

    def __init__(self, at: LedgerAt, *, write: bool) -> None:
        """Raises ExtraMissing, PasswordUnreadable or SecretOpen; nothing is connected yet."""
        need("psycopg", EXTRA, "a ledger in PostgreSQL")
        self._at, self._write = at, write
        self._url = _url(at)

    def __str__(self) -> str:
        return self._at.url

    def engine(self) -> sa.Engine:
        settings = [f"lock_timeout={LOCK_S}s", "client_encoding=UTF8"]
        if not self._write:
            settings.append("default_transaction_read_only=on")
        engine = sa.create_engine(
            self._url,
            # A server that was started again has closed what the pool holds.
            pool_pre_ping=True,
            connect_args={
                "options": " ".join(f"-c {one}" for one in settings),
                "connect_timeout": CONNECT_S,
                "keepalives_idle": LINK_S,
                "tcp_user_timeout": LINK_S * 1000,
                "application_name": "gilmok-hub" if self._write else "gilmok",
            },
        )
        if self._write:
            sa.event.listen(engine, "connect", _prepare)
        return engine

    def lock(self, connection: sa.Connection) -> None:
        """Two hubs that begin at once make its tables one after the other."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))

    def check_server(self, connection: sa.Connection) -> None:
        """Raises StoreUnreadable where it can't hold every text."""
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StoreUnreadable(self, f"its encoding is {encoding}, and names need UTF8")
        if self._write and str(self) not in _told and connection.exec_driver_sql("SHOW fsync").scalar_one() == "off":
            _told.add(str(self))
            log.warning("the server of %s has fsync = off: what it has committed does not survive a power cut", self)

    def is_foreign(self, tables: set[str]) -> bool:
        """Other tables may stand beside ours, but none of our names."""
        return not tables.isdisjoint(ALL.tables)

    def opened(self) -> None:
        """Nothing to remember: a connection is to a database, not to a file."""

    def not_opened(self, error: DBAPIError) -> GilmokError:
        why = self.in_words(error)
        return StoreUnreachable(self, why) if isinstance(error, OperationalError) else StoreUnreadable(self, why)

    def in_words(self, error: DBAPIError) -> str:
        """The server's first sentence."""
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        return lines[0].rpartition("FATAL:  ")[2]

    def check_whole(self) -> None:
        """Whether it is still there is told by the next commit."""


def _prepare(connection: Any, _record: object) -> None:
    """What is acknowledged is forgotten by the node: a server that is set up to answer earlier waits for us, too."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = on")
    connection.commit()


def _url(at: LedgerAt) -> sa.URL:
    parts = urlsplit(at.url)
    return sa.URL.create(
        "postgresql+psycopg",
        username=unquote(parts.username) if parts.username else None,
        password=password(at.password_file),
        host=unquote(parts.hostname) if parts.hostname else None,
        port=parts.port,
        database=unquote(parts.path.removeprefix("/")),
        query=dict(parse_qsl(parts.query)),
    )


def password(path: Path | None) -> str | None:
    """None: libpq looks where it always does, in PGPASSWORD, PGPASSFILE and ~/.pgpass. Raises PasswordUnreadable or
    SecretOpen.
    """
    if path is None:
        return None
    check_secret("ledger.password_file", path)
    try:
        return read_small(path).decode().strip()
    except UnicodeDecodeError as error:
        raise PasswordUnreadable(path, "it is no text") from error
    except OSError as error:
        raise PasswordUnreadable(path, error.strerror or str(error)) from error
