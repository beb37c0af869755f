"""What the readers of label files share: their error, what they read leniently, rows of text, and a file's frames."""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from replay.recording import DatasetWrong, Problem, Severity
from sensors.outside import ContentWrong, json_of, read_bytes, text_lines

T = TypeVar("T")

MOST = 2.0**53
"""Beyond, a float no longer tells one whole number from the next."""
_NAMED = {",": "commas", ";": "semicolons", "\t": "tabs", None: "spaces"}
"""Separators of columns."""
MOST_WHOLE = 2**63 - 1
MOST_VALUE = 1e12
"""Of a coordinate, a distance or an area: nothing on a road has more."""
MOST_SHOWN = 80
MOST_PICTURE_BYTES = 2**24
"""Of the labels of one picture: those of a thousand outlines have a megabyte."""

Loose: TypeAlias = int | float | str | None
"""A number as tools write it."""


class LabelsWrong(DatasetWrong):
    """`at`: a line, counted from 1, or a place in words, `annotation 7`; 0 where the fault has no place of its own."""

    def __init__(self, path: Path, at: int | str, what: str) -> None:
        where = f"{path}, line {at}" if isinstance(at, int) and at else f"{path}, {at}" if at else f"{path}"
        super().__init__(
            f"{where}: {what}", "fetch the file again, or correct it there: labels are read whole or not at all"
        )


class Lenience:
    """What was read although its format doesn't have it: each kind is told once, with how often and where first."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def note(self, what: str, path: Path, at: int | str = "") -> None:
        """`at`: as in LabelsWrong."""
        times, first = self._seen.get(what, (0, ""))
        where = f"{path.name}, line {at}" if isinstance(at, int) else f"{path.name}, {at}" if at else path.name
        self._seen[what] = times + 1, first or where

    def problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(Severity.REMARK, f"{what} ({first if times == 1 else f'{times:,} times, first in {first}'})")
            for what, (times, first) in self._seen.items()
        )


def check_size(path: Path) -> None:
    """Of a label file that is one picture's: raises LabelsWrong for one that no picture has."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise LabelsWrong(path, 0, f"can't be read: {error.strerror}") from error
    if size > MOST_PICTURE_BYTES:
        raise LabelsWrong(
            path, 0, f"has {size:,} bytes: of one picture's labels {MOST_PICTURE_BYTES:,} are read at most"
        )


def json_labels(path: Path, kind: type[T], what: str) -> T:
    """The JSON file as a `kind`; `what` it should be, in words. NaN and Infinity are null. Raises LabelsWrong."""
    try:
        return json_of(read_bytes(path), kind, nan_as_null=True)
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, f"is not {what}: {error.what}") from error


def rows(path: Path, separator: str | None, lenience: Lenience) -> Iterator[tuple[int, list[str]]]:
    """Line number and parts of each line that isn't blank; raises LabelsWrong.

    A first line without any number is taken for a header, and one separator too many at a line's end is left out.
    """
    first = True
    try:
        for line, content in text_lines(path):
            content = content.strip()
            if not content:
                continue
            if content[-1] in ",;":
                content = content[:-1]
                lenience.note("a separator at the line's end is left out", path, line)
            used = _separator(content, separator)
            if used != separator:
                lenience.note(f"columns are separated by {_NAMED[used]}, not by {_NAMED[separator]}", path, line)
            parts = [part.strip() for part in content.split(used)]
            header = first and len(parts) > 1 and not any(map(_is_number, parts))
            first = False
            if header:
                lenience.note("a header is left out", path, line)
            else:
                yield line, parts
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, error.what) from error


def _separator(content: str, meant: str | None) -> str | None:
    """What its columns are separated by: as is meant, or where that leaves a single one, as is there."""
    if meant not in _NAMED or len(content.split(meant)) > 1:
        return meant
    return next((one for one in _NAMED if len(content.split(one)) > 1), meant)


