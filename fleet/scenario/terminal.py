"""A scenario conducted for a person: progress while it runs, then tables, the run folder and its report."""

import signal
from pathlib import Path

from fleet.scenario.launch import ScenarioRun
from fleet.scenario.progress import bars
from fleet.scenario.scenario import Scenario
from replay.report.offer import offer_report
from replay.runs.runfolder import SUMMARY
from replay.runs.summary import Summary
from replay.runs.tables import render
from sensors import console
from sensors.clock import SystemClock
from sensors.logs import to_stderr


def run_at_terminal(scenario: Scenario, folder: Path, as_json: bool) -> Summary:
    """Run it into `folder` and tell how it went, on standard output; Ctrl-C ends it with what it has."""
    to_stderr()
    run = ScenarioRun(scenario, folder, SystemClock())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: run.stop())
    with bars(scenario) as watch:
        summary = run.run(watch)
    page = offer_report(folder)
    if as_json:
        console.print_file(folder / SUMMARY)
    else:
        console.show(*render(summary), f"run folder: {folder}", *page)
    return summary


def exit_status(summary: Summary) -> int:
    """1 where something went wrong beside the drops, which a busy machine may well have."""
    return 1 if summary.troubles or summary.frames.failed or not summary.books.balanced else 0
