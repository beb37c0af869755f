"""`gilmok replay trend`: a test that may be looked at every night."""

import argparse
from pathlib import Path

from replay.cli.compare import NO_REGRESSION, REGRESSION, print_json

FIGURES = ("AP", "AP50", "sAP_edge")


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    trend = verbs.add_parser(
        "trend",
        help="add tonight's run to a history: is it getting worse, over all nights together?",
        description="Exit status: 0 no alarm, 1 something can't be read, 2 usage, 3 surely worse than the baseline.",
    )
    trend.add_argument(
        "history", type=Path, metavar="HISTORY.jsonl", help="made if it isn't there; a folder: its trend.jsonl"
    )
    trend.add_argument("run", nargs="+", type=Path, metavar="RUN", help="tonight's run folders, or folders of them")
    trend.add_argument("--baseline", nargs="+", type=Path, required=True, metavar="RUN", help="always the same one")
    trend.add_argument("--figure", choices=FIGURES, default="AP", help="AP, AP50, or sAP_edge of runs in real time")
    trend.add_argument(
        "--alpha", type=_alpha, help="the probability of a false alarm over all nights together (the history's, or .01)"
    )
    trend.add_argument("--labels", nargs="+", default=[], help="classes to evaluate (default: those of the runs)")
    trend.add_argument("--json", action="store_true", help="print JSON instead of a table")
    trend.set_defaults(call=_trend)


def _trend(chosen: argparse.Namespace) -> int:
    from contextlib import nullcontext

    from rich import box
    from rich.console import Console
    from rich.table import Table

    from replay.gates.trend import Asked, one_more_night

    asked = Asked(figure=chosen.figure, alpha=chosen.alpha, labels=tuple(chosen.labels))
    waiting = Console(stderr=True)
    with waiting.status("scoring both sides") if waiting.is_terminal else nullcontext():
        told = one_more_night(chosen.history, chosen.run, chosen.baseline, asked)
    if chosen.json:
        print_json(told)
        return REGRESSION if told.alarm else NO_REGRESSION
    console = Console(highlight=False)
    table = Table(title=f"{told.figure} tonight, minus the baseline's", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("recording", overflow="fold")
    table.add_column("difference", justify="right")
    for step in told.tonight:
        table.add_row(step.recording, f"{step.difference:+.4f}")
    console.print(table)
    for name in told.undefined:
        console.print(f"{name}: one side has no figure; not bet on")
    verdict = f"[bold red]ALARM[/] since line {told.alarm_since}" if told.alarm else "[bold green]no alarm[/]"
    console.print(
        f"{verdict}: wealth {told.wealth:.3g}, at most {told.greatest_wealth:.3g} so far; the alarm is given from "
        f"{1 / told.alpha:g} on, falsely with probability {told.alpha:g} at most over all nights together"
    )
    console.print(f"{told.nights} nights, {told.n} differences, mean {told.mean:+.4f}; {told.history}")
    return REGRESSION if told.alarm else NO_REGRESSION


def _alpha(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("a probability lies between 0 and 1")
    return value
