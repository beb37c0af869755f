"""One file of a bundle, by its digest: gone on from where it was cut, never longer than it says, never another."""

import hashlib
import itertools
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from models.bundle.bundle import FileEntry
from models.bundle.repository.layout import FILES
from models.bundle.repository.refusals import ContentForeign, RepositoryUnreachable, TooLong
from models.bundle.repository.transport import NotThere, Transport
from sensors.atomic_files import FileUnwritable

OnBytes: TypeAlias = Callable[[int], None]
"""Told how many bytes have come since it last was."""
BLOCK_BYTES = 1 << 20
ATTEMPTS = 8
"""Of one file, before whoever asked hears of it: else a server could keep a unit busy with a byte a connection."""


def download(transport: Transport, entry: FileEntry, place: Path, on_bytes: OnBytes) -> None:
    """The file at `place`; whole and right, it is left as it is.

    A connection that is cut is opened again some times, as long as each brings some bytes.
    Raises RepositoryRefused: what has come stays, unless it is wrong. Raises FileUnwritable.
    """
    path = f"{FILES}/{entry.sha256}"
    for attempt in itertools.count(1):
        hasher, there = _so_far(place, entry)
        begun_at = there
        if there == entry.bytes and place.is_file():
            if hasher.hexdigest() == entry.sha256:
                return
            # A disk that forgot, or another file of that size: from the beginning.
            place.unlink()
            continue
        try:
            there = _taken(transport, path, entry, place, there, on_bytes)
        except NotThere as error:
            raise ContentForeign(transport.source, f"{path} is missing") from error
        except RepositoryUnreachable:
            if attempt >= ATTEMPTS or _size(place) <= begun_at:
                raise
            continue
        if there < entry.bytes:
            raise ContentForeign(transport.source, f"{path} has {there:,} bytes, not {entry.bytes:,}")
        if _so_far(place, entry)[0].hexdigest() != entry.sha256:
            place.unlink()
            if begun_at:
                continue
            raise ContentForeign(transport.source, f"{path} has other content than its name says")
        return


def _taken(transport: Transport, path: str, entry: FileEntry, place: Path, start: int, on_bytes: OnBytes) -> int:
    """Write what comes; returns how many bytes the file has then."""
    body = transport.open(path, start)
    try:
        with closing(body.chunks), place.open("r+b" if body.start else "wb") as file:
            file.seek(body.start)
            there = body.start
            for chunk in body.chunks:
                if there + len(chunk) > entry.bytes:
                    raise TooLong(transport.source, f"{path} has more than {entry.bytes:,} bytes")
                file.write(chunk)
                there += len(chunk)
                on_bytes(len(chunk))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileUnwritable(place, error) from error
    return there


def _so_far(place: Path, entry: FileEntry) -> "tuple[hashlib._Hash, int]":
    """The digest of what is there already, and how much it is; what is too long goes."""
    hasher, there = hashlib.sha256(), 0
    if _size(place) > entry.bytes:
        place.unlink()
    if place.is_file():
        with place.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                hasher.update(block)
                there += len(block)
    return hasher, there


def _size(place: Path) -> int:
    return place.stat().st_size if place.is_file() else 0
