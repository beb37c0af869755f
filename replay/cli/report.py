"""`gilmok replay report`: a run folder as one HTML page."""

import argparse
from pathlib import Path

from replay.report.language import LANGUAGES


def register(report: argparse.ArgumentParser) -> None:
    report.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    report.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: RUN/report.html)")
    report.add_argument("--language", choices=LANGUAGES, default="en", help="of the page (default: %(default)s)")
    report.set_defaults(call=_report)


def _report(chosen: argparse.Namespace) -> int:
    from replay.report.write import write_report
    from sensors.terminal import console

    with console.waiting(f"drawing {chosen.run}"):
        path = write_report(chosen.run, chosen.out, chosen.language)
    console.say(f"report: {path}")
    return 0
