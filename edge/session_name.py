"""A session's name: a count on the node's disk, one up at each start, and random bits that can't repeat."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.wire.topics import check_name
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.private_files import private_file, private_folder

ID_BYTES = 16
LAST = 2**53 - 1
"""What the wire can count to."""


class StateUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the node's state {path} can't be used: {why}",
            "name a writable folder as `state`; a damaged counter must be set above the last session the hub knows",
        )


class StateInUse(GilmokError):
    def __init__(self, path: Path, node: str) -> None:
        super().__init__(
            f"another process on this machine is node {node!r} already: it holds {path}",
            "end that one; or give this one a `name` and a `state` of its own",
        )


@dataclass(frozen=True, slots=True)
class SessionName:
    """`count` orders the sessions of one state folder; `id` tells any two sessions apart.

    A count alone doesn't: a replaced disk begins again at 1, a cloned image and a restored backup count the same twice.
    """

    count: int
    id: str
    """128 random bits in hexadecimal."""


UNNAMED = SessionName(0, "")
"""Of what is said to nobody: an offline run."""


@contextmanager
def claimed(folder: Path, node: str) -> Iterator[None]:
    """The node's state is this process's alone while inside, and the kernel's to give back when it is killed.

    Raises StateInUse or StateUnusable.
    """
    path = folder / f"{check_name('node', node)}.lock"
    try:
        private_folder(folder)
        file = private_file(path).open("ab")
    except OSError as error:
        raise StateUnusable(path, error.strerror or str(error)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(path, node) from None
        except OSError as error:
            raise StateUnusable(path, error.strerror or str(error)) from error
        yield


def next_session(folder: Path, node: str) -> SessionName:
    """Count up and name the new session, its count on disk first; raises StateUnusable or FileUnwritable."""
    path = folder / f"{check_name('node', node)}.session"
    try:
        private_folder(folder)
        count = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    except (OSError, ValueError) as error:
        raise StateUnusable(path, str(error)) from error
    if not 0 < count <= LAST:
        raise StateUnusable(path, f"session {count} can't be counted")
    atomic_files.write(path, str(count), durable=True, private=True, hint="name a writable folder as `state`")
    return SessionName(count, secrets.token_hex(ID_BYTES))
