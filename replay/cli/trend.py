"""`gilmok replay trend`: a test that may be looked at every night."""

import argparse
from pathlib import Path

from sensors.ranges import Probability, in_range
from sensors.terminal.exit_status import DONE, REGRESSION

FIGURES = ("AP", "AP50", "sAP_edge")


def register(trend: argparse.ArgumentParser) -> None:
    trend.description = "Exit status: 0 no alarm, 1 something can't be read, 2 usage, 3 surely worse than the baseline."
    trend.add_argument(
        "history", type=Path, metavar="HISTORY.jsonl", help="made if it isn't there; a folder: its trend.jsonl"
    )
    trend.add_argument("run", nargs="+", type=Path, metavar="RUN", help="tonight's run folders, or folders of them")
    trend.add_argument("--baseline", nargs="+", type=Path, required=True, metavar="RUN", help="always the same one")
    trend.add_argument("--figure", choices=FIGURES, default="AP", help="AP, AP50, or sAP_edge of runs in real time")
    trend.add_argument(
        "--alpha",
        type=in_range(Probability),
        help="the probability of a false alarm over all nights together (the history's, or .01)",
    )
    trend.add_argument("--labels", nargs="+", default=[], help="classes to evaluate (default: those of the runs)")
    trend.add_argument("--json", action="store_true", help="print JSON instead of a table")
    trend.set_defaults(call=_trend)


def _trend(chosen: argparse.Namespace) -> int:
    from replay.gates.trend import Asked, one_more_night
    from sensors.terminal import console
    from sensors.terminal.figures import short, signed
    from sensors.terminal.text_table import Table, Text, numbers

    asked = Asked(figure=chosen.figure, alpha=chosen.alpha, labels=tuple(chosen.labels))
    with console.waiting("scoring both sides"):
        told = one_more_night(chosen.history, chosen.run, chosen.baseline, asked)
    if chosen.json:
        console.print_json(told)
        return REGRESSION if told.alarm else DONE
    table = Table(f"{told.figure} tonight, minus the baseline's", ["recording", *numbers("difference")])
    for step in told.tonight:
        table.add(step.recording, signed(step.difference))
    verdict = Text(f"ALARM since line {told.alarm_since}", "bold red") if told.alarm else Text("no alarm", "bold green")
    console.show(
        table,
        *(f"{name}: one side has no figure; not bet on" for name in told.undefined),
        verdict,
        f"wealth {told.wealth:.3g}, at most {told.greatest_wealth:.3g} so far; the alarm is given from "
        f"{short(1 / told.alpha)} on, falsely with probability {short(told.alpha)} at most over all nights together",
        f"{told.nights} nights, {told.n} differences, mean {signed(told.mean)}; {told.history}",
    )
    return REGRESSION if told.alarm else DONE
