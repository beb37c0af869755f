"""Rightness in pictures: precision against recall, and what of the truth was found."""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from replay.metrics.by_score import Operating
from replay.report.charts.style import ACCENT, HALF, INK, QUIET, SERIES, WIDE, figure, note, styled, to_svg
from replay.report.evidence import Curve
from replay.report.slices import Breakdown
from replay.runs.supposition import Point

MOST_CURVES = len(SERIES)
LIGHT = "#b9d6de"
ROW_IN = 0.235
LEGEND_ROW_IN = 0.2
LONGEST = 20


def precision_recall(curves: Sequence[Curve], operating: Operating, name: str) -> Markup:
    """Interpolated, at IoU .50, of the classes with the most objects; the dot is all classes' operating score."""
    shown = sorted(curves, key=lambda curve: -curve.n)[:MOST_CURVES]
    legend_in = LEGEND_ROW_IN * math.ceil((len(shown) + 1) / 2)
    with styled():
        drawn = figure((HALF[0], HALF[1] + legend_in), bottom_in=0.6 + legend_in)
        axes = drawn.add_subplot()
        for curve, colour in zip(shown, SERIES, strict=False):
            label = f"{shortened(curve.name)}: AP50 {curve.ap50:.3f} (n={curve.n})"
            # Up to the greatest recall, and down: beyond, COCO's precision is 0.
            end = int(np.flatnonzero(curve.precision)[-1]) if curve.precision.any() else 0
            x, y = curve.recalls[: end + 1], curve.precision[: end + 1]
            axes.plot([*x, x[-1]], [*y, 0], color=colour, linewidth=1.8, label=label)
        axes.plot(
            [operating.recall],
            [operating.precision],
            "o",
            color=INK,
            markersize=5,
            zorder=4,
            label=f"at score {operating.score:.2f}: F1 {operating.f1:.2f}",
        )
        axes.set_xlim(0, 1.01)
        axes.set_ylim(0, 1.03)
        axes.set_xlabel("recall: share of the objects that are found")
        axes.set_ylabel("precision: share right")
        axes.legend(loc="upper left", bbox_to_anchor=(-0.04, -0.13), ncols=2, columnspacing=1.2)
        return to_svg(drawn, name, "Precision against recall at IoU .50, by class")


def shares_found(breakdowns: Sequence[Breakdown], name: str) -> Markup:
    """A bar for each part of the truth: dark at the operating score, light at any score."""
    rows = sum(len(one.parts) + 1 for one in breakdowns)
    with styled():
        drawn = figure((HALF[0], max(HALF[1], ROW_IN * rows + 0.6)), left_in=1.5, right_in=0.7)
        axes = drawn.add_subplot()
        place = 0.0
        ticks: list[tuple[float, str]] = []
        for one in breakdowns:
            axes.annotate(
                one.title, (-0.02, place), xycoords=("axes fraction", "data"), ha="right", va="center",
                fontsize=9, color=INK, fontweight="bold", annotation_clip=False,
            )  # fmt: skip
            for part in one.parts:
                place += 1
                axes.barh(place, part.found_at_any, height=0.62, color=LIGHT)
                axes.barh(place, part.found, height=0.62, color=ACCENT)
                axes.annotate(f"n={part.n}", (1.02, place), va="center", fontsize=8.5, color=QUIET,
                              annotation_clip=False)  # fmt: skip
                ticks.append((place, shortened(part.name)))
            place += 1.3
        axes.set_yticks([at for at, _ in ticks], [text for _, text in ticks])
        axes.set_ylim(place - 0.6, -0.7)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value * 100:.0f} %")
        axes.set_xlabel("share of the objects that were found")
        axes.grid(visible=False, axis="y")
        return to_svg(drawn, name, "Share of the objects found, by class, size, distance and what hides them")


def accuracy_if_later(points: Sequence[Point], without_time: float | None, name: str) -> Markup:
    """Streaming AP50 against the latency that is added, beside the AP50 of the frames by their own answers."""
    own = without_time or 0.0
    ap50 = [point.figures["AP50"] or 0.0 for point in points]
    with styled():
        drawn = figure(WIDE, right_in=1.1)
        axes = drawn.add_subplot()
        axes.axhline(own, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        told = f"own answers\n{own:.3f}"
        note(axes, 1.01, own, told, xycoords=("axes fraction", "data"), va="center")
        # Each step about doubles what is added: side by side, so that the first ones can be told apart.
        places = range(len(ap50))
        axes.plot(places, ap50, "o-", color=ACCENT, linewidth=1.8, markersize=4.5)
        sure = [(place, *ends) for place, point in zip(places, points, strict=True) if (ends := _ends(point))]
        if sure:
            at, lows, highs = zip(*sure, strict=True)
            axes.vlines(at, lows, highs, color=ACCENT, linewidth=1.2, alpha=0.6)
        axes.set_xticks(places, [f"+{point.added_ms:g}" for point in points])
        for place, value in enumerate(ap50):
            axes.annotate(f"{value:.3f}", (place, value), (4, 5), textcoords="offset points", fontsize=8.5, color=INK)
        axes.set_ylim(0, 1.12 * max(own, *ap50, 0.01))
        axes.set_xlim(-0.15, len(places) - 0.6)
        axes.set_xlabel("ms added to the latency of every answer")
        axes.set_ylabel("streaming AP50")
        return to_svg(drawn, name, "Streaming AP50 against added latency")


def _ends(point: Point) -> tuple[float, float] | None:
    """Of AP50's interval."""
    low, high = point.figures.get("AP50_low"), point.figures.get("AP50_high")
    return None if low is None or high is None else (low, high)


def shortened(name: str) -> str:
    """As long as the margin is wide."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
