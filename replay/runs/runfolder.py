"""A run on disk: run.json (what ran), reports/ (every frame's report, one file a stream), summary.json (every figure,
with its n), report.html.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge.wire.messages import Birth
from sensors import atomic_files
from sensors.addresses import without_logins
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.outside import MOST_LOOSE_BYTES, ContentWrong, json_of, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

RUN, REPORTS, SUMMARY = "run.json", "reports", "summary.json"
FLAT_REPORTS = "reports.jsonl"
"""Where the first run folders hold the reports of all streams, one stream after another."""


class RunFolderTaken(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} already holds a run", "name another folder with --out; nothing is overwritten")


class NoFolderName(GilmokError):
    """An address with a password, which would be in every file of the run."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{without_logins(str(path))} is an address, and no name for a folder", "name a folder with --out"
        )


class NoRunFolder(GilmokError):
    def __init__(self, path: Path) -> None:
        what = "is no run folder: it holds no run.json" if path.is_dir() else "is no folder"
        super().__init__(f"{path} {what}", "a run folder is what `gilmok run` or `gilmok replay run` leave")


class RunFolderWrong(GilmokError):
    """A run folder of which something is missing, cut off or changed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the run in {path} can't be read: {why}", "put back the folder as the run left it, or run it again"
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
        """Raises RunFolderTaken, also where another process takes it at the same moment; or FileUnwritable."""
        check_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            # Of two that come at once, one makes it.
            (path / REPORTS).mkdir()
        except FileExistsError as error:
            if path.is_dir():
                raise RunFolderTaken(path) from error
            raise FileUnwritable(path, error, "name another folder with --out") from error
        except OSError as error:
            raise FileUnwritable(path, error, "name another folder with --out") from error
        self.path = path

    def write_identity(self, identity: RunIdentity) -> None:
        self._write(RUN, pretty(identity))

    def write_summary(self, summary: Any) -> None:
        self._write(SUMMARY, pretty(summary))

    def reports_file(self, node: str, stream: str) -> Path:
        """Where that stream's reports belong; its folder is there. Raises FileUnwritable."""
        path = reports_file(self.path, node, stream)
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise FileUnwritable(path, error) from error
        return path

    def discard(self, *subfolders: str) -> None:
        """Take back a run that never began: the named subfolders, and the folder if nothing else is in it."""
        for name in subfolders:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for folder in (self.path / REPORTS, self.path):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _write(self, name: str, content: bytes) -> None:
        # Whole or not at all: a reader never meets half a file.
        atomic_files.write(self.path / name, content)


def reports_file(run: Path, node: str, stream: str) -> Path:
    """`reports/<node>/<stream>.jsonl`; what no file may be called is written as %2E and the like."""
    return run / REPORTS / _file_name(node) / f"{_file_name(stream)}.jsonl"


def check_free(path: Path) -> None:
    """Raises RunFolderTaken where `path` already holds a run, or NoFolderName."""
    if without_logins(str(path)) != str(path):
        raise NoFolderName(path)
    if holds_run(path):
        raise RunFolderTaken(path)


def holds_run(path: Path) -> bool:
    """Also where files are missing: a half-written run must be told, not passed over."""
    return any((path / name).exists() for name in (RUN, FLAT_REPORTS, SUMMARY))


def read_identity(path: Path) -> RunIdentity:
    """Raises NoRunFolder or RunFolderWrong."""
    if not holds_run(path):
        raise NoRunFolder(path)
    try:
        return json_of(read_bytes(path / RUN), RunIdentity)
    except ContentWrong as error:
        raise RunFolderWrong(path, _fault(path / RUN, error)) from error


def read_summary(path: Path) -> dict[str, Any]:
    """Raises NoRunFolder or RunFolderWrong."""
    if not holds_run(path):
        raise NoRunFolder(path)
    try:
        return json_of(read_bytes(path / SUMMARY, MOST_LOOSE_BYTES), dict[str, Any])
    except ContentWrong as error:
        raise RunFolderWrong(path, _fault(path / SUMMARY, error)) from error


def _fault(path: Path, error: ContentWrong) -> str:
    return f"{path.name}: {error.what}" if path.exists() else f"{path.name} is missing"


def _file_name(name: str) -> str:
    return quote(name, safe="").replace(".", "%2E")
