"""A comparison as tables for a terminal."""

import math
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from replay.comparison.outcome import Comparison, Row
from replay.runs.tables import number
from replay.statistics.verdicts import Verdict
from sensors.clock import NS_PER_MS

COLOURS = {Verdict.WORSE: "bold red", Verdict.NOT_WORSE: "bold green", Verdict.INCONCLUSIVE: "bold yellow"}


def render(told: Comparison) -> RenderableType:
    """The verdict first, then figures, classes, and what differs beside them. Fits 80 columns."""
    parts: list[RenderableType] = [Text(told.verdict, style=COLOURS[told.verdict])]
    parts += [Text(f"  {sentence}") for sentence in told.because]
    parts += [
        Text(f"{name}: {_listing(side.runs)} ({_listing(side.models)} on {_listing(side.backends)})")
        for name, side in (("A", told.a), ("B", told.b))
    ]
    parts.append(_rows("Figures, with 95 % intervals of B - A (latencies: ms, and B / A)", told.figures))
    if told.per_class:
        parts.append(_rows("AP by class (WORSE: Holm's correction over all classes)", told.per_class))
    if told.identity:
        parts.append(_identity(told))
    parts += [Text(note, style="dim") for note in told.notes]
    parts.append(
        Text(f"sequences: {told.sequences}; {told.resamples:,} resamples, seed {told.seed}; {told.pace}", style="dim")
    )
    return Group(*parts)


def _rows(title: str, rows: Sequence[Row]) -> Table:
    table = _table(title)
    table.add_column("", overflow="fold")
    for column in ("A", "B", "change", "interval", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        table.add_row(row.of or row.figure, *cells(row), _verdict(row))
    return table


def cells(row: Row) -> list[str]:
    """A, B, the change, its interval, n."""
    interval = "-" if math.isnan(row.low) else f"{_change(row, row.low)}..{_change(row, row.high)}"
    return [_value(row, row.a), _value(row, row.b), _change(row, row.difference), interval, str(row.n)]


def _value(row: Row, value: float) -> str:
    return number(value / NS_PER_MS, 2) if row.unit == "runs" else number(value, 4)


def _change(row: Row, value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if row.unit == "runs" else f"{value:+.4f}"


def _verdict(row: Row) -> Text:
    return Text("") if row.verdict is None else Text(row.verdict, style=COLOURS[row.verdict])


def _identity(told: Comparison) -> Table:
    table = _table("What else differs")
    for column in ("", "A", "B"):
        table.add_column(column, overflow="fold")
    for row in told.identity:
        table.add_row(row.what, _listing(row.a), _listing(row.b))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _listing(names: Sequence[str]) -> str:
    return (", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")) or "-"
