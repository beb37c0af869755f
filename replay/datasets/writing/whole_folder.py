"""A folder that is there whole or not at all: made beside its place, then renamed into it."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError


class PlaceTaken(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}", "name a folder that isn't there yet")


def check_free(path: Path) -> None:
    """Raises PlaceTaken where there is something already; an empty folder is nothing."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise PlaceTaken(path, "is no folder")
    if path.is_dir() and any(path.iterdir()):
        raise PlaceTaken(path, "holds something already")
    if path.name in ("", ".."):
        raise PlaceTaken(path, "can't be made: somebody may stand in it")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes `path` when the block ends well, and is gone when it doesn't.

    What a killed process leaves is hidden, `.NAME.new`, and taken away by the next that writes there. Raises
    PlaceTaken, or FileUnwritable for an OSError.
    """
    check_free(path)
    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        handle = os.open(unfinished, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PlaceTaken(path, "is being written by another process") from None
            _empty(unfinished)
            try:
                yield unfinished
                with contextlib.suppress(FileNotFoundError):
                    path.rmdir()
                unfinished.rename(path)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        finally:
            os.close(handle)
    except FileUnwritable as error:
        error.rename(str(unfinished), str(path))
        raise
    except OSError as error:
        place = str(error.filename or path).replace(str(unfinished), str(path))
        raise FileUnwritable(Path(place), error, "name another folder") from error


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
