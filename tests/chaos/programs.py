"""The processes of a fleet under test: each can be killed, stopped, and started again as it was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sensors.clock import NS_PER_S

GILMOK = (sys.executable, "-P", "-m", "gilmok")
WORKER = "fleet.workers.worker"
END_S = 60.0


def _read(path: str) -> str:
    """Empty of what is no more."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _resident_mb(pid: int) -> float:
    pages = (_read(f"/proc/{pid}/statm") or "0 0").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Program:
    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] = {}) -> None:
        self.name = name
        self.starts = 0
        self.statuses: list[int] = []
        """What it ended with, each time; killed: minus the signal."""
        self.frozen = False
        self.since = 0.0
        """When it was started last, by the monotonic clock."""
        self._command = list(command)
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Also while it is frozen."""
        if self._process is not None and (status := self._process.poll()) is not None:
            self.statuses.append(status)
            self._process = None
        return self._process is not None

    def start(self) -> None:
        assert not self.running
        self.starts += 1
        self.since = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        self.thaw()
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGSTOP)
            self.frozen = True

    def thaw(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGCONT)
        self.frozen = False

    def resident_mb(self) -> float:
        """With its workers; 0 where it doesn't run."""
        if self._process is None or not self.running:
            return 0.0
        return sum(map(_resident_mb, [self._process.pid, *self.workers()]))

    def waited_s(self) -> float:
        """How long its main thread has waited for a core, in this life; 0 where it doesn't run, or the kernel doesn't
        tell.
        """
        if self._process is None or not self.running:
            return 0.0
        return int((_read(f"/proc/{self._process.pid}/schedstat") or "0 0 0").split()[1]) / NS_PER_S

    def workers(self) -> list[int]:
        """The process ids of a hub's workers."""
        if self._process is None or not self.running:
            return []
        every = _read(f"/proc/{self._process.pid}/task/{self._process.pid}/children").split()
        return [int(pid) for pid in every if WORKER in _read(f"/proc/{pid}/cmdline")]

    def _end(self, number: signal.Signals) -> None:
        if self._process is None or not self.running:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.frozen = False
        assert not self.running
