"""Folders and files that are their owner's alone, whatever the umask; and secrets that somebody left open."""

import os
import stat
from pathlib import Path

from sensors.errors import GilmokError

FOLDER, FILE = 0o700, 0o600
STRANGERS = 0o007


class SecretOpen(GilmokError):
    """`what`: the setting that names it."""

    def __init__(self, what: str, path: Path, mode: int) -> None:
        super().__init__(
            f"{what} names {path}, which every account of this machine may read or write (its mode is {mode:04o})",
            f"chmod o-rwx {path}, and where others may have read it, put a new secret into it",
        )


def check_secret(what: str, path: Path) -> None:
    """To be called before a key, a password or a token is read, whoever reads it. Raises SecretOpen.

    Its group may read it: that is how an owner shares it. What isn't there, or is a pipe, is the reader's matter.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) and mode & STRANGERS:
        raise SecretOpen(what, path, stat.S_IMODE(mode))


def private_folder(path: Path) -> Path:
    """Make it, where it isn't there; what is there stays as its owner has it. Raises OSError."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(FOLDER, exist_ok=True)
    return path


def private_file(path: Path) -> Path:
    """Make it, where it isn't there, and close it to strangers. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE))
    close_to_strangers(path)
    return path


def close_to_strangers(path: Path) -> None:
    """Those who are neither its owner nor of its group; what the owner gave the group, it keeps. Raises OSError."""
    about = path.stat()
    if about.st_mode & STRANGERS and about.st_uid == os.geteuid():
        path.chmod(about.st_mode & ~STRANGERS & 0o7777)
