"""The parent's side: a worker process that is asked, watched, and ended."""

import contextlib
import importlib.util
import itertools
import json
import mmap
import os
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import sensors
from edge.device import backend as errors
from edge.device.backend import BackendError, SessionLost
from edge.device.remote import protocol
from edge.device.sdk import SdkAbsent

ROOMS = ("sensors", "models", "edge")
SCRIPT = Path(__file__).with_name("worker.py")

LAST_LINES = 12
"""How much of its output a dead worker is remembered by."""

GOODBYE_S = 5.0
"""How long a worker may take to end by itself."""

LAST_WORDS_S = 0.5
"""How long to read on what a dead worker said: a program it left behind may hold its output open."""


class PythonAbsent(BackendError):
    def __init__(self, backend: str, python: Path) -> None:
        super().__init__(
            f"backend {backend!r} runs in its own environment, and there is no {python}",
            f"`gilmok backend install {backend}` builds it",
        )


class Worker:
    """One process of another environment; every call may be made from any thread."""

    def __init__(self, backend: str, python: Path, module: str) -> None:
        """Raises PythonAbsent. `module` is where the backend's class lives: its package becomes importable too."""
        if not python.is_file():
            raise PythonAbsent(backend, python)
        self._backend = backend
        ours, theirs = socket.socketpair()
        self._link = ours
        with theirs:
            self._process = subprocess.Popen(
                [python, "-P", SCRIPT, str(theirs.fileno()), json.dumps(_folders(module))],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(),
                # An interrupt at the terminal is the parent's to handle.
                start_new_session=True,
            )
        self._sending = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._why = ""
        self._output = threading.Thread(target=self._read_output, name=f"{backend}-output", daemon=True)
        self._replies = threading.Thread(target=self._read_replies, name=f"{backend}-replies", daemon=True)
        self._output.start()
        self._replies.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, what: str, deadline_s: float, **arguments: Any) -> Any:
        """Ask and wait; raises what the worker raised, or SessionLost where it dies or is late (then it is ended)."""
        return self.wait(self.start(what, **{"with": arguments}), deadline_s)

    def start(self, what: str, **facts: Any) -> "Future[Any]":
        """Ask, and don't wait; raises SessionLost where the worker is gone."""
        number, answer = next(self._numbers), Future[Any]()
        self._waiting[number] = answer
        try:
            with self._sending:
                protocol.send(self._link, {"ask": what, "id": number, **facts})
        except OSError:
            # The listener sees the same end and fails everything that waits, this answer too.
            self._replies.join(GOODBYE_S)
        if self._why and not answer.done():
            self._waiting.pop(number, None)
            raise SessionLost(self._backend, self._why)
        return answer

    def share(self, length: int) -> mmap.mmap:
        """Memory of `length` bytes that the worker sees too; call once, after `load`."""
        with self._sending:
            protocol.send(self._link, {"ask": "map", "length": length})
            return protocol.share(self._link, length)

    def wait(self, answer: "Future[Any]", deadline_s: float) -> Any:
        try:
            return answer.result(deadline_s)
        except TimeoutError:
            self.end(f"no answer within {deadline_s * 1000:.0f} ms, so its process was ended")
            raise SessionLost(self._backend, self._why) from None

    def end(self, why: str) -> None:
        """Kill the process; what waits for it fails with `why`."""
        self._why = self._why or why
        self._process.kill()
        self._replies.join(GOODBYE_S)

    def close(self) -> None:
        self._why = self._why or "the session is closed"
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._replies.join(GOODBYE_S)
        self._output.join(LAST_WORDS_S)
        self._link.close()

    def _read_replies(self) -> None:
        while (message := protocol.receive(self._link)) is not None:
            answer = self._waiting.pop(message["id"])
            if "error" in message:
                answer.set_exception(_revived(**message["error"]))
            else:
                answer.set_result(message["value"])
        code = self._process.wait()
        self._output.join(LAST_WORDS_S)
        self._why = self._why or f"its process ended ({_how(code)}){self._last_words()}"
        for number in list(self._waiting):
            self._waiting.pop(number).set_exception(SessionLost(self._backend, self._why))

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.append(line.decode(errors="replace").rstrip())

    def _last_words(self) -> str:
        words = [line for line in self._lines if line.strip()]
        return f"; its last words: {' | '.join(words[-3:])}" if words else ""


def _folders(module: str) -> Mapping[str, str]:
    """Where the worker finds our rooms, and the package of a stranger's backend."""
    root = Path(sensors.__file__).parents[1]
    folders = dict.fromkeys(ROOMS, str(root))
    top = module.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if top not in folders and spec is not None and spec.origin is not None:
        origin = Path(spec.origin)
        folders[top] = str(origin.parents[1] if origin.name == "__init__.py" else origin.parent)
    return folders


def _environment() -> dict[str, str]:
    ours = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
    theirs = {key: value for key, value in os.environ.items() if key not in ours}
    # A worker that dies must have said its last words before.
    return theirs | {"PYTHONUNBUFFERED": "1"}


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _revived(kind: str, sentence: str, hint: str) -> BackendError:
    """The worker's error as ours: same class where it is one of the protocol's, same two texts."""
    classes: dict[str, type[BackendError]] = {**vars(errors), "SdkAbsent": SdkAbsent}
    error = BackendError.__new__(classes.get(kind, BackendError))
    BackendError.__init__(error, sentence, hint)
    return error
