"""Where questions about runs are taken: one is worked out at a time, and whoever asks the same waits for the same."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec

from fleet.config import HubConfig
from fleet.web.runs.questions import Answer, Failed, Question
from sensors.config import plain
from sensors.processes.die_with_parent import tied_to_parent
from sensors.terminal.pretty_json import compact

MOST_WAITING = 16
MOST_S = 600.0
"""For one answer."""
IDLE_S = 120.0
"""So long the process stays, with the recordings that it has read, when nothing is asked."""
CHUNK = 2**18


class Told:
    """An answer, and the file that it is in; to be closed by whoever has read it."""

    def __init__(self, answer: Answer, file: int | None) -> None:
        self.answer = answer
        self._file = file

    @property
    def size(self) -> int:
        return 0 if self._file is None else os.fstat(self._file).st_size

    def pieces(self) -> Iterator[bytes]:
        """Each reader begins at the beginning."""
        at = 0
        while self._file is not None and (piece := os.pread(self._file, CHUNK, at)):
            at += len(piece)
            yield piece

    def another(self) -> "Told":
        return Told(self.answer, None if self._file is None else os.dup(self._file))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        """A viewer that went away in the middle."""
        self.close()


class WorkerClient:
    """Of one event loop; its process begins with the first question."""

    def __init__(self, hub: HubConfig) -> None:
        self._hub = hub
        # The kernel ends the process with the thread that started it.
        self._thread = ThreadPoolExecutor(1, "runs")
        self._asked: dict[Question, asyncio.Task[Told]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False

    async def ask(self, question: Question) -> Told:
        """Raises Failed. Who goes away ends nothing: the answer is there for who comes again."""
        task = self._asked.get(question)
        if task is None:
            if len(self._asked) >= MOST_WAITING:
                raise Failed("too many questions about runs wait for their answers", "ask again in a minute")
            task = self._asked[question] = asyncio.create_task(self._answered(question))
        told = await asyncio.shield(task)
        return told.another()

    def close(self) -> None:
        """The thread that waits for an answer gets none."""
        self._closed = True
        if self._idle is not None:
            self._idle.cancel()
        if self._process is not None:
            self._process.kill()
        self._thread.submit(self._end)
        self._thread.shutdown(wait=True)

    async def _answered(self, question: Question) -> Told:
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
        try:
            told = await loop.run_in_executor(self._thread, self._exchange, question)
            loop.call_later(1, told.close)
            return told
        finally:
            del self._asked[question]
            if not self._asked:
                self._idle = loop.call_later(IDLE_S, self._thread.submit, self._end)

    def _exchange(self, question: Question) -> Told:
        try:
            channel = self._begun()
            channel.sendall(compact(question) + b"\n")
            said, files, _, _ = socket.recv_fds(channel, CHUNK, 1)
            while said and not said.endswith(b"\n"):
                said += channel.recv(CHUNK)
        except OSError as error:
            self._end()
            why = f"it took more than {MOST_S:.0f} s" if isinstance(error, TimeoutError) else "its process ended"
            hint = "ask again, or `gilmok hub report` and `gilmok hub export`, which have no bound"
            raise Failed(f"there is no answer: {why}", hint) from None
        if not said:
            self._end()
            raise Failed("there is no answer: its process ended", "the hub's log says more; ask again")
        return Told(msgspec.json.decode(said, type=Answer), files[0] if files else None)

    def _begun(self) -> socket.socket:
        if self._channel is not None and self._process is not None and self._process.poll() is None:
            return self._channel
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                tied_to_parent([sys.executable, "-P", "-m", "fleet.web.runs.worker", str(theirs.fileno())]),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self._channel = ours
        if self._closed:
            raise OSError("closed")
        ours.settimeout(MOST_S)
        ours.sendall(compact(plain(self._hub)) + b"\n")
        return ours

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None
