"""Who runs cells: a door that the driver knows, behind it processes of this machine or a cluster."""

from collections.abc import Sequence
from typing import Protocol

from replay.campaign.cell import Cell, Outcome
from sensors.record import Record


class EndedCell(Record, frozen=True, kw_only=True):
    key: str
    outcome: Outcome | None = None
    """None: the process that ran it ended without a word."""
    why: str = ""
    """What is known of that."""
    last_words: str = ""
    """The end of what it wrote on standard error."""


class Engine(Protocol):
    """Starts what it is told to and says when it ended; what may run beside what, the driver decides."""

    def start(self, cell: Cell, folder: str) -> None:
        """Returns at once. `folder`: the cell's own, absolute."""
        ...

    def ended(self, patience_s: float) -> Sequence[EndedCell]:
        """Those that ended since it was last asked; waits for one, but no longer than that."""
        ...

    def kill(self, key: str) -> None:
        """End a cell that hangs, with all that it started; `ended` then tells of it."""
        ...

    def close(self) -> None:
        """End everything that still runs."""
        ...
