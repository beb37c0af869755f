"""Precision and recall against the score from which on a finding counts, class by class."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes

from replay.report.charts.accuracy import shortened
from replay.report.charts.comparison import SIDES
from replay.report.charts.style import ACCENT, INK, QUIET, WIDE, figure, styled, to_svg
from replay.scoring.by_score import ByScore, ScoreTable

MOST_CLASSES = 5
"""Beside all of them together."""
ACROSS = 3
ROW_IN, FOOT_IN = 2.3, 0.85
ALONE = {"": ACCENT}


def shown_classes(tables: Sequence[ScoreTable]) -> list[str]:
    """All together, and those with the most objects, if there is more than one."""
    n_truth: dict[str, int] = {}
    for one in (row for table in tables for row in table.classes):
        n_truth[one.of] = max(n_truth.get(one.of, 0), one.n_truth)
    every = n_truth.pop("", 0)
    known = sorted((name for name, n in n_truth.items() if n), key=lambda name: -n_truth[name])
    return ["", *known[:MOST_CLASSES]] if every and len(known) > 1 else known or [""]


def by_score(tables: Mapping[str, ScoreTable], name: str) -> Markup:
    """`tables`: of "A" and "B", or of one under "". A panel a class; the dot is where F1 is greatest."""
    colours = ALONE if len(tables) == 1 else SIDES
    classes = shown_classes(list(tables.values()))
    down = math.ceil(len(classes) / ACROSS)
    with styled():
        drawn = figure((WIDE[0], ROW_IN * down + FOOT_IN), bottom_in=FOOT_IN)
        panels = drawn.subplots(down, ACROSS, squeeze=False, sharey=True, sharex=True).flatten()
        drawn.subplots_adjust(hspace=0.35, wspace=0.1)
        for axes, of in zip(panels, classes, strict=False):
            rows = {side: row for side, table in tables.items() for row in table.classes if row.of == of}
            for side, row in rows.items():
                _lines(axes, row, tables[side].scores, colours[side], side)
            n = max((row.n_truth for row in rows.values()), default=0)
            axes.set_title(f"{shortened(of) or 'all classes'} (n={n:,})", fontsize=9.5, color=INK, loc="left")
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.04)
        for axes in panels[len(classes) :]:
            axes.set_visible(False)
        # A column that ends early has no axis below it to carry the figures.
        for axes in panels[max(0, len(classes) - ACROSS) : len(classes)]:
            axes.tick_params(labelbottom=True)
        lines, labels = panels[0].get_legend_handles_labels()
        drawn.legend(lines, labels, loc="lower center", ncols=len(labels), columnspacing=1.6)
        drawn.supxlabel(
            "findings of this score or above count", y=0.36 / drawn.get_figheight(), fontsize=9.5, color=QUIET
        )
        return to_svg(drawn, name, "Precision and recall against the score from which on a finding counts, by class")


def _lines(axes: Axes, row: ByScore, scores: Sequence[float], colour: str, side: str) -> None:
    of = f"{side}: " if side else ""
    axes.plot(scores, row.precision, color=colour, linewidth=1.7, label=f"{of}precision")
    axes.plot(scores, row.recall, color=colour, linewidth=1.7, linestyle=(0, (3, 2)), label=f"{of}recall")
    best = row.best
    if math.isfinite(best.score):
        both = [best.precision, best.recall]
        axes.plot([best.score] * 2, both, "o", color=colour, markersize=4, zorder=4, label=f"{of}greatest F1")
