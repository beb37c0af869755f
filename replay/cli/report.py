"""`gilmok replay report`: a run folder as one HTML page."""

import argparse
from pathlib import Path


def register(report: argparse.ArgumentParser) -> None:
    report.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    report.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: RUN/report.html)")
    report.set_defaults(call=_report)


def _report(chosen: argparse.Namespace) -> int:
    from replay.report.write import write_report
    from sensors.terminal import console

    with console.waiting(f"drawing {chosen.run}"):
        path = write_report(chosen.run, chosen.out)
    console.say(f"report: {path}")
    return 0
