"""A run on disk: run.json (what ran), reports.jsonl (every frame's report), summary.json (every figure, with n)."""

import contextlib
import queue
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from edge.wire.messages import Birth, FrameReport, decode, encode
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.pretty_json import pretty
from sensors.record import Record

RUN, REPORTS, SUMMARY = "run.json", "reports.jsonl", "summary.json"


class RunFolderTaken(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} already holds a run", "name another folder with --out; nothing is overwritten")


class RunFolderWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is no run folder: {why}", "a run folder is what `gilmok run` or `gilmok replay run` leave"
        )


class RunIdentity(Record, frozen=True, kw_only=True):
    """What ran, on what, and when: enough to tell two runs apart and to run one again."""

    run: str
    software: str
    started_utc_ns: int
    scenario: dict[str, Any]
    """The configuration as it was read, with absolute paths."""
    clock: dict[str, str]
    host: dict[str, str]
    nodes: tuple[Birth, ...]
    """Every node session's own word: model, artefact, backend, device, recording digests."""


class RunFolder:
    """A new run's folder, made when the run is sure to start."""

    def __init__(self, path: Path) -> None:
        """Raises RunFolderTaken, or FileUnwritable where no folder can be made."""
        check_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileUnwritable(path, error, "name another folder with --out") from error
        self.path = path

    def write_identity(self, identity: RunIdentity) -> None:
        self._write(RUN, pretty(identity))

    def write_reports(self, reports: Iterable[FrameReport]) -> None:
        self._write(REPORTS, b"".join(encode(report) + b"\n" for report in reports))

    def write_summary(self, summary: Any) -> None:
        self._write(SUMMARY, pretty(summary))

    def discard(self, *subfolders: str) -> None:
        """Take back a run that never began: the named subfolders, and the folder if nothing else is in it."""
        for name in subfolders:
            shutil.rmtree(self.path / name, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def report_writer(self) -> "ReportWriter":
        return ReportWriter(self.path / REPORTS)

    def _write(self, name: str, content: bytes) -> None:
        # Whole or not at all: a reader never meets half a file.
        atomic_files.write(self.path / name, content)


class ReportWriter:
    """Reports onto the disk, in a thread of their own: the frame path never waits for it. Used by `with`."""

    def __init__(self, path: Path) -> None:
        self.reports: list[FrameReport] = []
        self._waiting: queue.SimpleQueue[FrameReport | None] = queue.SimpleQueue()
        self._path = path
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="report-writer")

    def put(self, report: FrameReport) -> None:
        self.reports.append(report)
        self._waiting.put(report)

    def __enter__(self) -> "ReportWriter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._fault is not None:
            raise FileUnwritable(self._path, self._fault) from self._fault

    def _run(self) -> None:
        try:
            with self._path.open("wb") as file:
                while (report := self._waiting.get()) is not None:
                    file.write(encode(report) + b"\n")
        except OSError as error:
            self._fault = error


def check_free(path: Path) -> None:
    """Raises RunFolderTaken where `path` already holds a run."""
    if any((path / name).exists() for name in (RUN, REPORTS, SUMMARY)):
        raise RunFolderTaken(path)


def read_identity(path: Path) -> RunIdentity:
    """Raises RunFolderWrong."""
    try:
        return msgspec.json.decode((path / RUN).read_bytes(), type=RunIdentity)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RunFolderWrong(path, f"{RUN}: {error}") from error


def read_summary(path: Path) -> dict[str, Any]:
    """Raises RunFolderWrong."""
    try:
        summary: dict[str, Any] = msgspec.json.decode((path / SUMMARY).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise RunFolderWrong(path, f"{SUMMARY}: {error}") from error
    return summary


def read_reports(path: Path) -> Iterator[FrameReport]:
    """In the order they were written; raises RunFolderWrong, naming the line."""
    try:
        with (path / REPORTS).open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield decode(line, FrameReport)
                except GilmokError as error:
                    raise RunFolderWrong(path, f"{REPORTS}, line {number}: {error}") from error
    except OSError as error:
        raise RunFolderWrong(path, f"{REPORTS}: {error.strerror}") from error
