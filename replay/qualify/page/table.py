"""A qualification as tables for a terminal."""

from replay.qualify.page import texts
from replay.qualify.page.tiles import tiles
from replay.qualify.qualification import Qualification
from replay.qualify.ranking import Comparison
from replay.scoring.class_table import told
from sensors.terminal.figures import number
from sensors.terminal.text_table import Column, Table, Text, numbers

COLOURS = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow", "pass": "green", "fail": "red", "open": "yellow"}


def render(found: Qualification) -> list[Text | Table]:
    """What was tested, the figures, the criteria, the verdict."""
    figures = Table("", ["figure", Column("value", right=True), ""])
    for tile in tiles(found.measured):
        figures.add(tile.label, tile.value, Text(tile.detail, "dim"))
    accuracy = found.measured.accuracy
    criteria = Table("Criteria", ["asked", "found", ""])
    for one in found.verdict.criteria:
        criteria.add(one.asked, one.found, Text(one.outcome, COLOURS[one.outcome]))
    return [
        Text(f"{texts.title(found)}: {texts.subject(found)}", "bold"),
        figures,
        *(Text(line, "dim") for line in (told(accuracy.counted) if accuracy and accuracy.counted else ())),
        criteria,
        Text(found.verdict.word, f"bold {COLOURS[found.verdict.word]}"),
        Text(f"  {found.verdict.sentence}"),
    ]


def render_comparison(comparison: Comparison) -> list[Text | Table]:
    heads = numbers("AP kept", "cams", "p99 ms", "per s", "start")
    table = Table("Chips side by side", ["", "device", "verdict", *heads])
    for row in comparison.rows:
        table.add(
            "-" if row.place is None else str(row.place),
            f"{row.backend} {row.precision}" + (f" ({row.device_kind})" if row.apart else ""),
            Text(row.verdict, COLOURS[row.verdict]),
            number(row.ratio),
            "-" if row.cameras is None else str(row.cameras),
            texts.ms(row.p99_ns),
            number(row.throughput, 1),
            "-" if row.cold_start_ns is None else texts.seconds(row.cold_start_ns),
        )
    accuracy = [
        Text(f"{row.backend} {row.precision}: {row.accuracy}", "dim") for row in comparison.rows if row.accuracy
    ]
    warnings = [Text(f"beware: {one}", "yellow") for one in comparison.warnings]
    return [table, *accuracy, Text(comparison.rule, "dim"), *warnings]