def numbers(path: Path, at: int | str, texts: Sequence[str]) -> list[float]:
    """`texts` as finite numbers; raises LabelsWrong."""
    try:
        values = [float(text) for text in texts]
    except ValueError as error:
        raise LabelsWrong(path, at, str(error)[:MOST_SHOWN]) from error
    if not all(map(math.isfinite, values)):
        raise LabelsWrong(path, at, f"{' '.join(texts)[:MOST_SHOWN]!r} has a value that is not finite")
    if any(abs(value) > MOST_VALUE for value in values):
        raise LabelsWrong(path, at, f"{' '.join(texts)[:MOST_SHOWN]!r} has a value beyond {MOST_VALUE:g}")
    return values


def loose_numbers(path: Path, at: int | str, values: Sequence[Loose], lenience: Lenience) -> list[float]:
    """JSON's values as finite numbers, which some tools write as text; raises LabelsWrong."""
    if any(isinstance(value, str) for value in values):
        lenience.note("numbers are written as text", path, at)
    return numbers(path, at, ["null" if value is None else str(value) for value in values])


def as_float(value: Loose) -> float:
    """NaN for null, an infinity for what is too great; raises ValueError."""
    try:
        return math.nan if value is None else float(value)
    except OverflowError:
        return math.inf


def whole(path: Path, at: int | str, text: str) -> int:
    """A whole number of however many digits; raises LabelsWrong."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError as error:
        raise LabelsWrong(path, at, str(error)[:MOST_SHOWN]) from error
    if not abs(value) <= MOST or value != round(value):
        raise LabelsWrong(path, at, f"{value:g} is not a whole number")
    return int(value)


def frame_number(path: Path, at: int | str, text: str) -> int:
    """Raises LabelsWrong."""
    number = whole(path, at, text)
    if not 0 <= number <= MOST_WHOLE:
        raise LabelsWrong(path, at, f"there is no frame {text[:MOST_SHOWN]}")
    return number


def sized_box(path: Path, at: int | str, left: float, top: float, width: float, height: float) -> tuple[float, ...]:
    """left, top, right, bottom; raises LabelsWrong where the size is negative or the box isn't finite."""
    if width < 0 or height < 0:
        raise LabelsWrong(path, at, f"the box has a negative size: {width:g}x{height:g}")
    box = (left, top, left + width, top + height)
    if not all(abs(edge) <= MOST_VALUE for edge in box):
        raise LabelsWrong(path, at, "the box is not finite, or beyond any picture")
    return box


def cornered_box(path: Path, at: int | str, box: Sequence[float]) -> Sequence[float]:
    """`box` as it is; raises LabelsWrong where it is inside out."""
    left, top, right, bottom = box
    sized_box(path, at, left, top, right - left, bottom - top)
    return box


class Ids:
    """Track ids while they are being read: numbers, or where one is none or too long for one, counted in their order.

    -1 stays -1: no track.
    """

    def __init__(self) -> None:
        self._flat = array("q")
        self._places: dict[int | str, int] | None = None

    def __len__(self) -> int:
        return len(self._flat)

    def add(self, one: int | str) -> None:
        if self._places is None:
            if isinstance(one, int) and -MOST_WHOLE <= one <= MOST_WHOLE:
                self._flat.append(one)
                return
            self._places = {-1: -1}
            self._flat = array("q", [self._places.setdefault(former, len(self._places)) for former in self._flat])
        self._flat.append(self._places.setdefault(one, len(self._places)))

    def array(self, path: Path, lenience: Lenience) -> NDArray[np.int64]:
        if self._places is not None:
            lenience.note("track ids that are no numbers, or too long for one, are counted anew", path)
        return np.asarray(self._flat, np.int64)


class Boxes:
    """(N, 4) boxes while they are being read: a flat array takes a tenth of what lists of numbers do."""

    def __init__(self) -> None:
        self._flat = array("d")

    def add(self, box: Iterable[float]) -> None:
        self._flat.extend(box)

    def array(self) -> NDArray[np.float64]:
        return np.asarray(self._flat, np.float64).reshape(-1, 4)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
