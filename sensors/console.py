"""What is printed: lines, tables and JSON on standard output, errors on standard error, bars while one waits.

Everything goes through `foreign_text`: no text that came from outside can act on the terminal. A reader that goes
away (`| head`) is no error: the rest is left unsaid, and the work goes on.
"""

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from sensors import text_table
from sensors.errors import GilmokError
from sensors.foreign_text import lines, shown
from sensors.pretty_json import pretty
from sensors.text_table import Table, Text

LEAST_WIDTH = 20
ANSI = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
ASCII = {
    "×": "x", "–": "-", "—": "-", "−": "-", "…": "...", "±": "+-", "→": "->", "─": "-", "≤": "<=", "≥": ">=", "·": ".",
    "“": '"', "”": '"', "‘": "'", "’": "'",
}  # fmt: skip
"""How what we print ourselves reads where the terminal has no such character."""
HANDLER = "gilmok"


class OutputUnwritable(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"standard output can't be written: {why}", "check where it is sent, and the room there")


def say(*told: str | Text) -> None:
    """One line each; on a terminal wrapped between words, elsewhere left whole."""
    _put(sys.stdout, told)


def show(*told: str | Text | Table) -> None:
    """Lines and tables, one below the other."""
    _put(sys.stdout, told)


def warn(*told: str | Text) -> None:
    """Lines on standard error."""
    _put(sys.stderr, told)


def complain(error: GilmokError) -> None:
    """One clear line, and one that says what to do about it."""
    first, *more = lines(error.sentence) or [type(error).__name__]
    warn(f"gilmok: {first}", *(f"  {line}" for line in [*more, *lines(error.hint)]))


def print_json(tree: Any) -> None:
    """And nothing else: whoever asks for JSON parses what comes."""
    _put_bytes(pretty(tree))


def print_file(path: Path) -> None:
    """A file of JSON that a run has left, as it is."""
    _put_bytes(path.read_bytes())


def _put_bytes(content: bytes) -> None:
    _write(sys.stdout, "")
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        _write(sys.stdout, content.decode())
    else:
        # JSON is UTF-8, whatever the terminal speaks.
        _guarded(sys.stdout, lambda: (buffer.write(content), buffer.flush()))


def prepare() -> None:
    """For a program's own main: from here on no character that a terminal lacks ends in an error."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors=HANDLER)  # type: ignore[union-attr]


def finish() -> None:
    """Standard output down to its last byte. Raises OutputUnwritable where there is no room for it."""
    if sys.stdout is not None:
        _guarded(sys.stdout, sys.stdout.flush)


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


def _put(stream: TextIO | None, told: tuple[str | Text | Table, ...]) -> None:
    columns = None if stream is None else width(stream)
    colour = stream is not None and _colours(stream)
    written: list[str] = []
    for number, one in enumerate(told):
        if number and isinstance(one, Table) and not isinstance(told[number - 1], Table):
            written.append("")
        written += [_painted(line, colour) for line in text_table.laid_out(one, columns)]
    _write(stream, "".join(f"{line}\n" for line in written))


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _painted(line: text_table.Line, colour: bool) -> str:
    if not colour:
        return "".join(part.text for part in line).rstrip()
    return "".join(
        f"\x1b[{';'.join(ANSI[word] for word in part.style.split())}m{part.text}\x1b[0m" if part.style else part.text
        for part in line
    ).rstrip()


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        raise OutputUnwritable("it is closed")
    encoding = stream.encoding or "utf-8"
    _guarded(stream, lambda: (stream.write(text.encode(encoding, HANDLER).decode(encoding)), stream.flush()))


def _guarded(stream: TextIO, act: Any) -> None:
    try:
        act()
    except BrokenPipeError:
        _into_the_void(stream)
    except OSError as error:
        _into_the_void(stream)
        if stream is not sys.stderr:
            raise OutputUnwritable(error.strerror or str(error)) from error


def _into_the_void(stream: TextIO) -> None:
    """Whatever is still written there, also at exit, goes nowhere and complains no more."""
    with contextlib.suppress(OSError, ValueError):
        void = os.open(os.devnull, os.O_WRONLY)
        os.dup2(void, stream.fileno())
        os.close(void)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What an encoding can't say: our own signs in letters, everything else by its code."""
    assert isinstance(error, UnicodeEncodeError)
    told = "".join(ASCII.get(one) or _code(one) for one in error.object[error.start : error.end])
    return told, error.end


def _code(one: str) -> str:
    return shown(one) if "\udc80" <= one <= "\udcff" else one.encode("ascii", "backslashreplace").decode()


codecs.register_error(HANDLER, _plainly)
