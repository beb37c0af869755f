"""A qualification as tables for a terminal; fits 80 columns."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from replay.qualify.page import texts
from replay.qualify.page.tiles import tiles
from replay.qualify.qualification import Qualification
from replay.qualify.ranking import Comparison

COLOURS = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow", "pass": "green", "fail": "red", "open": "yellow"}


def render(found: Qualification) -> RenderableType:
    """What was tested, the figures, the criteria, the verdict."""
    figures = _table("", "figure", "value", "")
    for tile in tiles(found.measured):
        figures.add_row(tile.label, Text(tile.value, justify="right"), Text(tile.detail, style="dim"))
    criteria = _table("Criteria", "asked", "found", "")
    for one in found.verdict.criteria:
        criteria.add_row(one.asked, one.found, Text(one.outcome, style=COLOURS[one.outcome]))
    word = Text(found.verdict.word, style=f"bold {COLOURS[found.verdict.word]}")
    return Group(
        Text(f"{texts.title(found)}: {texts.subject(found)}", style="bold"),
        figures,
        criteria,
        word.append(f"  {found.verdict.sentence}", style="default not bold"),
    )


def render_comparison(comparison: Comparison) -> RenderableType:
    table = _table("Chips side by side", "", "device", "verdict", "AP kept", "cams", "p99 ms", "per s", "start")
    table.columns[1].overflow = "fold"
    table.columns[1].min_width = 16
    for row in comparison.rows:
        table.add_row(
            "-" if row.place is None else str(row.place),
            f"{row.backend} {row.precision}" + (f" ({row.device_kind})" if row.apart else ""),
            Text(row.verdict, style=COLOURS[row.verdict]),
            "-" if row.ratio is None else texts.figure(row.ratio),
            "-" if row.cameras is None else str(row.cameras),
            texts.ms(row.p99_ns),
            "-" if row.throughput is None else f"{row.throughput:.1f}",
            "-" if row.cold_start_ns is None else texts.seconds(row.cold_start_ns),
        )
    warnings = [Text(f"beware: {one}", style="yellow") for one in comparison.warnings]
    return Group(table, Text(comparison.rule, style="dim"), *warnings)


def _table(title: str, *columns: str) -> Table:
    return Table(
        *columns, title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
