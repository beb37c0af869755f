"""How a run ends for a person: its figures, then a page where it can have one, and where everything lies."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from replay.report.write import write_report
from sensors.errors import GilmokError
from sensors.signals import Postponable
from sensors.terminal import console

if TYPE_CHECKING:
    from replay.runs.summary import Summary


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--no-report`: `chosen.report` says whether the page is wanted at once."""
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="leave report.html to `gilmok replay report`, which draws it at any time: a run of many ends sooner",
    )


def conclude(folder: Path, summary: "Summary", as_json: bool, drawing: Postponable) -> None:
    """Print the figures and draw the page, unless a signal puts that off."""
    from replay.runs.runfolder import SUMMARY
    from replay.runs.tables import render

    if as_json:
        console.print_file(folder / SUMMARY)
    else:
        console.show(*render(summary))
    # A page takes its time: who waits has the figures already.
    page = drawing.done(lambda: _offered(folder), lambda: _left(folder))
    if not as_json:
        console.show(f"run folder: {folder}", *page)


def _offered(folder: Path) -> list[str]:
    """Lines that say where the page is, or why there is none: a run does not fail for a picture."""
    try:
        return [f"report: {write_report(folder)}"]
    except GilmokError as error:
        return [f"no report: {error.sentence}", *([f"  {error.hint}"] if error.hint else [])]


def _left(folder: Path) -> list[str]:
    return [f"`gilmok replay report {shlex.quote(str(folder))}` draws its report"]
