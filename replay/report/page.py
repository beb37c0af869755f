"""A run's page: sections put together, and the templates filled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from replay.report import texts
from replay.report.glossary import GLOSSARY, Definition
from replay.report.views.stream import StreamView, stream_view
from replay.runs.loaded import LoadedRun, LoadedStream
from replay.runs.same_frames.figures import OnSameFrames
from sensors.terminal.pretty_json import pretty

HERE = Path(__file__).parent
PICTURES_BYTES = 950_000
"""All pictures of a page together, as JPEG; a third more as text. The rest of a page is a few hundred kilobytes."""
MOST_PICTURE_BYTES = 72_000
PICTURES_A_STREAM = 4


def run_page(run: LoadedRun) -> str:
    """The whole page: no script, and nothing that it would have to fetch."""
    budget = PICTURES_BYTES // max(1, len(run.streams) * PICTURES_A_STREAM)
    views = [
        stream_view(stream, f"stream-{place}", min(MOST_PICTURE_BYTES, budget), _beside(run, stream))
        for place, stream in enumerate(run.streams, 1)
    ]
    return environment(GLOSSARY).get_template("run.html.jinja").render(
        title=f"{run.identity.run} – gilmok",
        run=run,
        summary=run.summary,
        started=texts.moment(run.identity.started_utc_ns),
        opening=_opening(run),
        verdicts=_verdicts(run),
        streams=views,
        failures=_failures(views),
        scenario=pretty(run.identity.scenario).decode(),
    )  # fmt: skip


def _beside(run: LoadedRun, stream: LoadedStream) -> list[OnSameFrames]:
    """What ran beside the stream's model on its frames."""
    return [one for one in run.summary.same_frames if one.seen_by == "shadow" and one.a.name == stream.name]


def environment(glossary: Sequence[Definition]) -> jinja2.Environment:
    """Where templates are filled: what comes from outside is escaped, what is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "glossary": glossary,
        "terms": {definition.anchor: definition.term for definition in glossary},
        "style": Markup((HERE / "templates" / "page.css").read_text(encoding="utf-8")),
        "texts": texts,
    }
    return made


def _opening(run: LoadedRun) -> str:
    """What this was, for somebody who has never seen one."""
    models = sorted({stream.summary.model for stream in run.streams})
    nodes = len({stream.summary.node for stream in run.streams})
    ran = (
        f"{texts.count(nodes, 'node')} ran {texts.listing(models)} on {texts.count(len(run.streams), 'camera stream')}"
    )
    return f"{ran}. {texts.fates(run.summary.frames)}" if run.streams else "No node introduced itself."


def _verdicts(run: LoadedRun) -> list[dict[str, Any]]:
    """The three questions to ask of a run before any figure: is it sound, do the books balance, what went wrong?"""
    summary = run.summary
    return [
        {
            "good": not summary.invalid_because,
            "text": _validity(run),
            "term": "valid",
            "because": summary.invalid_because,
        },
        {
            "good": summary.books.balanced,
            "text": "The books balance" if summary.books.balanced else "The books don't balance",
            "term": "books",
            "because": summary.books.complaints,
        },
        {
            "good": not summary.troubles,
            "text": "Every part ran to its end" if not summary.troubles else "Something went wrong beside the frames",
            "term": "",
            "because": summary.troubles,
        },
        *([{"good": True, "text": "Worth knowing", "term": "", "because": summary.notes}] if summary.notes else []),
    ]


def _validity(run: LoadedRun) -> str:
    if run.summary.interrupted:
        return "The run was cut short"
    return "The run is invalid" if run.summary.invalid_because else "The load was as stated"


def _failures(views: Sequence[StreamView]) -> list[tuple[str, str, int]]:
    """(stream, reason, frames), the most frequent first."""
    found = [(view.name, why, n) for view in views for why, n in view.material.summary.failures.items()]
    return sorted(found, key=lambda row: -row[2])
