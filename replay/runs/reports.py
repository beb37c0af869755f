"""The reports of a run on disk: `reports/<node>/<stream>.jsonl`, a line a frame, in the order they were published."""

import queue
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.wire.messages import FrameReport, check, decode, encode
from replay.runs.runfolder import FLAT_REPORTS, REPORTS, RunFolder, RunFolderWrong
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, open_bytes

KEPT = "what was written until then stays: `gilmok replay report` reads it"


class ReportWriter:
    """Reports onto the disk, in a thread of their own: the frame path never waits for it. Used by `with`."""

    def __init__(self, path: Path) -> None:
        """Raises FileUnwritable at the latest when the `with` ends."""
        self.reports: list[FrameReport] = []
        self._waiting: queue.SimpleQueue[FrameReport | None] = queue.SimpleQueue()
        self._path = path
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="report-writer")

    def put(self, report: FrameReport) -> None:
        """Raises FileUnwritable where an earlier report could not be written."""
        self._check()
        self.reports.append(report)
        self._waiting.put(report)

    def __enter__(self) -> "ReportWriter":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        if kind is None:
            self._check()

    def _check(self) -> None:
        if self._fault is not None:
            raise FileUnwritable(self._path, self._fault, KEPT) from self._fault

    def _run(self) -> None:
        try:
            with self._path.open("wb") as file:
                while (report := self._waiting.get()) is not None:
                    file.write(encode(report) + b"\n")
                    if self._waiting.empty():
                        # A run that is killed leaves what it had so far.
                        file.flush()
        except OSError as error:
            self._fault = error


def write_reports(folder: RunFolder, streams: Iterable[tuple[str, str, Iterable[FrameReport]]]) -> None:
    """Node, stream and reports of each node session; sessions of one stream share its file. Raises FileUnwritable."""
    files: dict[Path, list[FrameReport]] = {}
    for node, stream, reports in streams:
        files.setdefault(folder.reports_file(node, stream), []).extend(reports)
    for path, reports in files.items():
        atomic_files.write(path, b"".join(encode(report) + b"\n" for report in reports))


def read_reports(run: Path) -> list[FrameReport]:
    """Of all streams, one stream after another; raises RunFolderWrong, naming file and line."""
    return [report for path in report_files(run) for report in read_file(run, path)]


def report_files(run: Path) -> list[Path]:
    """One for each stream, by name; of a run of the first versions the one that holds all. Raises RunFolderWrong."""
    if (run / REPORTS).is_dir():
        return sorted((run / REPORTS).glob("*/*.jsonl"))
    if (run / FLAT_REPORTS).exists():
        return [run / FLAT_REPORTS]
    raise RunFolderWrong(run, f"{REPORTS}/ is missing")


def read_file(run: Path, path: Path, *, cut_off: bool = False) -> Iterator[FrameReport]:
    """The reports in one file of the run; `cut_off`: a last line that was not written to its end is left out.

    Raises RunFolderWrong, naming file and line.
    """
    name = path.relative_to(run)
    try:
        with open_bytes(path) as file:
            for number, line in enumerate(file, 1):
                if cut_off and not line.endswith(b"\n"):
                    return
                yield _report(run, f"{name}, line {number}", line)
    except ContentWrong as error:
        raise RunFolderWrong(run, f"{name}: {error.what}" if path.exists() else f"{name} is missing") from error
    except OSError as error:
        raise RunFolderWrong(run, f"{name} can't be read: {error.strerror}") from error


def _report(run: Path, where: str, line: bytes) -> FrameReport:
    try:
        report = decode(line, FrameReport)
        check(report)
    except GilmokError as error:
        raise RunFolderWrong(run, f"{where}: {error.sentence}") from error
    return report
