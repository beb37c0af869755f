"""`gilmok run`: a whole scenario from one file."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="gilmok run",
        description="Run a scenario: broker, hub and nodes, each a process of its own; then tell how it went.",
    )
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    parser.add_argument("--out", type=Path, help="the run folder to make (default: runs/<scenario>-<now>)")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    chosen = parser.parse_args(argv)
    return _run(chosen.scenario, chosen.out, chosen.json)


def _run(path: Path, out: Path | None, as_json: bool) -> int:
    from rich.console import Console

    from fleet.launch import ScenarioRun
    from fleet.progress import bars
    from fleet.scenario import read_scenario
    from replay.runfolder import SUMMARY
    from replay.tables import render
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr

    to_stderr()
    scenario = read_scenario(path)
    folder = out or Path("runs") / f"{scenario.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    run = ScenarioRun(scenario, folder, SystemClock())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: run.stop())
    with bars(Console(stderr=True), scenario) as watch:
        summary = run.run(watch)
    if as_json:
        sys.stdout.write((folder / SUMMARY).read_text(encoding="utf-8"))
    else:
        Console().print(render(summary))
        print(f"run folder: {folder}")
    return 1 if summary.troubles or summary.frames.failed or not summary.books.balanced else 0
