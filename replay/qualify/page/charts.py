"""A qualification in pictures."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes

from replay.metrics.percentiles import Percentiles
from replay.qualify.parts.accuracy import ClassAccuracy
from replay.qualify.parts.endurance import Soak
from replay.qualify.parts.streams import Streams
from replay.report.charts.style import ACCENT, ALARM, HALF, INK, QUIET, SERIES, WIDE, figure, note, styled, to_svg
from sensors.clock import NS_PER_MS

DASHES = (0, (4, 3))
START_COLOURS = ("#aab4bf", "#7fc0c9", ACCENT, "#e08e2b")


def classes(rows: Sequence[ClassAccuracy], name: str) -> Markup:
    """AP of both sides, a pair of bars a class."""
    with styled():
        drawn = figure((HALF[0], max(1.6, 0.75 + 0.55 * len(rows))))
        axes = drawn.add_subplot()
        for place, row in enumerate(reversed(rows)):
            pair = ((row.reference, "#aab4bf", 0.19), (row.candidate, ACCENT, -0.19))
            for side, (figures, colour, shift) in zip(("reference", "candidate"), pair, strict=True):
                value = figures["AP"]
                axes.barh(place + shift, value, height=0.34, color=colour, label=side if place == 0 else None)
                axes.annotate(f" {value:.4f}", (value, place + shift), va="center", fontsize=8.5, color=INK)
        axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)], color=INK)
        axes.set_xlim(0, 1)
        axes.set_xlabel("AP (COCO, IoU .50 to .95)")
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower right")
        return to_svg(drawn, name, "AP of each class, reference and candidate")


def load(rows: Mapping[float, Percentiles], deadline_ms: float, name: str) -> Markup:
    """Latency at each arrival rate (samples a second), Poisson arrivals."""
    with styled():
        drawn = figure(HALF)
        axes = drawn.add_subplot()
        for label, colour in (("p50", SERIES[0]), ("p90", SERIES[1]), ("p99", SERIES[4])):
            known = [(rate, getattr(row, label)) for rate, row in sorted(rows.items())]
            points = [(rate, value / NS_PER_MS) for rate, value in known if value is not None]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", markersize=4, color=colour, label=label)
        _deadline(axes, deadline_ms)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.set_xlabel("arrivals a second (Poisson)")
        axes.set_ylabel("latency, ms")
        axes.legend(loc="upper left")
        return to_svg(drawn, name, "Latency percentiles at each arrival rate")


def cameras(streams: Streams, name: str) -> Markup:
    """p50 and p99 of whole frames by the number of cameras."""
    trials = sorted((one for one in streams.trials), key=lambda one: one.streams)
    with styled():
        drawn = figure(HALF)
        axes = drawn.add_subplot()
        for label, colour in (("p50", SERIES[0]), ("p99", SERIES[4])):
            points = [
                (one.streams, getattr(one.latency_ns, label) / NS_PER_MS)
                for one in trials
                if getattr(one.latency_ns, label) is not None
            ]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", markersize=4, color=colour, label=label)
        _deadline(axes, streams.deadline_ms)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        axes.set_xticks([one.streams for one in trials])
        axes.set_xlabel(f"cameras at {streams.rate_fps:g} frames/s")
        axes.set_ylabel("due to findings, ms, logarithmic")
        axes.legend(loc="upper left")
        return to_svg(drawn, name, "Latency of whole frames by the number of cameras")


def start(steps: Mapping[str, float], name: str) -> Markup:
    """Median seconds of each step, one after the other."""
    with styled():
        drawn = figure((WIDE[0], 1.25))
        axes = drawn.add_subplot()
        left = 0.0
        for (step, seconds), colour in zip(steps.items(), START_COLOURS, strict=True):
            axes.barh(0, seconds, left=left, height=0.6, color=colour, label=f"{step} {seconds:.2f} s")
            left += seconds
        axes.set_yticks([])
        axes.set_xlabel("s since the process was started, median of each step")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
        axes.grid(visible=False, axis="y")
        return to_svg(drawn, name, "Where the time of a cold start goes")


def soak(found: Soak, name: str) -> Markup:
    """Frames a second over the soak; below, the temperature where something tells it."""
    with styled():
        drawn = figure(WIDE)
        axes = drawn.add_subplot()
        middle = [window.begin_s + found.window_s / 2 for window in found.windows]
        axes.step(middle, [window.fps for window in found.windows], where="mid", color=ACCENT, label="inferences/s")
        axes.set_ylim(bottom=0)
        axes.set_ylabel("inferences a second", color=ACCENT)
        axes.set_xlabel(f"s since the beginning, windows of {found.window_s:g} s")
        if found.windows:
            axes.axhline(found.windows[0].fps, color=QUIET, linewidth=1, linestyle=DASHES)
            _at_the_edge(axes, found.windows[0].fps, "first window")
        heat = [(at, window.temperature_c) for at, window in zip(middle, found.windows, strict=True)]
        known = [(at, value) for at, value in heat if not math.isnan(value)]
        if known:
            other = axes.twinx()
            other.plot(*zip(*known, strict=True), color=ALARM, linewidth=1.4)
            other.set_ylabel("°C", color=ALARM)
            other.grid(visible=False)
        return to_svg(drawn, name, "Throughput over the soak")


def _deadline(axes: Axes, deadline_ms: float) -> None:
    axes.axhline(deadline_ms, color=ALARM, linewidth=1, linestyle=DASHES)
    _at_the_edge(axes, deadline_ms, f"deadline {deadline_ms:g} ms")


def _at_the_edge(axes: Axes, height: float, text: str) -> None:
    note(axes, 1, height, text, xycoords=("axes fraction", "data"), ha="right", va="bottom")
