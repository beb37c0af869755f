"""A qualification as one self-contained page, and several of them side by side."""

from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from replay.qualify.load.loadgen import LATENCIES
from replay.qualify.page import charts, texts
from replay.qualify.page.glossary import GLOSSARY
from replay.qualify.page.tiles import tiles
from replay.qualify.qualification import Qualification
from replay.qualify.ranking import Comparison
from replay.qualify.record import EVIDENCE, PAGE, Measured, write
from replay.report.charts import latency as latency_charts
from replay.report.language import Language, in_language
from replay.report.texts import moment
from replay.scoring.class_table import told
from sensors.clock import NS_PER_MS
from sensors.terminal.pretty_json import pretty

HERE = Path(__file__).parent
CATALOGUE = HERE / "korean.txt"
FRAME = HERE.parents[1] / "report" / "templates"
"""The page's frame and style are those of a run's report."""

TAILS = {
    "single-stream": "SingleStream",
    "constant-rate": "constant rate",
}
"""Scenarios whose tails are drawn: the folder of evidence, and what it is called."""


def write_page(found: Qualification, folder: Path, language: Language = "en") -> Path:
    """Beside the record; raises FileUnwritable."""
    page = in_language(qualification_page(found, folder / EVIDENCE), language, [CATALOGUE])
    return write(folder, PAGE, page.encode())


def write_comparison(comparison: Comparison, out: Path) -> Path:
    """Raises FileUnwritable."""
    page = _environment().get_template("comparison.html.jinja").render(
        title="Chips side by side – gilmok", comparison=comparison
    )  # fmt: skip
    return write(out.parent, out.name, page.encode())


def qualification_page(found: Qualification, evidence: Path) -> str:
    """`evidence`: where the raw latencies lie; a tail whose file is not there isn't drawn."""
    return _environment().get_template("qualification.html.jinja").render(
        title=f"{texts.title(found)} – qualification",
        found=found,
        measured=found.measured,
        started=moment(found.started_utc_ns),
        tiles=tiles(found.measured),
        pictures=_pictures(found.measured, evidence),
        settings=pretty(found.campaign).decode(),

    )  # fmt: skip


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "templates", FRAME]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sheets = (FRAME / "page.css", HERE / "templates" / "qualify.css")
    environment.globals |= {
        "glossary": GLOSSARY,
        "terms": {definition.anchor: definition.term for definition in GLOSSARY},
        "style": Markup("\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)),
        "texts": texts,
        "class_lines": told,
    }
    return environment


def _pictures(measured: Measured, evidence: Path) -> dict[str, Any]:
    """By name; those of parts without a result are left out."""
    drawn: dict[str, Any] = {}
    if measured.accuracy is not None:
        drawn["classes"] = charts.classes(measured.accuracy.classes, "classes")
    if measured.latency is not None:
        servers = [one for one in measured.latency.scenarios if one.name.startswith("Server")]
        if servers:
            loads = {one.rate_qps: one.latency_ns for one in servers}
            drawn["load"] = charts.load(loads, measured.latency.deadline_ms, "load")
        rows = {title: values for place, title in TAILS.items() if len(values := _latencies_ms(evidence, place))}
        if rows:
            drawn["tail"] = latency_charts.tail(rows, float("nan"), "tail")
    if measured.streams is not None:
        drawn["cameras"] = charts.cameras(measured.streams, "cameras")
    if measured.coldstart is not None:
        medians = {step: (row.p50 or row.max or 0) / 1e9 for step, row in measured.coldstart.steps_ns.items()}
        drawn["start"] = charts.start(medians, "start")
    if measured.endurance is not None and measured.endurance.soak.windows:
        drawn["soak"] = charts.soak(measured.endurance.soak, "soak")
    return drawn


def _latencies_ms(evidence: Path, place: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    path = evidence / "loadgen" / place / LATENCIES
    if not path.is_file():
        return np.empty(0)
    return np.array([int(line) for line in path.read_text(encoding="ascii").split()], np.float64) / NS_PER_MS
