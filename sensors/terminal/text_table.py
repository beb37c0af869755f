"""Tables in characters that never cut a word: wrapped between words where they don't fit, stacked where that isn't
enough. A word longer than the line stays whole, and the terminal breaks it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sensors.terminal.foreign_text import shown

GAP = 2
RULE = "─"
INDENT = "  "
_UNIT = re.compile(" (?!%)")
"""Between words; a per cent sign stays with its number."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line or a cell, in one of `console.ANSI`'s styles or several."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    head: str
    right: bool = False
    """Numbers stand on the right."""


Line: TypeAlias = Sequence[Text]
"""A finished line: pieces of text, each in its style."""


@dataclass
class Table:
    """Rows of cells; spaces at the beginning of a row's first cell make it a part of the row above."""

    title: str
    columns: Sequence[str | Column]
    rows: list[list[Text] | tuple[Text, Text]] = field(default_factory=list)
    """A tuple is a label and a sentence that stands in place of cells."""

    def add(self, *cells: str | Text) -> None:
        """Missing cells at the end are empty."""
        if len(cells) > len(self.columns):
            raise ValueError(f"{len(cells)} cells in {len(self.columns)} columns")
        padded = [*cells, *[""] * (len(self.columns) - len(cells))]
        self.rows.append([_text(cell) for cell in padded])

    def note(self, label: str | Text, sentence: str | Text) -> None:
        """A row that says why it has no cells; never part of the columns' widths."""
        self.rows.append((_text(label), _text(sentence)))


def numbers(*heads: str) -> list[Column]:
    return [Column(head, right=True) for head in heads]


def laid_out(told: str | Text | Table, width: int | None) -> Iterator[Line]:
    """Its lines; `width` None: a line is as long as it must be."""
    if isinstance(told, Table):
        yield from _table(told, width)
    else:
        yield from _wrapped(_text(told), width)


def columns_of(text: str) -> int:
    """How many places of a terminal it takes: East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_places(one) for one in text)


def _places(one: str) -> int:
    if unicodedata.category(one) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def _text(value: str | Text) -> Text:
    """The door for foreign text: what comes in here can't act on a terminal."""
    return Text(shown(value)) if isinstance(value, str) else Text(shown(value.text), value.style)


def _wrapped(line: Text, width: int | None) -> Iterator[Line]:
    """Every part begins where the first one does."""
    begin = _begin(line.text)
    for part in _words(line.text.strip(" "), None if width is None else width - begin):
        yield [Text(" " * begin + part, line.style)]


def _words(text: str, width: int | None) -> list[str]:
    """Broken between words so that no part is wider, unless one word is."""
    if width is None or columns_of(text) <= width:
        return [text]
    parts = [""]
    for word in _UNIT.split(text):
        longer = f"{parts[-1]} {word}" if parts[-1] else word
        if parts[-1] and columns_of(longer) > width:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts


def _table(table: Table, width: int | None) -> Iterator[Line]:
    columns = [column if isinstance(column, Column) else Column(column) for column in table.columns]
    if table.title:
        yield from _wrapped(Text(shown(table.title), "bold"), width)
    rows = [row for row in table.rows if isinstance(row, list)]
    texts = [[shown(column.head), *(row[place].text for row in rows)] for place, column in enumerate(columns)]
    natural = [max(map(columns_of, cells)) for cells in texts]
    least = [max(columns_of(word) + _begin(cell) for cell in cells for word in _UNIT.split(cell)) for cells in texts]
    widths = _fitted(least, natural, None if width is None else width - GAP * (len(columns) - 1))
    if widths is None:
        assert width is not None
        yield from _stacked(table, columns, width)
        return
    yield from _row([Text(shown(column.head), "bold") for column in columns], columns, widths)
    yield [Text(RULE * (sum(widths) + GAP * (len(columns) - 1)))]
    for row in table.rows:
        if isinstance(row, list):
            yield from _row(row, columns, widths)
        else:
            yield from _note(*row, widths[0], width)
    yield []


def _fitted(least: Sequence[int], natural: Sequence[int], room: int | None) -> list[int] | None:
    """Widths of the columns; None where not even the longest words fit beside each other."""
    if room is None or sum(natural) <= room:
        return list(natural)
    if sum(least) > room:
        return None
    widths = list(least)
    spare = room - sum(least)
    # Whoever lacks most is given the next place: a long sentence gets the room, a short name keeps its line.
    while spare:
        place = max(range(len(widths)), key=lambda one: natural[one] - widths[one])
        widths[place] += 1
        spare -= 1
    return widths


def _row(cells: Sequence[Text], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[Line]:
    parts = [[line[0].text for line in _wrapped(cell, width)] for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, parts))):
        line: list[Text] = []
        for place, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            text = parts[place][number] if number < len(parts[place]) else ""
            padding = " " * (widths[place] - columns_of(text))
            gap = " " * GAP if place else ""
            line += [Text(gap + padding if column.right else gap), Text(text, cell.style)]
            line += [] if column.right else [Text(padding)]
        yield line


def _note(label: Text, sentence: Text, first: int, width: int | None) -> Iterator[Line]:
    begin = max(first, columns_of(label.text)) + GAP
    if width is None or begin + columns_of(sentence.text) <= width:
        yield [label, Text(" " * (begin - columns_of(label.text))), sentence]
        return
    yield from _wrapped(label, width)
    inner = INDENT + " " * _begin(label.text)
    yield from _wrapped(Text(inner + sentence.text, sentence.style), width)


def _stacked(table: Table, columns: Sequence[Column], width: int) -> Iterator[Line]:
    """A row below the other, each cell beside its column's head."""
    heads = [shown(column.head) for column in columns]
    longest = max(map(columns_of, heads[1:]), default=0)
    for row in table.rows:
        label, *cells = row
        inner = INDENT + " " * _begin(label.text)
        if label.text:
            # A number alone says nothing without its head.
            yield from _wrapped(Text(f"{heads[0]} {label.text}", label.style) if columns[0].right else label, width)
        if not isinstance(row, list):
            yield from _wrapped(Text(inner + cells[0].text, cells[0].style), width)
            continue
        for head, cell in zip(heads[1:], cells, strict=True):
            if cell.text:
                begin = inner + head + " " * (longest - columns_of(head) + GAP)
                first, *more = _words(cell.text, width - columns_of(begin))
                yield [Text(begin), Text(first, cell.style)]
                yield from ([Text(" " * columns_of(begin)), Text(one, cell.style)] for one in more)
    yield []


def _begin(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
