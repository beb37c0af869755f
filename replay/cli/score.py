"""`gilmok replay score`: the findings of any program against any truth, by the metric that is named."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay.cli.classes_option import add_classes, classes_of

if TYPE_CHECKING:
    from replay.scoring.class_table import ClassTable
    from replay.scoring.submission import Submission
    from sensors.terminal.text_table import Table

METRICS = ("coco", "sap", "kitti", "hota")


def register(score: argparse.ArgumentParser) -> None:
    score.add_argument("--truth", required=True, type=Path, metavar="T.json", help="frames, annotations, categories")
    score.add_argument("--outputs", required=True, type=Path, metavar="O.json", help="what the program found, and when")
    score.add_argument("--metric", required=True, choices=METRICS)
    add_classes(score)
    score.add_argument("--json", action="store_true", help="print JSON instead of a table")
    score.set_defaults(call=_score)


def _score(chosen: argparse.Namespace) -> int:
    from sensors.terminal import console

    with console.waiting(f"scoring {chosen.outputs}"):
        figures = scored(chosen.truth, chosen.outputs, chosen.metric, classes_of(chosen))
    if chosen.json:
        console.print_json(figures)
    else:
        console.show(*_tables(chosen.metric, figures), *figures.get("notes", []))
    return 0


def scored(
    truth: Path, outputs: Path, metric: str, classes: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Every figure of the metric; NaN where undefined. Raises FileRefused, RowRefused, or what `mapped` raises.

    `classes`: which of the outputs' labels count for which of the truth's; None or none: those that mean the same.
    """
    from replay.scoring.class_table import told
    from replay.scoring.submission_scores import SCORES

    submission, table = _read(truth, outputs, classes or {}, keep_truth=metric == "kitti")
    figures = dict(SCORES[metric](submission))
    if table is None:
        return figures
    return figures | {"classes": table, "notes": [*figures.get("notes", []), *told(table)]}


def _read(
    truth: Path, outputs: Path, classes: Mapping[str, Sequence[str]], *, keep_truth: bool
) -> "tuple[Submission, ClassTable | None]":
    """A function of its own, so that nothing but the submission holds the files' rows."""
    from replay.scoring.submission import Submission
    from replay.scoring.submission_classes import mapped
    from replay.scoring.submission_files import read_outputs, read_truth

    there = read_truth(truth)
    there, given, table = mapped(there, read_outputs(outputs, there), classes, keep_truth=keep_truth)
    return Submission(there, given), table


def _tables(metric: str, figures: Mapping[str, Any]) -> "list[Table]":
    """The figures that are one number, then those that come by class."""
    from sensors.terminal.figures import ENDS, is_end, sure
    from sensors.terminal.text_table import Table, numbers

    shown = {name: value for name, value in figures.items() if name not in figures.get("deprecated", ())}
    plain = {name: value for name, value in shown.items() if value is None or isinstance(value, int | float)}
    overall = Table(
        metric, ["figure", *numbers("value (95 %)" if any(is_end(name, plain) for name in plain) else "value")]
    )
    for name in plain:
        if not is_end(name, plain):
            overall.add(name, sure(plain, name))
    tables = [overall]
    by_class = {name: rows for name, rows in shown.items() if isinstance(rows, dict) and rows and name != "deprecated"}
    for title, rows in by_class.items():
        if is_end(title, by_class):
            continue
        # KITTI's tables hold one figure, and their ends are tables of their own; the others hold their ends.
        beside = {end: by_class.get(f"{title}{end}", {}) for end in ENDS}
        table = Table(title, ["figure", *numbers(*rows)])
        for name in next(iter(rows.values())):
            ends = [
                {**row, **{f"{name}{end}": at[of][name] for end, at in beside.items() if at}}
                for of, row in rows.items()
            ]
            if not is_end(name, next(iter(rows.values()))):
                table.add(name, *(sure(row, name) for row in ends))
        tables.append(table)
    return tables
