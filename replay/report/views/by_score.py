"""Precision and recall by score, as a page shows them: a figure, and the best score of each class."""

from collections.abc import Mapping

from replay.report import texts
from replay.report.charts.by_score import MOST_CLASSES, by_score
from replay.report.views.shapes import Figure, Row, Table
from replay.scoring.by_score import ByScore, ScoreTable

COLUMNS = (
    ("score", "operating"),
    ("precision", "precision-recall"),
    ("recall", "precision-recall"),
    ("F1", "operating"),
)
NOTE = "Each score is chosen with the truth in hand: it is the best on these frames, and of others it promises nothing."


def score_figure(tables: Mapping[str, ScoreTable], name: str) -> Figure:
    """`tables` as of `charts.by_score`."""
    known = {row.of for table in tables.values() for row in table.classes if row.n_truth and row.of}
    shown = f"The {MOST_CLASSES} of {len(known)} classes with the most objects. " if len(known) > MOST_CLASSES else ""
    return Figure(
        "Precision and recall by score",
        by_score(tables, name),
        f"{shown}A match needs an IoU of .50. The dots: where F1 is greatest.",
        ("precision-recall", "match", "operating"),
        wide=True,
    )


def score_rows(tables: Mapping[str, ScoreTable]) -> Table:
    """A row a class, of either side that has it."""
    sides = {side: {row.of: row for row in table.classes} for side, table in tables.items()}
    names = dict.fromkeys(of for rows in sides.values() for of in rows)
    columns = [(f"{side} {head}".strip(), term) for side in sides for head, term in COLUMNS]
    return Table(
        "The score at which F1 is greatest (IoU .50)",
        (*columns, ("objects", ""), *((f"findings {side}".strip(), "") for side in sides)),
        tuple(_row(of, [rows.get(of) for rows in sides.values()]) for of in names),
        (NOTE,),
    )


def _row(of: str, sides: list[ByScore | None]) -> Row:
    cells: list[str] = []
    for one in sides:
        best = None if one is None else one.best
        cells += [
            texts.figure(None if best is None else getattr(best, name), 3)
            for name in ("score", "precision", "recall", "f1")
        ]
    n_truth = max(0 if one is None else one.n_truth for one in sides)
    found = [texts.UNKNOWN if one is None else f"{one.n_found:,}" for one in sides]
    return Row(of or "all classes", (*cells, f"{n_truth:,}", *found), inner=bool(of))
