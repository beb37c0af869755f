"""One life of the node: `gilmok node run` as a process, heard once a second, with last words when it dies."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.unit.process.vitals import MOST_BYTES, Fault, Vitals, heard
from sensors.clock import Clock
from sensors.processes.child import ChildDied, last_words
from sensors.processes.die_with_parent import tied_to_parent

LINES = 200
"""Of its log, kept for its last words."""
GOODBYE_S = 10.0
SETTLE_S = 1.0
STATUS = "STATUS="


@dataclass(frozen=True, slots=True)
class VitalsArrived:
    life: "NodeProcess"
    vitals: Vitals


class NodeProcess:
    """Started at once; whatever it writes on standard error goes to ours, line by line."""

    def __init__(self, config: Path, base: Path, clock: Clock, on_vitals: Callable[[VitalsArrived], None]) -> None:
        """`on_vitals` is called on a thread of its own. The kernel ends it when the calling thread ends."""
        self._clock = clock
        self._on_vitals = on_vitals
        self.vitals: Vitals | None = None
        """The last ones."""
        self.fault: Fault | None = None
        self.beat_ns: int | None = None
        """When it last said that its streams are well; None: its model is being loaded, or it says goodbye."""
        self.status_line = ""
        """How it said it was."""
        self._lines: deque[str] = deque(maxlen=LINES)
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        options = ["--base", str(base), "--without-broker", "--vitals", str(theirs.fileno())]
        self._process = subprocess.Popen(
            tied_to_parent([sys.executable, "-P", "-m", "gilmok", "node", "run", str(config), *options]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._threads = [
            threading.Thread(target=target, name=f"node-{what}", daemon=True)
            for what, target in (("log", self._relay), ("vitals", self._listen))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """None while it runs; else its exit status, below zero the signal that killed it."""
        return self._process.poll()

    def death(self) -> str:
        """What it died of, as a sentence; empty while it lives, and where its work was done."""
        status = self.status
        if not status:
            return ""
        self._join()
        if self.fault is not None and status > 0:
            return f"the node ended with status {status}: {self.fault.sentence}"
        died = ChildDied("the node", status, last_words(list(self._lines), killed=status < 0))
        return f"{died.sentence} {died.hint}".strip()

    def end(self, patience_s: float = GOODBYE_S) -> None:
        """Asked for its goodbye, and killed where that takes longer. Its last vitals are in when this returns."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._join()

    def mark(self) -> None:
        """An event, to its recorder; only of one that has said how it is, for before it would die of the signal."""
        self._process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _join(self) -> None:
        # What is in the socket is read before it is closed: a datagram is there, or was never said.
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RD)
        for thread in self._threads:
            thread.join(SETTLE_S)

    def _relay(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.buffer.write(line)
                    sys.stderr.buffer.flush()

    def _listen(self) -> None:
        with self._ours:
            while message := self._received():
                try:
                    word = heard(message)
                except msgspec.DecodeError:
                    continue
                self.fault = word.fault or self.fault
                self._note(word.words)
                if word.vitals is not None:
                    self.vitals = word.vitals
                    self._on_vitals(VitalsArrived(self, word.vitals))

    def _note(self, words: Sequence[str]) -> None:
        if {"READY=1", "WATCHDOG=1"} & set(words):
            self.beat_ns = self._clock.now().mono_ns
        if "STOPPING=1" in words:
            self.beat_ns = None
        for word in words:
            if word.startswith(STATUS):
                self.status_line = word.removeprefix(STATUS)

    def _received(self) -> bytes:
        try:
            return self._ours.recv(MOST_BYTES)
        except OSError:
            return b""
