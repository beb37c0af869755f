"""A scenario conducted for a person: progress while it runs, then tables, the run folder and its report."""

import signal
from pathlib import Path

from fleet.scenario.launch import NothingRan, ScenarioRun
from fleet.scenario.progress import bars
from fleet.scenario.scenario import Scenario
from replay.report.offer import offer_report
from replay.runs.runfolder import SUMMARY
from replay.runs.tables import render
from sensors import console
from sensors.clock import SystemClock
from sensors.errors import GilmokError
from sensors.logs import to_stderr

SIGNALLED = 128
"""A shell's status of a program that a signal ended: this plus the signal's number."""


class CutTwice(GilmokError):
    def __init__(self, folder: Path, exit_status: int) -> None:
        super().__init__(
            "interrupted twice: the run is over, and its summary was not written",
            f"what it recorded is in {folder}",
        )
        self.exit_status = exit_status


def run_at_terminal(scenario: Scenario, folder: Path, as_json: bool) -> int:
    """Run it into `folder` and tell how it went, on standard output; the exit status.

    The first Ctrl-C or SIGTERM ends it with what it has, the second at once. 1 where something went wrong beside the
    drops, which a busy machine may well have.
    """
    to_stderr()
    run = ScenarioRun(scenario, folder, SystemClock())
    caught: list[int] = []

    def catch(number: int, _: object) -> None:
        caught.append(number)
        run.stop()
        if len(caught) > 1:
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, catch)
    try:
        with bars(scenario) as watch:
            summary = run.run(watch)
        if as_json:
            console.print_file(folder / SUMMARY)
        else:
            console.show(*render(summary))
        # A page takes its time: who waits has the figures already.
        page = offer_report(folder)
    except NothingRan as error:
        error.exit_status = SIGNALLED + caught[0]
        raise
    except KeyboardInterrupt:
        raise CutTwice(folder, SIGNALLED + caught[0]) from None
    if not as_json:
        console.show(f"run folder: {folder}", *page)
    if summary.interrupted:
        return SIGNALLED + caught[0]
    return 1 if summary.troubles or summary.frames.failed or not summary.books.balanced else 0
