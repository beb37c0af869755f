"""The part of a stream's section that tells how right it was."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from replay.report import texts
from replay.report.charts.accuracy import MOST_CURVES, precision_recall, shares_found
from replay.report.evidence import Evidence, evidence
from replay.report.slices import breakdowns
from replay.report.views.bands import breakdown_table, profile_tables
from replay.report.views.by_score import score_figure, score_rows
from replay.report.views.panels import Panel, panels
from replay.report.views.shapes import Figure, Row, Table
from replay.report.views.streaming import later_figure, streaming_tables
from replay.report.views.tracking import tracking_table
from replay.runs.loaded import LoadedStream
from replay.scoring.ap_interval import ApInterval
from replay.scoring.breakdown import Band
from replay.scoring.class_table import class_table, told
from replay.truth import Role
from sensors.errors import GilmokError
from sensors.terminal.figures import ENDS

FIGURES = ("AP50", "AP", "AP75", "APs", "APm", "APl", "AR100")
COLUMNS = (
    ("AP50 (its 95 %)", "ap"),
    ("AP (its 95 %)", "ap"),
    ("AP75 (its 95 %)", "ap"),
    ("AP small", "size"),
    ("AP medium", "size"),
    ("AP large", "size"),
    ("AR100", "ap"),
    ("pictures", ""),
    ("objects", ""),
    ("findings", ""),
)


@dataclass(frozen=True, slots=True, eq=False)
class AccuracyView:
    unknown: str
    """Why there are no figures; empty where there are."""
    tables: tuple[Table, ...] = ()
    sentence: str = ""
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    panels: tuple[Panel, ...] = ()
    operating_score: str = ""


def accuracy_view(stream: LoadedStream, anchor: str, picture_bytes: int) -> AccuracyView:
    known = stream.summary.accuracy
    if known.unknown:
        return AccuracyView(known.unknown)
    tables = tuple(_tables(stream))
    if stream.scored is None:
        return AccuracyView("", tables, notes=(f"No curves and no frames can be shown: {stream.absent}.",))
    try:
        seen = evidence(stream.scored)
    except GilmokError as error:
        return AccuracyView("", tables, notes=(f"No curves and no frames can be shown: {error.sentence}.",))
    if not seen.positive.any():
        return AccuracyView("", tables, notes=("The truth holds no object of the evaluated classes.",))
    drawn, undrawn = panels(seen, picture_bytes)
    return AccuracyView(
        unknown="",
        tables=tables,
        sentence=_sentence(seen),
        notes=(*_notes(stream, seen), *undrawn),
        figures=(*_figures(seen, anchor), *_by_score(stream, anchor), *later_figure(stream, anchor)),
        panels=tuple(drawn),
        operating_score=texts.figure(seen.operating.score, 2),
    )


def _tables(stream: LoadedStream) -> Iterator[Table]:
    known = stream.summary.accuracy
    title = "Average precision and recall (COCO's rules; 1 is perfect)"
    sizes = known.breakdown.get("size", {})
    yield Table(title, COLUMNS, tuple(_rows(known.coco, known.per_class, known.interval, sizes)))
    yield from streaming_tables(stream)
    yield from (table for table in (tracking_table(stream),) if table is not None)
    if known.by_score is not None:
        yield score_rows({"": known.by_score})
    yield from breakdown_table(known.breakdown)
    yield from profile_tables(known.profiles)


def _rows(
    coco: Mapping[str, float],
    per_class: Mapping[str, Mapping[str, float]],
    sure: ApInterval | None,
    sizes: Mapping[str, Band],
) -> Iterator[Row]:
    """`sizes`: of all classes, by size."""
    for name, figures, inner in (("all classes", coco, False), *((name, one, True) for name, one in per_class.items())):
        known: dict[str, float | None] = dict(figures)
        if sure is not None:
            known |= sure.ends(*FIGURES[: 6 if inner else 3], name=name if inner else None)
        if not inner:
            known |= {f"AP{size[0]}{end}": band.get(f"AP{end}") for size, band in sizes.items() for end in ENDS}
        cells = [texts.sure(known, key) for key in FIGURES]
        counts = [texts.figure(figures.get(key), 0) for key in ("n_frames", "n_truth", "n_found")]
        yield Row(name, (*cells, *counts), inner=inner)


def _sentence(seen: Evidence) -> str:
    best = seen.operating
    there = int(seen.positive.sum())
    objects = texts.count(there, "object")
    if math.isnan(best.score):
        return f"None of the {objects} was found."
    told = (
        f"Taken at a score of {best.score:.2f}, {texts.share(best.recall, 1)} of the {objects} are found, and "
        f"{texts.share(best.precision, 1)} of the findings are right."
    )
    asked = int((seen.tally.answered[seen.pool.labelled.images] & seen.positive).sum())
    if asked == there:
        return told
    return (
        f"{told} {texts.count(seen.pool.unanswered, 'frame')} of {len(seen.numbers):,} had no answer (dropped or "
        f"failed), and all that was in them counts as missed; in the answered ones "
        f"{texts.share(int(seen.tally.hits.sum()), asked)} of the {texts.count(asked, 'object')} are found."
    )


def _notes(stream: LoadedStream, seen: Evidence) -> Iterator[str]:
    pool, sure = seen.pool, stream.summary.accuracy.interval
    if sure is not None and sure.no_interval:
        yield f"No interval of AP: {sure.no_interval}."
    if pool.unlabelled:
        yield f"{texts.count(pool.unlabelled, 'frame')} that nobody labelled: not scored."
    if pool.in_regions:
        yield f"{texts.count(pool.in_regions, 'finding')} in areas that nobody labelled: neither right nor wrong."
    if stream.scored is not None:
        yield from (f"{line[:1].upper()}{line[1:]}." for line in told(class_table(stream.scored)))
    crowds = int((pool.labelled.roles == Role.REGION).sum())
    if crowds:
        yield (
            f"{texts.count(crowds, 'box', 'boxes')} in the truth that need not be found (crowds, or too little of it "
            "to be seen): findings on them count neither way."
        )
    if stream.recording is not None and stream.recording.note:
        yield f"About this recording: {stream.recording.note}."
    for remark in stream.summary.remarks:
        yield f"About this recording: {remark}."


def _by_score(stream: LoadedStream, anchor: str) -> Iterator[Figure]:
    if (known := stream.summary.accuracy.by_score) is not None:
        yield score_figure({"": known}, f"{anchor}-by-score")


def _figures(seen: Evidence, anchor: str) -> Iterator[Figure]:
    if not math.isnan(seen.operating.score):
        shown = (
            f"The {MOST_CURVES} of {len(seen.curves)} classes with the most objects. "
            if len(seen.curves) > MOST_CURVES
            else ""
        )
        yield Figure(
            "Precision against recall",
            precision_recall(seen.curves, seen.operating, f"{anchor}-pr"),
            f"{shown}A match needs an IoU of .50. The dot: all classes together, at the operating score.",
            ("precision-recall", "match", "operating"),
        )
    parts = breakdowns(seen)
    if parts:
        yield Figure(
            "What is found, and what isn't",
            shares_found(parts, f"{anchor}-found"),
            "Dark: found at the operating score; light: found at any score.",
            ("found", "operating", *(part.term for part in parts if part.term != "found")),
        )
