"""`gilmok replay compare`: is B worse than A?"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.classes_option import add_classes, classes_of
from replay.report.language import LANGUAGES
from sensors.ranges import Growth, Resamples, Seed, Share, in_range
from sensors.terminal.exit_status import DONE, REGRESSION

if TYPE_CHECKING:
    from replay.comparison.compare import ComparisonSettings
    from replay.comparison.plan import Plan
    from sensors.terminal.text_table import Table


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = "Exit status: 0 not worse or inconclusive, 1 can't be compared, 2 usage, 3 B is worse."
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="A and B: run folders, or folders of them")
    parser.add_argument("--a", nargs="+", type=Path, default=[], metavar="RUN", help="the runs of A")
    parser.add_argument("--b", nargs="+", type=Path, default=[], metavar="RUN", help="the runs of B")
    add_terms(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the comparison as an HTML page")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the page (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--plan",
        action="store_true",
        help="of A, or of A and B: how many recordings and runs each verdict would take",
    )
    parser.set_defaults(call=_compare, parser=parser)


def add_terms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--margin-ap", type=in_range(Share), default=0.005, help="how much AP may fall (.005)")
    parser.add_argument("--margin-sap", type=in_range(Share), default=0.01, help="how much sAP may fall (.01)")
    parser.add_argument(
        "--margin-rel",
        type=in_range(Share),
        metavar="SHARE",
        help="of A's own AP and sAP; the stricter of this and the other margins holds",
    )
    parser.add_argument(
        "--margin-p99", type=in_range(Growth), default=1.05, help="by what factor a p99 may grow (1.05)"
    )
    parser.add_argument("--labels", nargs="+", default=[], help="classes to evaluate (default: those of the runs)")
    add_classes(parser)
    parser.add_argument("--common", action="store_true", help="leave out recordings that only one side played")
    parser.add_argument(
        "--here",
        action="store_true",
        help="judge each recording by itself, too, by blocks of its time (below eight recordings that is always done)",
    )
    parser.add_argument("--resamples", type=in_range(Resamples), default=2000, help="bootstrap draws (2000)")
    parser.add_argument("--seed", type=in_range(Seed), default=1, help="of the bootstrap (1); recorded")


def settings_of(chosen: argparse.Namespace) -> "ComparisonSettings":
    from replay.comparison.compare import ComparisonSettings
    from replay.comparison.result import Margins

    return ComparisonSettings(
        margins=Margins(ap=chosen.margin_ap, sap=chosen.margin_sap, p99=chosen.margin_p99, relative=chosen.margin_rel),
        labels=tuple(chosen.labels),
        classes=classes_of(chosen),
        common=chosen.common,
        here=chosen.here,
        resamples=chosen.resamples,
        seed=chosen.seed,
    )


@contextmanager
def watched(settings: "ComparisonSettings", *, told: bool = True) -> Iterator[Callable[[int], None]]:
    """A progress bar, if it is told; what it yields takes the draws that were worked out."""
    from sensors.terminal import console

    # Two sides; streamed accuracy is another pass over both, which only the runs themselves tell.
    whole = 2 * (settings.resamples + 1)
    with console.bars("share", "remaining", drawn=told) as bars:
        task = bars.add_task("resampling", total=whole)
        done = 0

        def progress(draws: int) -> None:
            nonlocal done
            done += draws
            bars.update(task, completed=done, total=whole if done <= whole else 2 * whole)

        yield progress


def _compare(chosen: argparse.Namespace) -> int:
    if chosen.plan:
        return _plan(chosen)
    from replay.comparison.compare import compare
    from replay.comparison.tables import render
    from replay.statistics.verdicts import Verdict
    from sensors.terminal import console

    a, b = _sides(chosen)
    settings = settings_of(chosen)
    with watched(settings) as progress:
        held = compare(a, b, settings, progress)
    if chosen.json:
        console.print_json(held.comparison)
    else:
        console.show(*render(held.comparison))
    if chosen.out is not None:
        from replay.report.comparison import write_comparison

        write_comparison(held, chosen.out, chosen.language)
        if not chosen.json:
            console.say(f"page: {chosen.out}")
    return REGRESSION if held.comparison.verdict is Verdict.WORSE else DONE


def _plan(chosen: argparse.Namespace) -> int:
    from replay.comparison.plan import plan
    from replay.comparison.sides import check_side, read_side
    from replay.runs.recordings import Recordings
    from sensors.terminal import console

    alone = len(chosen.runs) == 1 and not (chosen.a or chosen.b)
    a, b = (chosen.runs, []) if alone else _sides(chosen)
    recordings = Recordings()
    sides = [read_side(paths, recordings) for paths in (a, b) if paths]
    for side in sides:
        check_side(side)
    settings = settings_of(chosen)
    with watched(settings) as progress:
        told = plan(sides[0], sides[1] if len(sides) > 1 else None, settings, progress)
    if chosen.json:
        console.print_json(told)
    else:
        console.show(_plan_table(told), *told.notes)
    return DONE


def _plan_table(told: "Plan") -> "Table":
    from sensors.terminal.figures import number
    from sensors.terminal.text_table import Table, numbers

    heads = numbers("deviation", "n", "power", "needed")
    table = Table("What each verdict takes (needed: for a power of 80 %)", ["figure", "verdict", "to show", *heads])
    for row in told.rows:
        table.add(
            row.figure,
            row.verdict,
            row.shows,
            f"{number(row.deviation)}{' supposed' if row.supposed else ''}",
            str(row.n),
            "-" if row.power is None else f"{number(100 * row.power, 0)} %",
            "-" if row.needed is None else f"{row.needed:,} {row.unit}{'' if row.paired else ' a side'}",
        )
    return table


def _sides(chosen: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    if len(chosen.runs) == 2 and not (chosen.a or chosen.b):
        return [chosen.runs[0]], [chosen.runs[1]]
    if not chosen.runs and chosen.a and chosen.b:
        return chosen.a, chosen.b
    chosen.parser.error("name two sides: A B, or --a RUN ... --b RUN ...")
    raise AssertionError("argparse has left")
