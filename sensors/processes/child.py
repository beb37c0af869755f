"""A `gilmok` that this process starts: with its log, and with last words when it dies."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sensors.errors import GilmokError
from sensors.processes.die_with_parent import tied_to_parent
from sensors.processes.progress import Progress
from sensors.terminal.foreign_text import shown

LAST_WORDS = 3
LAST_BYTES = 100_000
"""So much of a log's end is looked through for its process's last words."""
ERROR = "gilmok: "
"""How the front door begins its one clear line."""
STOP_S = 10.0
POLL_S = 0.1


class ChildDied(GilmokError):
    """Says it in the child's own words, and hands on what it advised."""

    def __init__(self, name: str, status: int, last_words: Sequence[str]) -> None:
        self.killed = status < 0
        """By a signal; else it ended by itself."""
        first, *rest = [line.strip() for line in last_words] or ["it said nothing"]
        if status < 0 and not last_words:
            super().__init__(f"{name} was killed by signal {-status}")
        else:
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            super().__init__(f"{name} {how}: {first}", " ".join(rest))


class ChildSilent(GilmokError):
    def __init__(self, name: str, line: str, patience_s: float) -> None:
        super().__init__(
            f"{name} was not {line}, and did nothing for {patience_s:g} s",
            "does it wait for a device or a network?",
        )


class Child:
    """`gilmok ARGUMENTS` as a process of its own, out of reach of the terminal's Ctrl-C: its parent stops it, or the
    kernel does when the parent is killed.
    """

    def __init__(self, name: str, arguments: Sequence[str], log: Path, inherits: Sequence[int] = ()) -> None:
        """Starts it; `name` is what it is called in errors. `log` gets what it writes on standard error.

        `inherits`: descriptors of this process that are its own, too, under the same numbers.
        """
        self.name = name
        self.log = log
        self._terminated = False
        self._printed: list[str] = []
        self._news = threading.Condition()
        with log.open("ab") as errors:
            self._log_begins = errors.tell()
            self._process = subprocess.Popen(
                tied_to_parent([sys.executable, "-P", "-m", "gilmok", *arguments]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=inherits,
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

    def has_printed(self, line: str) -> bool:
        with self._news:
            return line in self._printed

    def await_line(self, line: str, patience_s: float, stop: threading.Event | None = None) -> None:
        """Return when it has printed `line`, or when `stop` is set.

        Raises ChildDied if it ends before, or ChildSilent if it says nothing for so long and isn't at work, either.
        """
        waited_s = 0.0
        progress = Progress()
        with self._news:
            while not self._news.wait_for(lambda: line in self._printed or not self.running, POLL_S):
                waited_s = 0.0 if progress.made(self.pid) else waited_s + POLL_S
                if (stop is not None and stop.is_set()) or waited_s > patience_s:
                    break
            if line in self._printed or (stop is not None and stop.is_set()):
                return
        self.check()
        self.stop()
        raise ChildSilent(self.name, line, patience_s)

    def printed(self, word: str) -> str:
        """What stands after `word` in a line that it has printed; empty if there is none."""
        with self._news:
            return next((line[len(word) + 1 :] for line in self._printed if line.startswith(f"{word} ")), "")

    def go(self) -> None:
        """Let it begin (a node holds until its standard input says or ends)."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def terminate(self) -> None:
        """Ask it to end, once; it may take its time for a clean goodbye, and a second signal could cut that short."""
        if self._terminated:
            return
        self._terminated = True
        self.go()
        if self.running:
            self._process.terminate()

    def stop(self, patience_s: Callable[[], float] | None = None) -> None:
        """Ask it to end, and make it so; `patience_s`: how many seconds are left for that, whenever it is asked."""
        self.terminate()
        try:
            while patience_s is not None and patience_s() > POLL_S and self.running:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(POLL_S)
            self._process.wait(STOP_S if patience_s is None else max(patience_s(), 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # A grandchild that outlives it for a moment holds the other end.
        self._listener.join(POLL_S)

    def kill(self) -> None:
        """Make an end of it at once."""
        self._process.kill()

    def check(self) -> None:
        """Raises ChildDied if it has ended with trouble."""
        status = self._process.poll()
        if status:
            raise ChildDied(self.name, status, self._last_words(killed=status < 0))

    def _last_words(self, *, killed: bool) -> list[str]:
        with self.log.open("rb") as file:
            file.seek(max(file.seek(0, 2) - LAST_BYTES, self._log_begins))
            return last_words(file.read().decode(errors="replace").splitlines(), killed=killed)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with self._news:
                    self._printed.append(line.decode(errors="replace").strip())
                    self._news.notify_all()
        self._process.wait()
        with self._news:
            self._news.notify_all()


def last_words(log: Sequence[str], *, killed: bool) -> list[str]:
    """The error that a `gilmok` ended with, if it could still tell one; else its log's last lines, where those may say
    why.
    """
    lines = [shown(line) for line in log]
    errors = [number for number, line in enumerate(lines) if line.startswith(ERROR)]
    if errors:
        return [line.removeprefix(ERROR) for line in lines[errors[-1] :]]
    return [] if killed else lines[-LAST_WORDS:]
