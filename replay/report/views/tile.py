"""One figure of a page, or of a table in a terminal, that is asked for first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, large."""

    label: str
    value: str
    detail: str
    term: str
    """Its definition's anchor."""
