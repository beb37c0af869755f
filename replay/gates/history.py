"""What the nights so far have shown: a file of JSON lines, one a night, each carrying the state on."""

import fcntl
import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from replay.statistics.trend import Trend
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of
from sensors.record import Record

HISTORY = "trend.jsonl"
"""The file's name where only its folder is named."""


class HistoryWrong(GilmokError):
    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(
            f"{path}, line {line}: {why}",
            "nothing was appended; restore the file from a backup, or begin another one",
        )


class HistoryOfSomethingElse(GilmokError):
    def __init__(self, path: Path, what: str, there: object, asked: object) -> None:
        super().__init__(
            f"{path} is about {what} {there}, not {asked}",
            "one history is one test: begin another file for another question",
        )


class NightCounted(GilmokError):
    def __init__(self, path: Path, line: int, run: str) -> None:
        super().__init__(f"the run {run!r} is in {path} already, line {line}", "a run counts once: run it again")


class Question(Record, frozen=True, kw_only=True):
    """What one history asks, the same on every line."""

    figure: str
    alpha: float
    baseline: str
    """A digest of what the baseline found on which recordings."""


class Step(Record, frozen=True, kw_only=True):
    recording: str
    difference: float
    """The run's figure minus the baseline's, on that recording alone."""


class State(Record, frozen=True, kw_only=True):
    """`replay.statistics.trend.Trend` after the night."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    log_wealth: float = 0.0
    greatest_log_wealth: float = 0.0

    @classmethod
    def of(cls, trend: Trend) -> "State":
        return cls(**{name: getattr(trend, name) for name in cls.__struct_fields__})

    def trend(self) -> Trend:
        return Trend(**msgspec.structs.asdict(self))


class Night(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    question: Question
    runs: tuple[tuple[str, int], ...]
    """Name and start (UTC, ns) of each run of the night."""
    steps: tuple[Step, ...]
    """In the order they were bet on."""
    state: State
    alarm: bool
    seal: str = ""
    """sha256 over the line before and this one: a changed line doesn't lead to it. Empty in histories of the first
    versions."""


def sealed(night: Night, before: str) -> Night:
    """`before`: the seal of the line before; empty for the first."""
    content = msgspec.json.encode(msgspec.structs.replace(night, seal=""))
    return msgspec.structs.replace(night, seal=hashlib.sha256(before.encode() + content).hexdigest())


def after(state: Trend, steps: Sequence[Step]) -> Trend:
    """The state after a night; raises ValueError for a difference outside -1..1."""
    for step in steps:
        state = state.after(step.difference)
    return state


class History:
    """Held by one process at a time: use it within `opened`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nights = tuple(_nights(path))

    @property
    def state(self) -> Trend:
        return self.nights[-1].state.trend() if self.nights else Trend()

    @property
    def alarm_line(self) -> int | None:
        """The first night of the alarm; an alarm never goes away by itself."""
        return next((line for line, night in enumerate(self.nights, 1) if night.alarm), None)

    def check(self, question: Question, runs: Sequence[tuple[str, int]]) -> None:
        """Raises HistoryOfSomethingElse or NightCounted."""
        for night in self.nights[:1]:
            for what in Question.__struct_fields__:
                there, asked = getattr(night.question, what), getattr(question, what)
                if there != asked:
                    raise HistoryOfSomethingElse(self.path, what, there, asked)
        for line, night in enumerate(self.nights, 1):
            for run in runs:
                if run in night.runs:
                    raise NightCounted(self.path, line, run[0])

    def append(self, night: Night) -> None:
        """Seals the night and writes it; whole or not at all, also where the machine stops in between."""
        night = sealed(night, self.nights[-1].seal if self.nights else "")
        before = self.path.read_bytes() if self.path.exists() else b""
        atomic_files.write(self.path, before + msgspec.json.encode(night) + b"\n", durable=True)
        self.nights = (*self.nights, night)


@contextmanager
def opened(path: Path) -> Iterator[History]:
    """The history at `path` (a folder: `trend.jsonl` in it), or a new one; others wait meanwhile.

    Raises HistoryWrong or FileUnwritable.
    """
    path = path / HISTORY if path.is_dir() else path
    # The folder is locked, not the file: appending puts another file in its place.
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise FileUnwritable(path, error) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield History(path)
    finally:
        os.close(folder)


def _nights(path: Path) -> Iterator[Night]:
    """Every line, worked out again: a changed difference doesn't lead to the state, nor a changed word to the seal."""
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise HistoryWrong(path, 1, f"can't be read: {error.strerror}") from error
    state, first, seal = Trend(), None, ""
    for line, text in enumerate(content.splitlines(keepends=True), 1):
        if not text.endswith(b"\n"):
            raise HistoryWrong(path, line, "the line is cut off")
        try:
            night = json_of(text, Night)
            state = after(state, night.steps)
        except (ContentWrong, ValueError) as error:
            raise HistoryWrong(path, line, str(error)) from error
        first = first or night.question
        if night.question != first:
            raise HistoryWrong(path, line, "it asks something else than the first line")
        if not _same(state, night.state.trend()) or night.alarm != state.alarm(first.alpha):
            raise HistoryWrong(path, line, "its state doesn't follow from the differences up to there")
        if (night.seal or seal) and night != sealed(night, seal):
            raise HistoryWrong(path, line, "its seal is not that of the line: it was changed, or a line before it was")
        seal = night.seal
        yield night


def _same(a: Trend, b: Trend) -> bool:
    return a.n == b.n and all(
        math.isclose(getattr(a, name), getattr(b, name), rel_tol=1e-9, abs_tol=1e-12)
        for name in State.__struct_fields__
    )
