"""The processes that a scenario starts: each with its log, and with last words when it dies."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from fleet.die_with_parent import tied_to_parent
from sensors.errors import GilmokError

LAST_WORDS = 3
ERROR = "gilmok: "
"""How the front door begins its one clear line."""
STOP_S = 10.0


class ChildDied(GilmokError):
    """Says it in the child's own words, and hands on what it advised."""

    def __init__(self, name: str, status: int, last_words: Sequence[str]) -> None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        first, *rest = [line.strip() for line in last_words] or ["it said nothing"]
        super().__init__(f"{name} {how}: {first}", " ".join(rest))


class ChildSilent(GilmokError):
    def __init__(self, name: str, line: str, patience_s: float) -> None:
        super().__init__(
            f"{name} was not {line} within {patience_s:g} s", "is the machine overloaded, or the disk slow?"
        )


class Child:
    """`gilmok ARGUMENTS` as a process of its own, out of reach of the terminal's Ctrl-C: its parent stops it, or the
    kernel does when the parent is killed.
    """

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self._stopped = False
        self._said: list[str] = []
        self._heard = threading.Condition()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                tied_to_parent([sys.executable, "-P", "-m", "gilmok", *arguments]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, name=f"hear-{name}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def await_line(self, line: str, patience_s: float) -> None:
        """Return when it has printed `line`; raises ChildDied if it ends before, or says nothing for too long."""
        with self._heard:
            self._heard.wait_for(lambda: line in self._said or not self.running, patience_s)
            if line in self._said:
                return
        self.check()
        self.stop()
        raise ChildSilent(self.name, line, patience_s)

    def go(self) -> None:
        """Let it begin (a node holds until its standard input says or ends)."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def terminate(self) -> None:
        """Ask it to end, once; it may take its time for a clean goodbye, and a second signal could cut that short."""
        if self._stopped:
            return
        self._stopped = True
        self.go()
        if self.running:
            self._process.terminate()

    def stop(self, patience_s: float = STOP_S) -> None:
        """Ask it to end, and make it so."""
        self.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def check(self) -> None:
        """Raises ChildDied if it has ended with trouble."""
        status = self._process.poll()
        if status:
            raise ChildDied(self.name, status, self.last_words())

    def last_words(self) -> list[str]:
        """Its error, if it could still tell one; else the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [number for number, line in enumerate(lines) if line.startswith(ERROR)]
        return [line.removeprefix(ERROR) for line in lines[told[-1] :]] if told else lines[-LAST_WORDS:]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with self._heard:
                    self._said.append(line.decode(errors="replace").strip())
                    self._heard.notify_all()
        self._process.wait()
        with self._heard:
            self._heard.notify_all()
