"""A scenario conducted for a person: progress while it runs, then tables, the run folder and its report."""

from pathlib import Path

from fleet.scenario.launch import ScenarioRun
from fleet.scenario.progress import bars
from fleet.scenario.scenario import Scenario
from replay.report.offer import offer_report
from replay.runs.runfolder import SUMMARY
from replay.runs.tables import render
from sensors.clock import SystemClock
from sensors.logs import to_stderr
from sensors.signals import ended_by_signals
from sensors.terminal import console
from sensors.terminal.exit_status import INTERRUPTED


def run_at_terminal(scenario: Scenario, folder: Path, as_json: bool) -> int:
    """Run it into `folder` and tell how it went, on standard output; the exit status.

    The first Ctrl-C or SIGTERM ends it with what it has, a second Ctrl-C at once. 1 where something went wrong beside
    the drops, which a busy machine may well have.
    """
    to_stderr()
    run = ScenarioRun(scenario, folder, SystemClock())
    with ended_by_signals(run.stop, finishing=lambda: run.ending):
        with bars(scenario) as watch:
            summary = run.run(watch)
        if as_json:
            console.print_file(folder / SUMMARY)
        else:
            console.show(*render(summary))
        # A page takes its time: who waits has the figures already.
        page = offer_report(folder)
    if not as_json:
        console.show(f"run folder: {folder}", *page)
    if summary.interrupted:
        return INTERRUPTED
    return 1 if summary.troubles or summary.frames.failed or not summary.books.balanced else 0
