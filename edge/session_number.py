"""The session number: a counter on the node's disk, one up at each start."""

from pathlib import Path

from edge.wire.topics import check_name
from sensors import atomic_files
from sensors.errors import GilmokError


class StateUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the node's state {path} can't be used: {why}",
            "name a writable folder as `state`; a damaged counter must be set above the last session the hub knows",
        )


def next_session(folder: Path, node: str) -> int:
    """Count up and return the new number, on disk before it is returned; raises StateUnusable or FileUnwritable."""
    path = folder / f"{check_name('node', node)}.session"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    except (OSError, ValueError) as error:
        raise StateUnusable(path, str(error)) from error
    atomic_files.write(path, str(number), durable=True, hint="name a writable folder as `state`")
    return number
