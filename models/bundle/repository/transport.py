"""Bytes of a repository from an HTTP server or a folder, from any place on, at a pace that ends."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from models.bundle.repository.refusals import RepositoryUnreachable, TooSlow
from sensors.addresses import without_login
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.host import software
from sensors.ranges import quoted

CHUNK_BYTES = 1 << 18
OK, PARTIAL, NOT_FOUND, RANGE_WRONG = 200, 206, 404, 416


class AddressWrong(GilmokError):
    def __init__(self, source: str, why: str) -> None:
        super().__init__(
            f"{quoted(source)} is no address of a repository: {why}", "write http://HOST[:PORT]/PATH, or a folder"
        )


class NotThere(Exception):
    """The repository has no such file."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is slower is refused, so that no file takes longer than `grace_s` and its size at `least_bytes_s`."""

    silence_s: float = 20.0
    """Without a byte."""
    head_s: float = 30.0
    """For a connection and the head of an answer."""
    grace_s: float = 20.0
    least_bytes_s: float = 2000.0


@dataclass(frozen=True, slots=True)
class Body:
    start: int
    """The place in the file of the first byte that comes: 0 where the server can't go on from another."""
    chunks: Generator[bytes, None, None]
    """Closed by whoever asked, so that the connection is."""


class Transport(Protocol):
    @property
    def source(self) -> str:
        """As people may see it."""
        ...

    def open(self, path: str, start: int = 0) -> Body:
        """A file of the repository, from byte `start` on. Raises NotThere, RepositoryUnreachable or TooSlow, also while
        the chunks come.
        """
        ...


class Folder:
    """A repository on a disk: a stick that was brought, a share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.source = str(folder)

    def open(self, path: str, start: int = 0) -> Body:
        place = self._folder / path
        if not place.is_file():
            raise NotThere(path)
        return Body(start, self._chunks(place, start))

    def _chunks(self, place: Path, start: int) -> Generator[bytes, None, None]:
        try:
            with place.open("rb") as file:
                file.seek(start)
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise RepositoryUnreachable(self.source, f"{place.name}: {error.strerror or error}") from error


class Server:
    """A repository behind HTTP or HTTPS; a connection a file. A redirection is refused: nobody needs one here."""

    def __init__(self, address: str, clock: Clock, pace: Pace | None = None, ca: Path | None = None) -> None:
        """`ca`: certificates to trust instead of the system's. Raises AddressWrong."""
        self.source = without_login(address)
        try:
            parts = urlsplit(address)
            self._port = parts.port
        except ValueError as error:
            raise AddressWrong(address, str(error)) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise AddressWrong(address, "it has another scheme, names no host, or has something behind its path")
        if parts.username or parts.password:
            raise AddressWrong(address, "a repository asks for no login")
        self._host, self._path = parts.hostname, parts.path.rstrip("/")
        self._clock, self._pace = clock, pace or Pace()
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=None if ca is None else str(ca))
            except OSError as error:
                raise AddressWrong(address, f"{ca} holds no certificates: {error.strerror or error}") from error

    def open(self, path: str, start: int = 0) -> Body:
        connection = self._connection()
        answer = None
        try:
            with self._in_time(connection):
                answer = self._asked(connection, path, start)
            if answer.status == NOT_FOUND:
                raise NotThere(path)
            if answer.status not in (OK, PARTIAL, RANGE_WRONG):
                raise RepositoryUnreachable(self.source, f"{path}: the server says {answer.status}")
            begins = _begins(answer) if answer.status == PARTIAL else 0
            if begins not in (0, start) or (answer.status == RANGE_WRONG and not start):
                raise RepositoryUnreachable(self.source, f"{path}: asked from byte {start}, it sends from {begins}")
        except BaseException:
            _close(connection, answer)
            raise
        if answer.status == RANGE_WRONG:
            _close(connection, answer)
            return self.open(path)
        return Body(begins, self._chunks(connection, answer, path))

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._pace.silence_s, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._pace.silence_s)

    def _asked(self, connection: http.client.HTTPConnection, path: str, start: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": f"gilmok/{software()}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        connection.request("GET", f"{self._path}/{quote(path)}", headers=headers)
        return connection.getresponse()

    @contextlib.contextmanager
    def _in_time(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """A head that comes letter by letter never runs into a socket's own limit."""
        late = threading.Event()

        def end() -> None:
            late.set()
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._pace.head_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if not late.is_set():
                if isinstance(error, TimeoutError):
                    raise TooSlow(self.source, f"nothing came for {self._pace.silence_s:g} s") from error
                raise RepositoryUnreachable(self.source, _why(error)) from error
        finally:
            timer.cancel()
        if late.is_set():
            # Python takes a head that ends in the middle for a whole one.
            raise TooSlow(self.source, f"no answer within {self._pace.head_s:g} s")

    def _chunks(
        self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, path: str
    ) -> Generator[bytes, None, None]:
        pace, begun_ns, came = self._pace, self._clock.now().mono_ns, 0
        expected = answer.length
        try:
            while chunk := answer.read1(CHUNK_BYTES):
                came += len(chunk)
                took_s = (self._clock.now().mono_ns - begun_ns) / NS_PER_S
                if took_s > pace.grace_s and came < pace.least_bytes_s * (took_s - pace.grace_s):
                    raise TooSlow(self.source, f"{path}: {came:,} bytes in {took_s:.0f} s")
                yield chunk
            if expected is not None and came < expected:
                raise RepositoryUnreachable(self.source, f"{path}: cut off after {came:,} of {expected:,} bytes")
        except TimeoutError as error:
            raise TooSlow(self.source, f"{path}: nothing came for {pace.silence_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise RepositoryUnreachable(self.source, f"{path}: {_why(error)}") from error
        finally:
            _close(connection, answer)


def transport_of(source: str | Path, clock: Clock, pace: Pace | None = None, ca: Path | None = None) -> Transport:
    """A server's address, or a folder. Raises AddressWrong."""
    if isinstance(source, str) and "://" in source:
        return Server(source, clock, pace, ca)
    return Folder(Path(source).expanduser())


def _begins(answer: http.client.HTTPResponse) -> int:
    """Of `Content-Range: bytes FIRST-LAST/SIZE`; -1 where it can't be read."""
    unit, _, places = (answer.headers["Content-Range"] or "").partition(" ")
    first = places.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() and len(first) < 20 else -1


def _close(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse | None) -> None:
    """Both: an answer that ends with its connection has taken the connection's socket along."""
    if answer is not None:
        answer.close()
    connection.close()


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
