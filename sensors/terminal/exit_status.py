"""How a program of ours ends: its exit status, and one clear line, whatever went wrong."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType

from sensors.errors import GilmokError
from sensors.terminal import output

DONE, WORLD_WRONG, USAGE, REGRESSION, DEFECT, INTERRUPTED = 0, 1, 2, 3, 70, 130
"""DEFECT is sysexits' EX_SOFTWARE; INTERRUPTED what a shell says of Ctrl-C."""


interrupts = threading.Event()
"""Set where a signal was answered by KeyboardInterrupt: an import that it broke off may tell of something else."""


class Unusable(GilmokError):
    """A file that the system refuses, where nobody nearer knew what it was for."""

    def __init__(self, error: OSError) -> None:
        what = os.fsdecode(error.filename)
        super().__init__(f"{what}: {error.strerror}", "check the path, its permissions, and the room on its disk")


def ended(work: Callable[[], int], *, words: Sequence[str] = (), real: bool = True) -> int:
    """Do `work`, tell what kept it from being done, and return the exit status.

    `words`: the command line, for the report of a defect. `real`: it has the process to itself: a defect in
    a thread counts too, and standard output is ours alone. argparse's SystemExit passes through.
    """
    interrupts.clear()
    if real:
        output.keep()
    output.prepare()
    loose = _LooseEnds() if real else None
    try:
        try:
            status = work()
        except SystemExit:
            output.finish()
            raise
        output.finish()
    except GilmokError as error:
        _console().complain(error)
        status = error.exit_status
    except KeyboardInterrupt:
        status = _interrupted()
    except Exception as error:  # noqa: BLE001  the top of the program
        status = _interrupted() if interrupts.is_set() else _told(error, words)
    if status == DONE and interrupts.is_set():
        # It went on as if nothing had been: something caught the interrupt that had no right to.
        status = _interrupted()
    return DEFECT if loose is not None and loose.found and status == DONE else status


def _interrupted() -> int:
    _console().warn("gilmok: interrupted")
    return INTERRUPTED


def _console() -> ModuleType:
    """Imported when there is something to say: a verb that goes well may never need it."""
    from sensors.terminal import console

    return console


def _told(error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        _console().complain(Unusable(error))
        return WORLD_WRONG
    _complain(error, words)
    return DEFECT


def _complain(error: BaseException, words: Sequence[str] = ()) -> None:
    from sensors.terminal.defects import kept, named

    _console().warn(f"gilmok: a defect of gilmok itself: {named(error)}", f"  {kept(error, words)}")


class _LooseEnds:
    """Exceptions that nobody can catch any more: told in a line like the others."""

    def __init__(self) -> None:
        self.found = False
        threading.excepthook = lambda what: self._tell(what.exc_value, what.exc_type)
        sys.unraisablehook = lambda what: self._tell(what.exc_value, what.exc_type)

    def _tell(self, error: BaseException | None, kind: type[BaseException]) -> None:
        if kind is not SystemExit:
            self.found = True
            # While the interpreter goes down, there may be nothing left to tell with.
            with contextlib.suppress(Exception):
                _complain(error or kind())
