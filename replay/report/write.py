"""Writing the page of a run folder; nothing heavy is imported before a page is wanted."""

from pathlib import Path

from replay.report.language import Language, in_language
from sensors import atomic_files
from sensors.errors import GilmokError

PAGE = "report.html"


class ReportUnavailable(GilmokError):
    def __init__(self, needs: str) -> None:
        super().__init__(f"a report needs {needs!r}, which is not installed", "pip install 'gilmok[report]'")


def write_report(folder: Path, out: Path | None = None, language: Language = "en") -> Path:
    """Write the page of the run in `folder` to `out` (None: report.html in the folder) and return its path.

    Raises RunFolderWrong, ReportUnavailable or FileUnwritable; an older page is replaced, whole or not at all.
    """
    from replay.runs.loaded import read_run

    run = read_run(folder)
    try:
        from replay.report.page import run_page
    except ImportError as error:
        raise ReportUnavailable(error.name or str(error)) from error
    return write_page(in_language(run_page(run), language), out or folder / PAGE)


def write_page(page: str, path: Path) -> Path:
    """`page` at `path`, whole or not at all; raises FileUnwritable."""
    return atomic_files.write(path, page, hint="name another file with --out")
