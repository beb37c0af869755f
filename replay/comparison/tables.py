"""A comparison as tables for a terminal."""

import math
from collections.abc import Iterator, Sequence

from replay.comparison.result import AgreementRow, Comparison, HereRow, OwnInterval, Row, SidesByScore
from replay.statistics.verdicts import HereVerdict, Verdict
from sensors.terminal.figures import ms, number, signed, sure
from sensors.terminal.text_table import Table, Text, numbers

COLOURS = {Verdict.WORSE: "bold red", Verdict.NOT_WORSE: "bold green", Verdict.INCONCLUSIVE: "bold yellow"}
HERE_COLOURS = {
    HereVerdict.WORSE_HERE: "red",
    HereVerdict.NOT_WORSE_HERE: "green",
    HereVerdict.CANT_TELL_HERE: "yellow",
}
BEST = ("score", "precision", "recall", "f1")
HERE = "On one recording by itself (by blocks of its time; says nothing about other roads)"


def render(told: Comparison) -> list[Text | Table]:
    """The verdict first, then figures, classes, and what differs beside them."""
    parts: list[Text | Table] = [Text(told.verdict, COLOURS[told.verdict])]
    parts += [Text(f"  {sentence}") for sentence in told.because]
    parts += [
        Text(f"{name}: {_listing(side.runs)} ({_listing(side.models)} on {_listing(side.backends)})")
        for name, side in (("A", told.a), ("B", told.b))
    ]
    title = "Figures, with 95 % intervals of A, of B, and of B - A (latencies: ms, and B / A)"
    parts.append(_rows(title, told.figures, "n"))
    if told.per_class:
        parts.append(_rows("AP by class (WORSE: Holm's correction over all classes)", told.per_class, "recordings"))
    if told.by_score is not None:
        parts.append(_by_score(told.by_score))
    if told.agreement:
        parts.append(_agreement(told.agreement))
    if told.here:
        parts += [_here(told.here), *(Text(f"  {here_sentence(row)}") for row in told.here)]
    if told.identity:
        parts.append(_identity(told))
    parts += [Text(note, "dim") for note in told.notes]
    parts.append(
        Text(f"sequences: {told.sequences}; {told.resamples:,} resamples, seed {told.seed}; {told.pace}", "dim")
    )
    return parts


def _rows(title: str, rows: Sequence[Row], n: str) -> Table:
    table = Table(title, ["", *numbers("A", "B", "change", "interval", n, "pictures", "boxes"), "verdict"])
    for row in rows:
        table.add(row.of or row.figure, *cells(row), _verdict(row))
    return table


def cells(row: Row, to: str = "..") -> list[str]:
    """A, B, the change, its interval, n, pictures, boxes."""
    interval = "-" if math.isnan(row.low) else f"{_change(row, row.low)}{to}{_change(row, row.high)}"
    sides = [ms(row.a), ms(row.b)] if row.unit == "runs" else own_cells(row, row.a, row.b, to)
    return [*sides, _change(row, row.difference), interval, str(row.n), *size_cells(row)]


def own_cells(of: OwnInterval, a: float | None, b: float | None, to: str = "..") -> list[str]:
    """Each side's figure with its own interval."""
    known = {"a": a, "a_low": of.a_low, "a_high": of.a_high, "b": b, "b_low": of.b_low, "b_high": of.b_high}
    return [sure(known, name, to=to) for name in ("a", "b")]


def size_cells(of: OwnInterval) -> list[str]:
    """Pictures and boxes; empty where it is no AP."""
    return ["" if n is None else f"{n:,}" for n in (of.n_frames, of.n_truth)]


def _here(rows: Sequence[HereRow]) -> Table:
    table = Table(HERE, ["", "", *numbers("A", "B", "change", "interval", "blocks", "pictures", "boxes"), "verdict"])
    for row in rows:
        table.add(row.recording, row.figure, *here_cells(row), Text(row.verdict, HERE_COLOURS[row.verdict]))
    return table


def here_cells(row: HereRow, to: str = "..") -> list[str]:
    """A, B, the change, its interval, how many blocks of how many seconds, pictures, boxes."""
    interval = "-" if math.isnan(row.low) else f"{signed(row.low)}{to}{signed(row.high)}"
    blocks = str(row.blocks) if row.block_s is None else f"{row.blocks} of {row.block_s:.3g} s"
    return [*own_cells(row, row.a, row.b, to), signed(row.difference), interval, blocks, *size_cells(row)]


def here_sentence(row: HereRow) -> str:
    return f"{row.figure} on {row.recording}: {row.verdict}, {row.why}"


def _agreement(rows: Sequence[AgreementRow]) -> Table:
    heads = numbers("F1 of pairs", "IoU", "pairs", "found by A", "by B", "pictures")
    table = Table("Agreement where nobody labelled anything (score .50, IoU .50; no accuracy)", ["", "", *heads])
    for row in rows:
        for name, cells in agreement_cells(row):
            table.add(row.recording, name or "all classes", *cells)
    return table


def agreement_cells(row: AgreementRow, to: str = "..") -> Iterator[tuple[str, list[str]]]:
    """All classes together, under no name, and then each: F1 with its interval, mean IoU, pairs, findings, pictures."""
    told = row.agreement
    whole = {"f1": told.paired.f1, "f1_low": told.f1_low, "f1_high": told.f1_high}
    for name, paired in (("", told.paired), *((name, one.paired) for name, one in told.per_class.items())):
        f1 = number(paired.f1) if name else sure(whole, "f1", to=to)
        if not name or paired.n_a or paired.n_b:
            counts = [f"{n:,}" for n in (paired.pairs, paired.n_a, paired.n_b, told.frames)]
            yield name, [f1, number(paired.mean_iou, 3), *counts]


def _by_score(told: SidesByScore) -> Table:
    heads = [f"{head} {side}" for side in "AB" for head in ("score", "precision", "recall", "F1")]
    table = Table("Where F1 is greatest (IoU .50; chosen with the truth in hand)", ["", *numbers(*heads, "boxes")])
    sides = [{row.of: row for row in side.classes} for side in (told.a, told.b)]
    for of in dict.fromkeys(of for side in sides for of in side):
        cells: list[str] = []
        for row in (side.get(of) for side in sides):
            best = None if row is None else row.best
            cells += [number(None if best is None else getattr(best, name), 3) for name in BEST]
        n_truth = max(row.n_truth for side in sides if (row := side.get(of)) is not None)
        table.add(of or "all classes", *cells, f"{n_truth:,}")
    return table


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
