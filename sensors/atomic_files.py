"""A file written whole or not at all: beside its place, then renamed into it."""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sensors.errors import GilmokError
from sensors.terminal.figures import size

PRIVATE = 0o600
NAME_BYTES = 240
"""What a name may take so that the temporary's still fits a file system's 255."""
ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room in your quota",
    errno.EACCES: "check who may write there",
    errno.EPERM: "check who may write there",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "make its folder first",
    errno.ENAMETOOLONG: "name it shorter",
}


class FileUnwritable(GilmokError):
    """Which file, why, and on a full disk how much room is left."""

    def __init__(self, path: Path, error: OSError, hint: str = "", wanted: int | None = None) -> None:
        """`wanted`: how many bytes it was to hold; `hint`: what else the user can do, as "name another with --out"."""
        why = error.strerror or str(error)
        if error.errno == errno.ENOSPC:
            to_write = "" if wanted is None else f"{size(wanted)} to write, "
            why += f" ({to_write}{size(_room(path))} left)"
        advice = [ADVICE.get(error.errno or 0, ""), hint]
        super().__init__(f"{path} can't be written: {why}", ", or ".join(filter(None, advice)))


def write(path: Path, content: bytes | str, *, durable: bool = False, private: bool = False, hint: str = "") -> Path:
    """`content` (text as UTF-8) at `path`, which is returned. Raises FileUnwritable; see `replacing`."""
    # A name that is not UTF-8 may be part of a text: it is shown by its bytes.
    raw = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    with replacing(path, durable=durable, private=private, hint=hint, wanted=len(raw)) as file:
        file.write(raw)
    return path


def copy(source: Path, path: Path, *, hint: str = "") -> Path:
    """A file's content at `path`, which is returned. Raises FileUnwritable, or OSError where `source` isn't there."""
    with source.open("rb") as content:
        wanted = os.fstat(content.fileno()).st_size
        with replacing(path, hint=hint, wanted=wanted) as file:
            shutil.copyfileobj(content, file)
    return path


@contextmanager
def replacing(
    path: Path, *, durable: bool = False, private: bool = False, hint: str = "", wanted: int | None = None
) -> Iterator[BinaryIO]:
    """A file to write into that takes the place of `path`, with its permissions, when the block ends well.

    Whatever the block raises, what was at `path` stays and no temporary does; an OSError becomes FileUnwritable.
    `durable`: on the disk before it takes the place, so that it survives a power cut. `private`: readable by its owner
    only, whatever the umask and whatever it was before. What is no ordinary file (a
    pipe, /dev/stdout) is written into as it is.
    """
    try:
        # A link stays a link: the file that it points at is replaced.
        # One that leads to itself leads nowhere, and is replaced (`Path.resolve` would raise).
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if place.exists() and not place.is_file():
            with place.open("wb") as file:
                yield file
            return
        with _locked(_temporary(place), PRIVATE if private else 0o666) as (file, unfinished):
            try:
                if private:
                    os.fchmod(file.fileno(), PRIVATE)
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                if place.exists() and not private:
                    unfinished.chmod(place.stat().st_mode & 0o7777)
                unfinished.replace(place)
            except BaseException:
                with contextlib.suppress(OSError):
                    unfinished.unlink()
                raise
        if durable:
            _sync_folder(place.parent)
    except OSError as error:
        raise FileUnwritable(path, error, hint, wanted) from error


def _temporary(path: Path) -> Path:
    """One for each place, so that what a killed process left is used by the next and doesn't pile up."""
    return path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:NAME_BYTES])}.new")


@contextmanager
def _locked(path: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    """The empty file at `path`, held by nobody else: two writers of one place take turns. `mode`: before the umask."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode), "r+b")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever held it before has moved it into place: that file is finished and no temporary any more.
            if not _same(file, path):
                continue
            file.truncate()
            yield file, path
            return


def _same(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _room(path: Path) -> int:
    """Bytes that may still be written where `path` is to lie; 0 where that can't be told."""
    try:
        about = os.statvfs(path.absolute().parent)
    except OSError:
        return 0
    return about.f_bavail * about.f_frsize
