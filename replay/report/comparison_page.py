"""A comparison's page: the verdict, what it rests on, and how sure that is."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from replay.comparison.compare import Held
from replay.comparison.result import Comparison
from replay.comparison.result import Row as ComparedRow
from replay.comparison.sides import Side
from replay.comparison.tables import agreement_cells, cells, here_cells, here_sentence, own_cells
from replay.metrics.pool import Numbers
from replay.report import texts
from replay.report.charts.comparison import intervals, recordings, tails
from replay.report.glossary import COMPARISON_TERMS, GLOSSARY
from replay.report.page import environment
from replay.report.views.by_score import score_figure, score_rows
from replay.report.views.shapes import Figure, Row, Table
from replay.statistics.verdicts import Verdict
from sensors.clock import NS_PER_MS

USED = (
    "latency", "hub", "percentile", "tail", "match", "ap", "precision-recall", "operating", "streaming", "digest",
    "device", "valid", "books",
)  # fmt: skip
COLUMNS = (
    ("A (its 95 %)", ""),
    ("B (its 95 %)", ""),
    ("change", "change"),
    ("95 % interval", "interval"),
    ("n", "unit"),
    ("pictures", ""),
    ("objects", ""),
)
SENTENCES = {
    Verdict.WORSE: "B is worse than A.",
    Verdict.NOT_WORSE: "B is not worse than A.",
    Verdict.INCONCLUSIVE: "Nobody can tell yet whether B is worse than A.",
}


def comparison_page(held: Held) -> str:
    """The whole page: no script, and nothing that it would have to fetch."""
    told = held.comparison
    glossary = [*COMPARISON_TERMS, *(one for one in GLOSSARY if one.anchor in USED)]
    return (
        environment(glossary)
        .get_template("comparison.html.jinja")
        .render(
            title="A comparison – gilmok",
            told=told,
            sides=(("A", told.a), ("B", told.b)),
            verdict=told.verdict.value,
            sentence=SENTENCES[told.verdict],
            figures=tuple(_figures(held)),
            here=_here(told),
            tables=tuple(_tables(told)),
            own_cells=own_cells,
            runs=(("A", _runs(held.a)), ("B", _runs(held.b))),
        )
    )


def _tables(told: Comparison) -> Iterator[Table]:
    columns = (*COLUMNS, ("verdict", "verdict"), ("margin", "margin"))
    title = "Figures (of latencies: ms, and B / A; of accuracy: B − A)"
    yield Table(title, columns, tuple(_rows(told.figures)))
    if told.per_class:
        yield Table("AP by class", columns, tuple(_rows(told.per_class)))
    if told.agreement:
        yield _agreement(told)
    if told.by_score is not None:
        yield score_rows({"A": told.by_score.a, "B": told.by_score.b})


def _agreement(told: Comparison) -> Table:
    rows = [
        Row(
            f"{row.recording}: {name or 'all classes'}", tuple(texts.UNKNOWN if cell == "-" else cell for cell in cells)
        )
        for row in told.agreement
        for name, cells in agreement_cells(row, " to ")
    ]
    columns = [(head, "") for head in ("F1 of pairs", "mean IoU", "pairs", "found by A", "found by B", "pictures")]
    note = "Findings of .50 or above, paired one to one from an IoU of .50 on. No accuracy: two models may err alike."
    return Table("Agreement where nobody labelled anything", tuple(columns), tuple(rows), (note,))


def _here(told: Comparison) -> Table:
    columns = (*COLUMNS[:4], ("blocks", "here"), *COLUMNS[5:], ("verdict", "here"))
    rows = [
        Row(
            f"{row.figure} on {row.recording}",
            (*(texts.UNKNOWN if cell == "-" else cell for cell in here_cells(row, " to ")), row.verdict.value),
        )
        for row in told.here
    ]
    return Table("One recording by itself", columns, tuple(rows), tuple(here_sentence(row) for row in told.here))


def _rows(rows: Sequence[ComparedRow]) -> Iterator[Row]:
    for row in rows:
        told = [texts.UNKNOWN if cell == "-" else cell for cell in cells(row, " to ")]
        verdict = row.verdict.value if row.verdict else ""
        margin = "" if row.margin is None else f"{row.margin:g}"
        yield Row(
            row.of or row.figure,
            (*told[:4], texts.count(row.n, row.unit.removesuffix("s")), *told[5:], verdict, margin),
        )


def _figures(held: Held) -> Iterator[Figure]:
    told = held.comparison
    accuracy = [row for row in (*told.figures, *told.per_class) if row.unit != "runs" and _known(row)]
    latency = [row for row in told.figures if row.unit == "runs" and _known(row)]
    caption = "Dot: the change; line: its 95 % interval, where there is one; shade: how much the margin allows."
    terms = ("change", "interval", "margin")
    if accuracy:
        yield Figure("How right", intervals(accuracy, "accuracy", ratio=False), caption, terms)
    if any(_defined(row.a, row.b) for row in told.per_sequence):
        yield Figure(
            "Recording by recording",
            recordings(told.per_sequence, "recordings"),
            f"AP on each of {texts.count(len(told.per_sequence), 'recording')} alone, the greatest loss first.",
            ("ap", "unit"),
        )
    if told.by_score is not None:
        yield score_figure({"A": told.by_score.a, "B": told.by_score.b}, "by-score")
    if latency:
        yield Figure("How fast", intervals(latency, "latency", ratio=True), caption, terms, wide=True)
    sides = {"A": _latencies(held.a), "B": _latencies(held.b)}
    if any(len(run) for runs in sides.values() for run in runs):
        yield Figure(
            "Both tails",
            tails(sides, "tails"),
            "What share of the ok frames took longer than the time below; each run is a line.",
            ("tail", "latency"),
            wide=True,
        )


def _latencies(side: Side) -> list[Numbers]:
    """Milliseconds from capture to result of every ok frame, run by run."""
    ok = [[one for stream in run.streams for one in stream.reports if one.status == "ok"] for run in side.runs]
    return [np.array([report.total_ns for report in reports]) / NS_PER_MS for reports in ok]


def _runs(side: Side) -> list[tuple[str, str, str]]:
    """(run, folder, when) of each."""
    return [
        (run.identity.run, str(folder), texts.moment(run.identity.started_utc_ns))
        for run, folder in zip(side.runs, side.folders, strict=True)
    ]


def _known(row: ComparedRow) -> bool:
    return _defined(row.difference)


def _defined(*values: float) -> bool:
    return not any(map(math.isnan, values))
