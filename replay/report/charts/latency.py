"""Time in pictures: where it goes, how bad it gets, and when."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from replay.metrics.percentiles import least_n
from replay.metrics.pool import Numbers
from replay.report.charts.style import (
    ACCENT,
    ALARM,
    FAINT,
    HALF,
    INK,
    QUIET,
    SERIES,
    STAGE_COLOURS,
    WIDE,
    figure,
    ms_ticks,
    note,
    styled,
    to_svg,
)
from replay.report.timeline import Timeline

LEAST_MS = 1e-3
"""A logarithmic axis has no zero."""
MOST_STEPS = 600
MOST_DOTS = 3000
BINS = 60


def stage_boxes(rows: Mapping[str, Numbers], name: str) -> Markup:
    """A box a row (ms, one value a frame): the middle half, its median, p10 to p90, and the slowest."""
    with styled():
        drawn = figure(HALF, left_in=1.25)
        axes = drawn.add_subplot()
        for place, (row, values) in enumerate(rows.items()):
            low, first, middle, third, high = np.quantile(
                np.maximum(values, LEAST_MS), (0.1, 0.25, 0.5, 0.75, 0.9), method="inverted_cdf"
            )
            colour = STAGE_COLOURS.get(row, QUIET)
            axes.plot([low, high], [place, place], color=colour, linewidth=1.4)
            axes.barh(place, third - first, left=first, height=0.52, color=colour, alpha=0.85)
            axes.plot([middle, middle], [place - 0.25, place + 0.25], color=INK, linewidth=2, solid_capstyle="butt")
            axes.plot([max(float(values.max()), LEAST_MS)], [place], "o", markersize=3.6, color=colour)
            axes.annotate(short_ms(middle), (middle, place - 0.29), ha="center", va="bottom", fontsize=8.5, color=INK)
        axes.set_xscale("log")
        ms_ticks(axes.xaxis)
        axes.set_xlabel("ms, logarithmic")
        axes.set_yticks(range(len(rows)), list(rows), color=INK)
        axes.set_ylim(len(rows) - 0.6, -0.7)
        axes.grid(visible=False, axis="y")
        return to_svg(drawn, name, "Box plot of the latency of each stage, in milliseconds")


def tail(rows: Mapping[str, Numbers], period_ms: float, name: str) -> Markup:
    """The share of frames slower than each latency, of each row (ms); the first row stands out."""
    with styled():
        drawn = figure(HALF)
        axes = drawn.add_subplot()
        n = max(len(values) for values in rows.values())
        for (row, values), colour in zip(rows.items(), (INK, *SERIES), strict=False):
            x, y = exceeding(np.maximum(values, LEAST_MS))
            width = 2.0 if colour == INK else 1.2
            axes.plot(x, y, drawstyle="steps-post", color=colour, linewidth=width, label=f"{row} (n={len(values)})")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(0.6 / n, 1.4)
        for label, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)):
            if n >= least_n(q):
                axes.axhline(1 - q, color=FAINT, linewidth=1)
                note(axes, 1.015, 1 - q, label, xycoords=("axes fraction", "data"), va="center")
        if np.isfinite(period_ms):
            axes.axvline(period_ms, color=ALARM, linewidth=1, linestyle=(0, (4, 3)))
            note(axes, period_ms, 1.01, "frame period", xycoords=("data", "axes fraction"), ha="center", va="bottom")
        ms_ticks(axes.xaxis)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.6g} %")
        axes.set_xlabel("longer than … ms, logarithmic")
        axes.set_ylabel("share of frames, logarithmic")
        axes.legend(loc="lower left")
        return to_svg(drawn, name, "Share of frames that took longer than each latency, on logarithmic axes")


def exceeding(values: Numbers) -> tuple[Numbers, Numbers]:
    """Steps of the share that is greater: at most MOST_STEPS of them, closer together towards the slowest."""
    ordered = np.sort(values)
    n = len(ordered)
    # Counted from the slowest, so that what is rare is never thinned.
    ranks = np.unique(np.geomspace(1, n, min(n, MOST_STEPS)).round().astype(np.int64))[::-1]
    x = np.concatenate([ordered[:1], ordered[n - ranks]])
    y = np.concatenate([[1.0], (ranks - 1) / n])
    y[-1] = 0.5 / n
    return x, y


def over_time(time: Timeline, period_ms: float, name: str) -> Markup:
    """Latency of each ok frame at its capture; below, when frames were dropped or failed, if any were."""
    lost = [("dropped", time.dropped_s, "#e0a899"), ("failed", time.failed_s, ALARM)]
    lost = [one for one in lost if len(one[1])]
    with styled():
        drawn = figure(WIDE)
        above, below = _two_rows(drawn, bool(lost))
        rasterized = len(time.ok_s) > MOST_DOTS
        above.plot(time.ok_s, np.maximum(time.ok_ms, LEAST_MS), "o", markersize=2.6, color=ACCENT, alpha=0.75,
                   markeredgewidth=0, rasterized=rasterized)  # fmt: skip
        if np.isfinite(period_ms):
            above.axhline(period_ms, color=ALARM, linewidth=1, linestyle=(0, (4, 3)))
            note(above, 1.005, period_ms, "frame\nperiod", xycoords=("axes fraction", "data"), va="center")
        above.set_yscale("log")
        ms_ticks(above.yaxis)
        above.set_ylabel("latency, ms")
        edges = np.linspace(0, max(time.end_s, 1e-9), BINS + 1)
        above.set_xlim(0, edges[-1])
        if below is None:
            above.set_xlabel("s since the first frame")
        else:
            floor = np.zeros(BINS)
            for label, at_s, colour in lost:
                counts = np.histogram(at_s, edges)[0].astype(np.float64)
                below.bar(edges[:-1], counts, np.diff(edges), floor, align="edge", color=colour,
                          label=f"{label} (n={len(at_s)})")  # fmt: skip
                floor += counts
            below.set_ylabel("frames lost")
            below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
            below.set_xlabel(f"s since the first frame; each bar {edges[1]:.2g} s")
            below.legend(loc="upper right", bbox_to_anchor=(1, 1.35), ncols=2)
        return to_svg(drawn, name, "Latency of each frame over the time of the run, and frames lost over time")


def _two_rows(drawn: Figure, two: bool) -> tuple[Axes, Axes | None]:
    if not two:
        return drawn.add_subplot(), None
    grid = drawn.add_gridspec(2, 1, height_ratios=(3, 1))
    above = drawn.add_subplot(grid[0])
    above.tick_params(labelbottom=False)
    return above, drawn.add_subplot(grid[1], sharex=above)


def short_ms(value: float) -> str:
    if value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"
