"""A session's name: a count on the node's disk, one up at each start, and random bits that can't repeat."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from edge.wire.topics import check_name
from sensors import atomic_files
from sensors.errors import GilmokError

ID_BYTES = 16


class StateUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the node's state {path} can't be used: {why}",
            "name a writable folder as `state`; a damaged counter must be set above the last session the hub knows",
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


def next_session(folder: Path, node: str) -> SessionName:
    """Count up and name the new session, its count on disk first; raises StateUnusable or FileUnwritable."""
    path = folder / f"{check_name('node', node)}.session"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        count = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    except (OSError, ValueError) as error:
        raise StateUnusable(path, str(error)) from error
    atomic_files.write(path, str(count), durable=True, hint="name a writable folder as `state`")
    return SessionName(count, secrets.token_hex(ID_BYTES))
