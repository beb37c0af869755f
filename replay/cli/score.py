"""`gilmok replay score`: the findings of any program against any truth, by the metric that is named."""

import argparse
import math
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

METRICS = ("coco", "sap", "kitti", "hota")


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    score = verbs.add_parser("score", help="score another program's findings: COCO, streaming, KITTI or tracking")
    score.add_argument("--truth", required=True, type=Path, metavar="T.json", help="frames, annotations, categories")
    score.add_argument("--outputs", required=True, type=Path, metavar="O.json", help="what the program found, and when")
    score.add_argument("--metric", required=True, choices=METRICS)
    score.add_argument("--json", action="store_true", help="print JSON instead of a table")
    score.set_defaults(call=_score)


def _score(chosen: argparse.Namespace) -> int:
    import msgspec
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(f"scoring {chosen.outputs}") if console.is_terminal else nullcontext():
        figures = scored(chosen.truth, chosen.outputs, chosen.metric)
    if chosen.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
        return 0
    output = Console(highlight=False)
    for table in _tables(chosen.metric, figures):
        output.print(table)
    for note in figures.get("notes", []):
        output.print(note, soft_wrap=True)
    return 0


def scored(truth: Path, outputs: Path, metric: str) -> dict[str, Any]:
    """Every figure of the metric; NaN where undefined. Raises FileRefused or RowRefused."""
    from replay.scoring.submission import SCORES, Submission
    from replay.scoring.submission_files import read_outputs, read_truth

    there = read_truth(truth)
    return SCORES[metric](Submission(there, read_outputs(outputs, there)))


def _tables(metric: str, figures: Mapping[str, Any]) -> "list[Table]":
    """The figures that are one number, then those that come by class."""
    from rich.box import SIMPLE
    from rich.table import Table

    plain = {name: value for name, value in figures.items() if value is None or isinstance(value, int | float)}
    overall = Table("figure", "value", title=metric, title_justify="left", box=SIMPLE, pad_edge=False)
    for name, value in plain.items():
        overall.add_row(name, _cell(value))
    tables = [overall]
    for title, rows in figures.items():
        if isinstance(rows, dict) and rows:
            table = Table("figure", *rows, title=title, title_justify="left", box=SIMPLE, pad_edge=False)
            for name in next(iter(rows.values())):
                table.add_row(name, *(_cell(row[name]) for row in rows.values()))
            tables.append(table)
    return tables


def _cell(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
