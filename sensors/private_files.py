"""Folders and files that are their owner's alone, whatever the umask."""

import os
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
STRANGERS = 0o007


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
