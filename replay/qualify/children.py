"""A part in a process of its own: nothing that went before is in its memory, and a hung device ends with it."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from replay.qualify.campaign import Campaign, to_record
from replay.runs import nan_json
from sensors.errors import GilmokError
from sensors.record import Record

T = TypeVar("T")

MODULE = "replay.qualify.worker"
LAST_WORDS = 600
"""Characters of what a process that died wrote last."""


class Task(Record, frozen=True, kw_only=True):
    part: str
    campaign: dict[str, Any]
    folder: str
    """Where it may leave evidence."""


class Said(Record, frozen=True, kw_only=True):
    """A line of a child: how far it is, or its result, or what went wrong."""

    share: float = 0.0
    what: str = ""
    result: Any = None
    sentence: str = ""
    hint: str = ""


class PartFailed(GilmokError):
    """What the child said, in its own words."""


class PartDied(GilmokError):
    def __init__(self, part: str, code: int | None, words: str) -> None:
        told = f" It wrote last: {words}" if words else ""
        super().__init__(
            f"the process of part {part!r} ended without a result (exit status {code}).{told}",
            "the device's driver or SDK may have brought it down; see what the system logged",
        )


class Child:
    """One process; used by `with`, which ends it and all its own children."""

    def __init__(self, part: str, campaign: Campaign, folder: Path = Path()) -> None:
        self._part = part
        self._task = Task(part=part, campaign=to_record(campaign), folder=str(folder.absolute()))

    def __enter__(self) -> "Child":
        self._words = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            # Ctrl-C is for the parent, which then ends the whole group.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin:
            self._process.stdin.write(msgspec.json.encode(self._task))
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._words.close()

    def lines(self) -> Iterator[Said]:
        """What it says, to the end; the last one has the result. Raises PartFailed or PartDied."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = msgspec.json.decode(line, type=Said)
            if said.sentence:
                raise PartFailed(said.sentence, said.hint)
            yield said
            if said.result is not None:
                return
        raise PartDied(self._part, self._process.wait(), self._last_words())

    def result(self, kind: type[T]) -> T:
        """Waits for it; raises as `lines` does."""
        return nan_json.convert([said.result for said in self.lines()][-1], kind)

    def kill(self) -> None:
        """End it from another thread: `lines` then raises PartDied."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _last_words(self) -> str:
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - LAST_WORDS))
        return " ".join(self._words.read().decode(errors="replace").split())
