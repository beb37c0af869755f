"""campaign.html: the answer, the grids, what failed and what is missing; complete in itself."""

from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from replay.campaign.page.answer import RULE, candidates
from replay.campaign.page.grids import grids
from replay.campaign.record import CellRecord
from replay.campaign.status import CampaignStatus
from replay.report import texts
from replay.report.glossary import GLOSSARY
from sensors import atomic_files

PAGE = "campaign.html"
HERE = Path(__file__).parent
FRAME = HERE.parents[1] / "report" / "templates"
"""The page's frame and style are those of a run's report."""
TERMS = ("frames", "valid", "pace", "latency", "percentile", "ap")


def write_page(found: CampaignStatus, records: Sequence[CellRecord], folder: Path, fps: float) -> Path:
    """Into the campaign's own folder, from where it points to the cells; raises FileUnwritable."""
    return atomic_files.write(folder / PAGE, campaign_page(found, records, fps))


def campaign_page(found: CampaignStatus, records: Sequence[CellRecord], fps: float) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "templates", FRAME]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    glossary = [one for one in GLOSSARY if one.anchor in TERMS]
    sheets = (FRAME / "page.css", HERE / "templates" / "campaign.css")
    environment.globals |= {
        "glossary": glossary,
        "terms": {one.anchor: one.term for one in glossary},
        "style": Markup("\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)),
        "texts": texts,
    }
    return environment.get_template("campaign.html.jinja").render(
        title=f"{found.name} – campaign",
        found=found,
        records=records,
        fps=fps,
        rule=RULE,
        candidates=candidates(records, fps),
        grids=grids(records),
        failed=[one for one in found.cells if one.state == "failed"],
        words={one.key: one.last.last_words for one in records},
        open=[one for one in found.cells if one.state not in ("done", "failed")],
        flaky=[one for one in found.cells if one.flaky],
    )
