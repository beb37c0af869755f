"""A file from a path or a URL into a place of ours, with its digest taken on the way."""

import contextlib
import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeAlias

from sensors.addresses import without_login
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, open_bytes

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30.0
SCHEMES = ("http://", "https://")

OnBytes: TypeAlias = Callable[[int, int | None], None]
"""Told after each chunk: bytes so far, and of how many (None where the sender doesn't tell)."""


class FetchFailed(GilmokError):
    def __init__(self, source: str, why: str) -> None:
        super().__init__(f"can't fetch {without_login(source)}: {why}", "check the path or URL; nothing was stored")


def is_url(source: str) -> bool:
    return source.startswith(SCHEMES)


def digest(path: Path) -> str:
    """The file's sha256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(source: str, target: Path, on_bytes: OnBytes) -> str:
    """Copy or download `source` to `target` and return its sha256; raises FetchFailed."""
    taken, hasher = 0, hashlib.sha256()
    try:
        with _open(source) as (reader, total), target.open("wb") as writer:
            while chunk := reader.read(CHUNK_BYTES):
                writer.write(chunk)
                hasher.update(chunk)
                taken += len(chunk)
                on_bytes(taken, total)
    except urllib.error.HTTPError as error:
        # An HTTPError is the server's answer as well, and holds the connection until it is closed.
        error.close()
        raise FetchFailed(source, f"the server says {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise FetchFailed(source, str(error.reason)) from error
    except ContentWrong as error:
        raise FetchFailed(source, error.what.removeprefix("can't be read: ")) from error
    except OSError as error:
        raise FetchFailed(source, error.strerror or str(error)) from error
    except (http.client.HTTPException, ValueError) as error:
        raise FetchFailed(source, str(error) or type(error).__name__) from error
    if total is not None and taken != total:
        raise FetchFailed(source, f"it broke off after {taken:,} of {total:,} bytes")
    return hasher.hexdigest()


@contextlib.contextmanager
def _open(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The source's bytes and how many they will be."""
    if is_url(source):
        with urllib.request.urlopen(source, timeout=TIMEOUT_S) as answer:
            length = answer.headers["Content-Length"]
            yield answer, None if length is None else int(length)
    else:
        path = Path(source).expanduser()
        with open_bytes(path) as file:
            yield file, path.stat().st_size
