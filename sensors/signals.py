"""Ctrl-C and SIGTERM: a program is asked to end, and is ended within two seconds where it can't hear that."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from sensors.terminal.exit_status import INTERRUPTED, interrupts

T = TypeVar("T")

ENDING = (signal.SIGINT, signal.SIGTERM)
GIVE_UP_S = 0.8
HURRY_S = 1.3
END_S = 1.8
LOOK_S = 0.1
NONE_YET = 0
LAST_WORDS = (
    b"gilmok: ended by a signal while something hung that nothing else could end\n"
    b"  what is on the disk by now is all that there is of it\n"
)


@contextmanager
def ended_by_signals(
    stop: Callable[[], None],
    *,
    give_up: Callable[[], None] = lambda: None,
    hurry: Callable[[], None] = lambda: None,
    finishing: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Meanwhile both signals call `stop`, in the main thread: it raises, or lets the program end soon.

    Modules that are being imported are there first.
    Where the program hasn't left this block GIVE_UP_S later, `give_up` is called in another thread: whatever waits for
    a device stops waiting. HURRY_S after the signal, `hurry` is called in the main thread: it raises where what is
    being done can be left for later. At END_S the process ends, whatever hangs in it, with status INTERRUPTED; unless
    `finishing` says that it is on its last steps. A second Ctrl-C ends it at once.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are the main thread's; who calls from another one keeps them.
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    before: dict[signal.Signals, Any] = {}

    hurry_at_s = 0.0
    waiting = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal hurry_at_s, waiting
        if signal.SIGALRM not in before:
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, handle)
            hurry_at_s = time.monotonic() + HURRY_S
        waiting = waiting or number != signal.SIGALRM
        if waiting and _importing(frame):
            # Raised there, it is a library's C code that it breaks off, and some crash.
            signal.setitimer(signal.ITIMER_REAL, LOOK_S / 2)
        elif waiting:
            waiting = False
            signal.setitimer(signal.ITIMER_REAL, max(hurry_at_s - time.monotonic(), LOOK_S))
            stop()
        else:
            hurry()

    watcher = threading.Thread(target=_watch, args=(ours, give_up, finishing), name="signals", daemon=True)
    watcher.start()
    # The interpreter writes there at once, even while the main thread is deep in a library that calls no Python.
    before_fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    before |= {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield
    finally:
        if signal.SIGALRM in before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        theirs.close()
        watcher.join(GIVE_UP_S)
        ours.close()


class _PutOff(BaseException):
    """Raised in the midst of a step, where no `except Exception` holds it up."""


class Postponable:
    """A last step that may take long: a signal's handler can put it off."""

    def __init__(self, *, later: bool = False) -> None:
        """`later`: put off from the beginning."""
        self._going = False
        self._later = later

    def put_off(self) -> None:
        """In the main thread, where the step is done: it breaks off, or never begins."""
        self._later = True
        if self._going:
            self._going = False
            raise _PutOff

    def done(self, now: Callable[[], T], later: Callable[[], T]) -> T:
        """What `now` makes, or `later` where it is put off."""
        try:
            if not self._later:
                self._going = True
                made = now()
                self._going = False
                return made
        except _PutOff:
            pass
        finally:
            self._going = False
        return later()


def interrupt() -> None:
    """A `stop` for what has nothing to bring to an end."""
    interrupts.set()
    raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


def _watch(signals: socket.socket, give_up: Callable[[], None], finishing: Callable[[], bool]) -> None:
    """On its own thread; returns when the other end is closed."""
    first = _next(signals, None)
    if first is None or _within(GIVE_UP_S, signals, first):
        return
    give_up()
    if _within(END_S - GIVE_UP_S, signals, first):
        return
    while finishing():
        if _within(LOOK_S, signals, first):
            return
    _end()


def _within(patience_s: float, signals: socket.socket, first: int) -> bool:
    """Whether the block was left in that time. A second Ctrl-C ends the process; a parent may repeat its SIGTERM."""
    while (number := _next(signals, patience_s)) != NONE_YET:
        if number is None:
            return True
        if first == number == signal.SIGINT:
            _end()
    return False


def _next(signals: socket.socket, patience_s: float | None) -> int | None:
    """The next signal that asks for an end, NONE_YET within `patience_s`; None where there will be no more."""
    signals.settimeout(patience_s)
    try:
        while number := signals.recv(1):
            if number[0] in ENDING:
                return number[0]
    except TimeoutError:
        return NONE_YET
    except OSError:
        return None
    return None


def _end() -> None:
    os.write(2, LAST_WORDS)
    os._exit(INTERRUPTED)
