"""The engine `local`: processes of this machine, each of which runs one cell after the other."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from replay.campaign.cell import Cell, Outcome, Task
from replay.campaign.engines.engine import EndedCell
from replay.runs import nan_json
from sensors.processes.child import last_words
from sensors.processes.die_with_parent import tied_to_parent

MODULE = "replay.campaign.engines.process"
LAST_BYTES = 4000
FAREWELL_S = 5.0


class _Worker:
    """One process, and the thread that hears it."""

    def __init__(self, log: Path, said: "queue.SimpleQueue[tuple[_Worker, bytes]]") -> None:
        self._log = log
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                tied_to_parent([sys.executable, "-P", "-m", MODULE]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                # Ctrl-C is the driver's, which lets a cell come to its end.
                start_new_session=True,
            )
        self.key = ""
        """Of the cell that it runs; empty: none."""
        self._from = 0
        self._thread = threading.Thread(target=self._hear, args=(said,), daemon=True)
        self._thread.start()

    def give(self, cell: Cell, folder: str) -> None:
        self.key = cell.key
        self._from = self._log.stat().st_size
        task = Task(cell=cell, folder=folder)
        # One that has died since is heard of by its end.
        with contextlib.suppress(BrokenPipeError):
            self._input.write(msgspec.json.encode(task) + b"\n")
            self._input.flush()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Idle: it ends by itself. At work: it is killed."""
        if self.key:
            self.kill()
        with contextlib.suppress(OSError):
            self._input.close()
        try:
            self._process.wait(FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.kill()
            # One that hangs in the kernel ends when that lets it go; nobody waits for it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(FAREWELL_S)
        self._thread.join(FAREWELL_S)

    def how_it_ended(self) -> str:
        status = self._process.wait()
        return f"its process was killed by signal {-status}" if status < 0 else f"its process ended ({status})"

    def words(self) -> str:
        """What it wrote on standard error since it was given its cell, the end of it."""
        with self._log.open("rb") as file:
            file.seek(max(self._from, file.seek(0, os.SEEK_END) - LAST_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(last_words(lines, killed=False))

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _hear(self, said: "queue.SimpleQueue[tuple[_Worker, bytes]]") -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said.put((self, line))
        said.put((self, b""))


class LocalEngine:
    """An `Engine`. Workers are started as they are needed, and stay for the next cell."""

    def __init__(self, logs: Path) -> None:
        """`logs`: a folder for what workers write on standard error. Raises OSError."""
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._said: queue.SimpleQueue[tuple[_Worker, bytes]] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._started = 0

    def start(self, cell: Cell, folder: str) -> None:
        worker = next((one for one in self._workers if not one.key), None)
        if worker is None:
            self._started += 1
            worker = _Worker(self._logs / f"worker-{self._started}.log", self._said)
            self._workers.append(worker)
        worker.give(cell, folder)

    def ended(self, patience_s: float) -> Sequence[EndedCell]:
        found: list[EndedCell] = []
        with contextlib.suppress(queue.Empty):
            found += self._heard(*self._said.get(timeout=patience_s))
            while True:
                found += self._heard(*self._said.get_nowait())
        return found

    def kill(self, key: str) -> None:
        for worker in self._workers:
            if worker.key == key:
                worker.kill()

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _heard(self, worker: _Worker, line: bytes) -> list[EndedCell]:
        key, worker.key = worker.key, ""
        if line:
            words = worker.words()
            said: Any = msgspec.json.decode(line)
            return [EndedCell(key=key, outcome=nan_json.convert(said, Outcome), last_words=words)]
        if worker not in self._workers:
            return []
        self._workers.remove(worker)
        why, words = worker.how_it_ended(), worker.words()
        worker.end()
        return [EndedCell(key=key, why=why, last_words=words)] if key else []
