"""Drawing with matplotlib: one style, and figures as SVG that can stand inside a page."""

import io
import re
import warnings
from contextlib import AbstractContextManager
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

INK, QUIET, FAINT = "#1f2933", "#66727f", "#dde2e8"
ACCENT, ALARM, GOOD = "#1f6f8b", "#c8442f", "#2a9d6f"
SERIES = ("#1f6f8b", "#e08e2b", "#7a5195", "#2a9d6f", "#c8442f", "#8c7a5b", "#4a6fe3", "#b0508e")
"""Told apart by people of every kind of colour vision as far as eight colours can be; the order carries meaning."""
STAGE_COLOURS = {"wait": "#aab4bf", "prepare": "#7fc0c9", "infer": ACCENT, "decode": "#e08e2b", "track": "#7a5195"}

HALF, WIDE = (5.4, 3.5), (11.0, 3.0)
"""Inches: half the page's width, and all of it."""

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.minor.visible": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.fancybox": False,
    "legend.fontsize": 9.0,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    # The browser sets the letters: smaller files, text that can be searched and read aloud.
    "svg.fonttype": "none",
    "svg.hashsalt": "gilmok",
}

CLOSE = 200.0
"""An axis is a short one if its ends differ by less than this factor."""

_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_ID = re.compile(r' id="([^"]*)"')
_SIZE = re.compile(r' (?:width|height)="[^"]*"')
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*sans-serif")


def styled() -> AbstractContextManager[None]:
    """What figures are made and drawn in."""
    return rc_context(STYLE)


def figure(size: tuple[float, float], left_in: float = 0.75, right_in: float = 0.5, bottom_in: float = 0.5) -> Figure:
    """An empty one with margins in inches, so that the plots of a page stand in line."""
    drawn = Figure(figsize=size)
    width, height = size
    drawn.subplots_adjust(left_in / width, bottom_in / height, 1 - right_in / width, 1 - 0.25 / height, hspace=0.12)
    return drawn


def to_svg(drawn: Figure, name: str, alternative: str) -> Markup:
    """`drawn` as an <svg> element; `name` makes its ids its own, `alternative` says in words what it shows."""
    out = io.StringIO()
    with warnings.catch_warnings():
        # matplotlib measures with its own font; what that lacks, the reader's browser has.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Not Figure.savefig: that draws everything twice.
        canvas: Any = FigureCanvasSVG(drawn)
        canvas.print_svg(out, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = out.getvalue()
    svg = text[text.index("<svg") :]
    wanted = set(_REFERENCE.findall(svg))
    svg = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in wanted else "", svg)
    svg = _REFERENCE.sub(lambda match: match[0].replace(f"#{match[1]}", f"#{name}-{match[1]}"), svg)
    svg = _FONT.sub("inherit", svg)
    head, rest = svg.split(">", 1)
    head = _SIZE.sub("", head)
    label = Markup('{} role="img" aria-label="{}">').format(Markup(head), alternative)
    return label + Markup(rest.strip())


def ms_ticks(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis of milliseconds: 0.1, 1, 10, 100; with 2s and 5s where these are few."""
    low, high = axis.get_view_interval()
    few = high / low < CLOSE
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axis.set_minor_formatter(NullFormatter())


def note(axes: Axes, x: float, y: float, text: str, **more: Any) -> None:
    """Small letters beside a line or a point."""
    axes.annotate(text, (x, y), color=QUIET, fontsize=8.5, **more)
