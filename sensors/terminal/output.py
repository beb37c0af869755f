"""Standard output and standard error, down to the last byte; what is written there: `terminal.console`."""

import codecs
import contextlib
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any, TextIO

from sensors.errors import GilmokError

ASCII = {
    "×": "x", "–": "-", "—": "-", "−": "-", "…": "...", "±": "+-", "→": "->", "─": "-", "≤": "<=", "≥": ">=", "·": ".",
    "“": '"', "”": '"', "‘": "'", "’": "'",
}  # fmt: skip
"""How what we print ourselves reads where the terminal has no such character."""
HANDLER = "gilmok"
STDOUT, STDERR = 1, 2


class OutputUnwritable(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"standard output can't be written: {why}", "check where it is sent, and the room there")


_ours: TextIO | None = None
"""Standard output, where a process has kept it for us."""


def keep() -> None:
    """In a process of our own: standard output is for what we say, and what libraries print there as they please, their
    C++ too, goes to standard error. Before anything was said, and once.
    """
    global _ours
    # Without both there is nothing to keep apart.
    if _ours is None and sys.stdout is not None and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            kept = os.dup(STDOUT)
            os.dup2(STDERR, STDOUT)
            as_before: Any = {"encoding": sys.stdout.encoding, "errors": HANDLER}
            _ours = open(kept, "w", **as_before)  # noqa: SIM115, PTH123  until the process ends
            # Python's own knows what was there before: whether one can seek in it.
            sys.stdout = open(STDOUT, "w", closefd=False, **as_before)  # noqa: SIM115


def said() -> TextIO | None:
    """Where `write` writes its output; None where it is closed."""
    return _ours or sys.stdout


def prepare() -> None:
    """For a program's own main: from here on no character that a terminal lacks ends in an error, and what argparse
    prints meets a full disk in `finish`, where it is told.
    """
    for stream in (said(), sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER, write_through=False)


def finish() -> None:
    """Raises OutputUnwritable where there is no room for all that was printed."""
    if (stream := said()) is not None:
        _guarded(stream.flush, is_output=True)


def write(content: str | bytes, *, is_output: bool = True) -> None:
    """Text, or bytes as they are, on standard output or standard error, at once.

    A reader that went away is no error. Raises OutputUnwritable; standard error fails in silence.
    """
    stream = said() if is_output else sys.stderr
    if stream is None:
        if is_output:
            raise OutputUnwritable("it is closed")
        return
    buffer = getattr(stream, "buffer", None)
    encoding = stream.encoding or "utf-8"
    raw = content.encode(encoding, HANDLER) if isinstance(content, str) else content

    def written() -> None:
        stream.flush()
        if buffer is None:
            stream.write(raw.decode(encoding if isinstance(content, str) else "utf-8"))
        else:
            rest = memoryview(raw)
            # Unbuffered (PYTHONUNBUFFERED), a write takes as much as there is room for, and says how much.
            while rest:
                rest = rest[buffer.write(rest) or 0 :]
            buffer.flush()

    _guarded(written, is_output)


def _guarded(act: Callable[[], None], is_output: bool) -> None:
    try:
        act()
    except BrokenPipeError:
        _into_the_void(is_output)
    except OSError as error:
        _into_the_void(is_output)
        if is_output:
            raise OutputUnwritable(error.strerror or str(error)) from error


def _into_the_void(is_output: bool) -> None:
    """Whatever is still written there, also at exit, goes nowhere and complains no more."""
    stream = said() if is_output else sys.stderr
    try:
        void = os.open(os.devnull, os.O_WRONLY)
        if stream is not None:
            os.dup2(void, stream.fileno())
        os.close(void)
    except (OSError, ValueError):
        return


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What an encoding can't say: our own signs in letters, a byte of a file name as it is, the rest by its code."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(ASCII.get(one) or _code(one) for one in error.object[error.start : error.end]), error.end


def _code(one: str) -> str:
    byte = ord(one) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else one.encode("ascii", "backslashreplace").decode()


codecs.register_error(HANDLER, _plainly)
