"""One side of a comparison: a run, or a group of runs, read and fit to be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from edge.wire.messages import Findings, FrameReport
from replay.runs.loaded import LoadedRun, read_run
from replay.runs.recordings import Recordings
from replay.runs.runfolder import holds_run
from sensors.errors import GilmokError


class NoRuns(GilmokError):
    def __init__(self, path: Path) -> None:
        what = "holds no run folder" if path.is_dir() else "is no folder"
        super().__init__(f"{path} {what}", "name run folders (`gilmok replay run --out`), or a folder of them")


class RunTwice(GilmokError):
    def __init__(self, run: str, first: Path, second: Path) -> None:
        super().__init__(
            f"{first} and {second} are one and the same run, {run!r}",
            "a copy is no second measurement: name every run once",
        )


class RunUnfit(GilmokError):
    def __init__(self, path: Path, why: Sequence[str]) -> None:
        super().__init__(
            f"the run in {path} can't be compared: {'; '.join(why)}",
            "run it again; its own figures are in `gilmok replay report`",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    folders: tuple[Path, ...]
    runs: tuple[LoadedRun, ...]
    """In the order of the folders."""


def run_folders(paths: Sequence[Path]) -> list[Path]:
    """Each path is a run folder, or holds run folders (taken by name); raises NoRuns."""
    found: list[Path] = []
    for path in paths:
        inside = [path] if holds_run(path) else sorted(one for one in _listed(path) if holds_run(one))
        if not inside:
            raise NoRuns(path)
        found += inside
    return found


def read_side(paths: Sequence[Path], recordings: Recordings) -> Side:
    """Raises NoRuns, RunTwice or RunFolderWrong."""
    folders = run_folders(paths)
    runs: list[LoadedRun] = []
    seen: dict[tuple[str, int], Path] = {}
    known: dict[Findings, Findings] = {}
    for folder in folders:
        run = read_run(folder, recordings)
        who = run.identity.run, run.identity.started_utc_ns
        if who in seen:
            raise RunTwice(run.identity.run, seen[who], folder)
        seen[who] = folder
        runs.append(_sharing(run, known))
    return Side(tuple(folders), tuple(runs))


def check_side(side: Side) -> None:
    """Raises RunUnfit where a run is invalid, or its books are wrong."""
    for folder, run in zip(side.folders, side.runs, strict=True):
        summary = run.summary
        why = [f"it is invalid: {one}" for one in (*summary.invalid_because, *summary.troubles)]
        why += [f"its books don't balance: {one}" for one in summary.books.complaints]
        if not summary.streams:
            why.append("it has no stream")
        if why or not (summary.valid and summary.books.balanced):
            raise RunUnfit(folder, why or ["it is marked invalid"])


def _sharing(run: LoadedRun, known: dict[Findings, Findings]) -> LoadedRun:
    """The run with equal findings held once: a model finds the same in a frame on every pass, at 20 kB a time."""

    def shared(report: FrameReport) -> FrameReport:
        if report.findings is None:
            return report
        return msgspec.structs.replace(report, findings=known.setdefault(report.findings, report.findings))

    streams = [replace(stream, reports=[shared(report) for report in stream.reports]) for stream in run.streams]
    return replace(run, streams=tuple(streams))


def _listed(path: Path) -> list[Path]:
    return [one for one in path.iterdir() if one.is_dir()] if path.is_dir() else []
