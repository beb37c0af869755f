"""Other processes that have this node's name, as a hub tells of them (docs/wire.md)."""

from typing import Literal

from edge.wire.acknowledgements import Fenced, SessionAt
from sensors.errors import GilmokError


class NameTaken(GilmokError):
    def __init__(self, node: str, fenced: Fenced) -> None:
        newer, older = process_of(fenced.newer), process_of(fenced.older)
        super().__init__(
            f"another process is node {node!r} and began later: {newer}; this one, {older}, has ended",
            "give each node of a site a name of its own; what each reported is booked by itself, under its session",
        )


def process_of(at: SessionAt) -> str:
    """As a person finds it."""
    return f"session {at.session_id or at.session}" + (f" on {at.host}" if at.host else "")


class DuplicateNodes:
    """Each is told of once a second for as long as it lasts; here, once."""

    def __init__(self, own: str) -> None:
        """`own`: the id of this process's session."""
        self._own = own
        self._known: set[str] = set()
        self.fenced = False
        """A newer one has the name: this process has to end."""

    def hear(self, fenced: Fenced) -> Literal["ended", "stays"] | None:
        """What it means for this process; None: nothing that it doesn't know, or nothing at all."""
        older, newer = fenced.older.session_id, fenced.newer.session_id
        rival = older if newer == self._own else newer
        if self._own not in (older, newer) or rival in self._known:
            return None
        self._known.add(rival)
        self.fenced |= older == self._own
        return "ended" if older == self._own else "stays"
