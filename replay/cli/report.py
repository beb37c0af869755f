"""`gilmok replay report`: a run folder as one HTML page."""

import argparse
from contextlib import nullcontext
from pathlib import Path


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = verbs.add_parser("report", help="write a run folder's report.html: one page, complete in itself")
    report.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    report.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: RUN/report.html)")
    report.set_defaults(call=_report)


def _report(chosen: argparse.Namespace) -> int:
    from rich.console import Console

    from replay.report.write import write_report

    console = Console(stderr=True)
    with console.status(f"drawing {chosen.run}") if console.is_terminal else nullcontext():
        path = write_report(chosen.run, chosen.out)
    print(f"report: {path}")
    return 0
