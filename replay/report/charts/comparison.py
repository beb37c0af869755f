"""Two sides in pictures: the differences with their intervals, each recording, and both tails."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from replay.comparison.result import Row, SequenceRow
from replay.metrics.pool import Numbers
from replay.report.charts.accuracy import LONGEST, shortened
from replay.report.charts.latency import LEAST_MS, exceeding
from replay.report.charts.style import (
    ACCENT,
    ALARM,
    FAINT,
    HALF,
    INK,
    QUIET,
    WIDE,
    figure,
    ms_ticks,
    note,
    styled,
    to_svg,
)
from replay.statistics.verdicts import Verdict

SIDES = {"A": QUIET, "B": ACCENT}
VERDICTS = {Verdict.WORSE: ALARM, Verdict.NOT_WORSE: "#2a9d6f", Verdict.INCONCLUSIVE: "#c9961a", None: QUIET}
ROW_IN = 0.3
MOST_RECORDINGS = 40


def intervals(rows: Sequence[Row], name: str, *, ratio: bool) -> Markup:
    """Each row's difference B - A (or B / A) with its interval; the shade is what the margin allows."""
    even = 1.0 if ratio else 0.0
    with styled():
        width = WIDE[0] if ratio else HALF[0]
        drawn = figure((width, ROW_IN * len(rows) + 1.0), left_in=1.6, right_in=0.75)
        axes = drawn.add_subplot()
        axes.axvline(even, color=INK, linewidth=1)
        for place, row in enumerate(rows):
            colour = VERDICTS[row.verdict]
            if row.margin is not None:
                worst = row.margin if ratio else -row.margin
                axes.barh(place, worst - even, left=even, height=0.8, color=FAINT, alpha=0.8)
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2)
            axes.plot([row.difference], [place], "o", color=colour, markersize=5)
            told = f"{row.difference:.3f}" if ratio else f"{row.difference:+.3f}"
            if np.isfinite(row.difference):
                note(axes, 1.02, place, told, xycoords=("axes fraction", "data"), va="center")
        axes.set_yticks(range(len(rows)), [shortened(row.of or row.figure) for row in rows], color=INK)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel("B / A: to the right, B is slower" if ratio else "B − A: to the left, B is less accurate")
        axes.grid(visible=False, axis="y")
        return to_svg(drawn, name, "The change from A to B of each figure, with its interval")


def recordings(rows: Sequence[SequenceRow], name: str) -> Markup:
    """AP of A and of B on each recording, the greatest loss first; MOST_RECORDINGS of them."""
    known = [row for row in rows if np.isfinite(row.a) and np.isfinite(row.b)]
    shown = sorted(known, key=lambda row: row.b - row.a)[:MOST_RECORDINGS]
    with styled():
        drawn = figure((HALF[0], 0.24 * max(len(shown), 4) + 1.0), left_in=1.6)
        axes = drawn.add_subplot()
        for place, row in enumerate(shown):
            axes.plot([row.a, row.b], [place, place], color=ALARM if row.b < row.a else "#2a9d6f", linewidth=1.6)
        for side, values in (("A", [row.a for row in shown]), ("B", [row.b for row in shown])):
            axes.plot(values, range(len(shown)), "o", color=SIDES[side], markersize=5, label=side)
        axes.set_yticks(range(len(shown)), [_ending(row.recording) for row in shown])
        axes.set_ylim(max(len(shown), 4) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("AP on this recording alone")
        axes.legend(loc="lower right", ncols=2)
        axes.grid(visible=False, axis="y")
        return to_svg(drawn, name, "AP of both sides on each recording")


def tails(sides: Mapping[str, Sequence[Numbers]], name: str) -> Markup:
    """The share of frames slower than each latency (ms): each run a thin line, each side's runs in one colour."""
    with styled():
        drawn = figure(WIDE)
        axes = drawn.add_subplot()
        n = 1
        for side, runs in sides.items():
            label = f"{side} ({len(runs)} run{'' if len(runs) == 1 else 's'}, n={sum(map(len, runs)):,})"
            for values in (run for run in runs if len(run)):
                x, y = exceeding(np.maximum(values, LEAST_MS))
                axes.plot(x, y, drawstyle="steps-post", color=SIDES[side], linewidth=1.4, label=label)
                label, n = "", max(n, len(values))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(0.6 / n, 1.4)
        ms_ticks(axes.xaxis)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.6g} %")
        axes.set_xlabel("capture to result longer than … ms, logarithmic")
        axes.set_ylabel("share of frames")
        axes.legend(loc="lower left")
        return to_svg(drawn, name, "Share of frames of both sides that took longer than each latency")


def _ending(name: str) -> str:
    """Recordings of one set differ at their ends."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
