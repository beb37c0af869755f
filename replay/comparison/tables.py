"""A comparison as tables for a terminal."""

import math
from collections.abc import Sequence

from replay.comparison.result import Comparison, Row
from replay.statistics.verdicts import Verdict
from sensors.terminal.figures import ms, number, signed
from sensors.terminal.text_table import Table, Text, numbers

COLOURS = {Verdict.WORSE: "bold red", Verdict.NOT_WORSE: "bold green", Verdict.INCONCLUSIVE: "bold yellow"}


def render(told: Comparison) -> list[Text | Table]:
    """The verdict first, then figures, classes, and what differs beside them."""
    parts: list[Text | Table] = [Text(told.verdict, COLOURS[told.verdict])]
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
    parts += [Text(note, "dim") for note in told.notes]
    parts.append(
        Text(f"sequences: {told.sequences}; {told.resamples:,} resamples, seed {told.seed}; {told.pace}", "dim")
    )
    return parts


def _rows(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title, ["", *numbers("A", "B", "change", "interval", "n"), "verdict"])
    for row in rows:
        table.add(row.of or row.figure, *cells(row), _verdict(row))
    return table


def cells(row: Row) -> list[str]:
    """A, B, the change, its interval, n."""
    interval = "-" if math.isnan(row.low) else f"{_change(row, row.low)}..{_change(row, row.high)}"
    return [_value(row, row.a), _value(row, row.b), _change(row, row.difference), interval, str(row.n)]


def _value(row: Row, value: float) -> str:
    return ms(value) if row.unit == "runs" else number(value)


def _change(row: Row, value: float) -> str:
    return number(value, 3) if row.unit == "runs" else signed(value)


def _verdict(row: Row) -> Text:
    return Text("") if row.verdict is None else Text(row.verdict, COLOURS[row.verdict])


def _identity(told: Comparison) -> Table:
    table = Table("What else differs", ["", "A", "B"])
    for row in told.identity:
        table.add(row.what, _listing(row.a), _listing(row.b))
    return table


def _listing(names: Sequence[str]) -> str:
    return (", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")) or "-"
