"""The small shapes that the templates show."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[str, ...]
    term: str = ""
    inner: bool = False
    """A part of the row above."""


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[tuple[str, str], ...]
    """(head, its definition's anchor or nothing), without the first one."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    folded: bool = False
    """Shown when asked for."""


@dataclass(frozen=True, slots=True)
class Figure:
    title: str
    svg: Markup
    caption: str
    terms: tuple[str, ...]
    """Anchors of the definitions it rests on."""
    wide: bool = False
