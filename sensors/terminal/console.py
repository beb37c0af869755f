"""What is printed: lines, tables and JSON on standard output, errors on standard error, bars while one waits.

Everything goes through `foreign_text`: no text that came from outside can act on the terminal. A reader that goes
away (`| head`) is no error: the rest is left unsaid, and the work goes on.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from sensors.errors import GilmokError
from sensors.terminal import output, text_table
from sensors.terminal.foreign_text import inert_json, lines, shown, without_logins
from sensors.terminal.text_table import Table, Text

LEAST_WIDTH = 20
ANSI = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def say(*told: str | Text) -> None:
    """One line each; on a terminal wrapped between words, elsewhere left whole."""
    show(*told)


def show(*told: str | Text | Table) -> None:
    """Lines and tables, one below the other."""
    output.write(_laid_out(told, output.said()))


def warn(*told: str | Text) -> None:
    """Lines on standard error."""
    output.write(_laid_out(told, sys.stderr), is_output=False)


def complain(error: GilmokError) -> None:
    """One clear line, and one that says what to do about it."""
    first, *more = lines(error.sentence) or [type(error).__name__]
    warn(f"gilmok: {first}", *(f"  {line}" for line in [*more, *lines(error.hint)]))


def print_json(tree: Any) -> None:
    """And nothing else: whoever asks for JSON parses what comes. UTF-8, whatever the terminal speaks."""
    from sensors.terminal.pretty_json import pretty

    output.write(_inert(pretty(tree)))


def print_file(path: Path) -> None:
    """A file of JSON that a run has left."""
    output.write(_inert(path.read_bytes()))


def _inert(told: bytes) -> bytes:
    if told.isascii() and b"@" not in told:
        return told
    text = told.decode(errors="surrogateescape")
    return inert_json(without_logins(text)).encode(errors="surrogateescape")


@contextmanager
def bars(*columns: str, drawn: bool = True) -> Iterator[Any]:
    """A rich `Progress` on standard error, gone when all is done; not drawn where nobody looks. Columns: a description,
    a bar, and what is named: `count`, `share`, `elapsed`, `remaining`, `bytes`, `speed`, or a field of the tasks.
    """
    from rich import progress as rich_progress
    from rich.console import Console

    known = {
        "count": rich_progress.MofNCompleteColumn,
        "share": rich_progress.TaskProgressColumn,
        "elapsed": rich_progress.TimeElapsedColumn,
        "remaining": rich_progress.TimeRemainingColumn,
        "bytes": rich_progress.DownloadColumn,
        "speed": rich_progress.TransferSpeedColumn,
    }
    # What is described has its name from outside.
    what = rich_progress.TextColumn("{task.description}", markup=False)
    more = [
        known[name]() if name in known else rich_progress.TextColumn(f"{{task.fields[{name}]}}", markup=False)
        for name in columns
    ]
    screen = Console(stderr=True)
    seen = drawn and screen.is_terminal
    with rich_progress.Progress(
        what, rich_progress.BarColumn(), *more, console=screen, transient=True, disable=not seen
    ) as progress:
        yield progress


def waiting(what: str) -> AbstractContextManager[Any]:
    """A sign of life on standard error while something takes its time, if anybody looks."""
    from rich.console import Console
    from rich.text import Text as RichText

    screen = Console(stderr=True)
    return screen.status(RichText(shown(what))) if screen.is_terminal else nullcontext()


def width(stream: TextIO) -> int | None:
    """Columns to fill: $COLUMNS if it is one, the terminal's, or None where there is no end to a line."""
    asked = os.environ.get("COLUMNS", "")
    columns = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not columns and stream.isatty():
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(stream.fileno()).columns
        columns = columns or 80
    return max(columns, LEAST_WIDTH) if columns else None


def _laid_out(told: tuple[str | Text | Table, ...], stream: TextIO | None) -> str:
    columns = None if stream is None else width(stream)
    colour = stream is not None and _colours(stream)
    written: list[str] = []
    for number, one in enumerate(told):
        if number and isinstance(one, Table) and not isinstance(told[number - 1], Table):
            written.append("")
        written += [_painted(line, colour) for line in text_table.laid_out(one, columns)]
    return "".join(f"{line}\n" for line in written)


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _painted(line: text_table.Line, colour: bool) -> str:
    if not colour:
        return "".join(part.text for part in line).rstrip()
    return "".join(
        f"\x1b[{';'.join(ANSI[word] for word in part.style.split())}m{part.text}\x1b[0m" if part.style else part.text
        for part in line
    ).rstrip()
