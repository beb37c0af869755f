"""Is B worse than A? Everything that docs/metrics/comparison.md, "Comparison", promises, worked out."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from replay.comparison import one_recording, tail
from replay.comparison.accuracy import HEADS, Progress, own_answers, streamed_answers
from replay.comparison.agreeing import agreements
from replay.comparison.differences import differing
from replay.comparison.drawn import Drawn, draw
from replay.comparison.notes import counted_otherwise, notes_of
from replay.comparison.one_recording import Asked, Estimated
from replay.comparison.pairing import NotComparable, Pair, pairs, streams
from replay.comparison.result import Comparison, HereRow, Margins, Row, SequenceRow, SideOutline, SidesByScore
from replay.comparison.sides import Side, check_side, read_side
from replay.runs.recordings import Recordings
from replay.scoring.classes import NONE, Wanted
from replay.scoring.streaming import Unstreamable
from replay.statistics.bootstrap import LEAST_SEQUENCES, RESAMPLES
from replay.statistics.verdicts import Judgement, Verdict, judge, judge_each

OFFLINE = dict(zip(HEADS, HEADS, strict=True))
STREAMED = {"AP": "sAP_edge", "AP50": "sAP50_edge"}
"""What HEADS are called where frames are answered by the newest answer published by then."""
JUDGED = ("AP", "sAP_edge")
SAME = 1e-9
"""Of two ways to add up one AP."""


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """What is asked, and by which rules."""

    margins: Margins = field(default_factory=Margins)
    labels: tuple[str, ...] = ()
    """The classes to evaluate; none: those that the runs asked for."""
    classes: Wanted = field(default_factory=lambda: NONE)
    """More of them, each with the labels of either model that count for it; none: as the runs have it."""
    common: bool = False
    """Leave out recordings that only one side played."""
    here: bool = False
    """Judge every recording by itself, too, where they are enough to be judged together."""
    resamples: int = RESAMPLES
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A comparison, and what it was made of."""

    comparison: Comparison
    a: Side
    b: Side


def compare(
    a: Sequence[Path],
    b: Sequence[Path],
    settings: ComparisonSettings | None = None,
    progress: Progress = lambda _: None,
) -> Held:
    """A and B are run folders, or folders of them. `progress` hears how many draws were worked out.

    Raises NoRuns, RunFolderWrong, RunTwice, RunUnfit, NotComparable, or what `scoring.classes.evaluated` raises.
    """
    recordings = Recordings()
    sides = read_side(a, recordings), read_side(b, recordings)
    for side in sides:
        check_side(side)
    return hold(*sides, settings or ComparisonSettings(), progress)


def hold(a: Side, b: Side, settings: ComparisonSettings, progress: Progress) -> Held:
    """As `compare`, of sides that are read, and fit."""
    common = pairs(a, b, settings.labels, settings.classes, common=settings.common)
    if not common:
        _check_names(a, b)
    paired = [pair for pair in common if pair.labelled]
    unlabelled = [pair for pair in common if not pair.labelled]
    notes: list[str] = []
    offline = draw(paired, own_answers, settings.resamples, settings.seed, progress) if paired else None
    streamed = _streamed(paired, settings, progress, notes) if paired else None
    judged = list(_here(paired, settings, progress, timed=streamed is not None))
    figures = [*_figures(offline, OFFLINE, settings.margins), *_figures(streamed, STREAMED, settings.margins)]
    figures += tail.rows(a, b, settings.margins)
    per_class = list(_classes(offline, settings.margins))
    if len(paired) == 1:
        # The one recording's blocks say how sure its figures are, though not how far they carry.
        own = {row.figure: found for row, found in judged}
        figures = [_by_blocks(row, own.get("sAP_edge" if row.figure.startswith("s") else "AP")) for row in figures]
        per_class = [_by_blocks(row, own.get("AP")) for row in per_class]
    notes += [*notes_of(paired, unlabelled, per_class), *counted_otherwise(paired)]
    verdict, because = _verdict(figures, per_class)
    return Held(
        Comparison(
            verdict=verdict,
            because=because,
            a=outline(a),
            b=outline(b),
            sequences=len(common),
            pace=a.runs[0].streams[0].summary.pace,
            figures=tuple(figures),
            per_class=tuple(per_class),
            per_sequence=tuple(_sequences(paired, offline, streamed)),
            here=tuple(row for row, _ in judged),
            agreement=tuple(agreements(unlabelled)),
            identity=differing(a, b),
            notes=tuple(notes),
            by_score=None if offline is None else SidesByScore(a=offline.by_score[0], b=offline.by_score[1]),
            margins=settings.margins,
            resamples=settings.resamples,
            seed=settings.seed,
        ),
        a,
        b,
    )


def outline(side: Side) -> SideOutline:
    nodes = [node for run in side.runs for node in run.identity.nodes]
    return SideOutline(
        runs=tuple(run.identity.run for run in side.runs),
        folders=tuple(str(folder) for folder in side.folders),
        models=tuple(sorted({node.model.name for node in nodes})),
        backends=tuple(sorted({f"{node.backend.name}:{node.backend.device}" for node in nodes})),
    )


def _check_names(a: Side, b: Side) -> None:
    """Without recordings only names say which stream is which."""
    names = [sorted({stream.name for stream in streams(side)}) for side in (a, b)]
    if names[0] != names[1]:
        raise NotComparable(
            f"they have no recording in common, and their streams have other names: {', '.join(names[0])} in A, "
            f"{', '.join(names[1])} in B",
            "run both sides over the same recordings",
        )


def _streamed(
    paired: Sequence[Pair], settings: ComparisonSettings, progress: Progress, notes: list[str]
) -> Drawn | None:
    if any(stream.summary.pace != "realtime" for pair in paired for stream in (*pair.a, *pair.b)):
        return None
    try:
        return draw(paired, streamed_answers, settings.resamples, settings.seed, progress)
    except Unstreamable as error:
        notes.append(f"No streaming accuracy: {error.sentence}.")
        return None


def _figures(drawn: Drawn | None, names: dict[str, str], margins: Margins) -> Iterator[Row]:
    for place, (figure, told) in enumerate(names.items()):
        if drawn is not None:
            of = float(drawn.a[0, place])
            margin = margins.of(margins.ap if told == "AP" else margins.sap, of)
            judgement = judge(drawn.estimates[figure], margin, of)
            yield _row(told, "", drawn, place, judgement, margin if told in JUDGED else None)


def _here(
    paired: Sequence[Pair], settings: ComparisonSettings, progress: Progress, *, timed: bool
) -> Iterator[tuple[HereRow, Estimated]]:
    margins = settings.margins
    if len(paired) >= LEAST_SEQUENCES and not settings.here:
        return
    for pair in paired:
        asked = Asked("AP", own_answers, margins, margins.ap)
        yield one_recording.row(pair, asked, settings.resamples, settings.seed, progress)
        if timed:
            asked = Asked("sAP_edge", streamed_answers, margins, margins.sap)
            yield one_recording.row(pair, asked, settings.resamples, settings.seed, progress)


def _classes(drawn: Drawn | None, margins: Margins) -> Iterator[Row]:
    if drawn is None:
        return
    classes = {name: drawn.estimates[name] for name in drawn.names[len(HEADS) :]}
    of = {name: float(drawn.a[0, place]) for place, name in enumerate(classes, len(HEADS))}
    allowed = {name: margins.of(margins.ap, of[name]) for name in classes}
    # A class in too few recordings can't be judged, and takes no share of the correction.
    judged = judge_each({name: one for name, one in classes.items() if one.n >= LEAST_SEQUENCES}, allowed, of)
    for place, (name, one) in enumerate(classes.items(), len(HEADS)):
        judgement = judged.get(name) or judge(one, allowed[name], of[name])
        yield _row("AP", name, drawn, place, judgement, allowed[name])


HEAD_OF = {told: head for named in (OFFLINE, STREAMED) for head, told in named.items()}


def _by_blocks(row: Row, found: Estimated | None) -> Row:
    name = row.of or HEAD_OF.get(row.figure)
    if found is None or name is None or not found.enough:
        return row
    return msgspec.structs.replace(row, **one_recording.own(found.own_a[name], found.own_b[name]))


def _row(figure: str, of: str, drawn: Drawn, place: int, judgement: Judgement, margin: float | None) -> Row:
    # Below the least number an interval would look like knowledge.
    told = judgement.n >= LEAST_SEQUENCES
    return Row(
        figure=figure,
        of=of,
        a=float(drawn.a[0, place]),
        b=float(drawn.b[0, place]),
        difference=judgement.difference,
        low=judgement.low if told else math.nan,
        high=judgement.high if told else math.nan,
        n=judgement.n,
        unit="sequences",
        verdict=judgement.verdict if margin is not None else None,
        margin=margin,
        why=judgement.why if margin is not None else "",
        n_frames=drawn.n_frames,
        n_truth=drawn.n_truth[of] if of else sum(drawn.n_truth.values()),
        **(one_recording.own(*(side[drawn.names[place]] for side in (drawn.own_a, drawn.own_b))) if told else {}),
    )


def _sequences(paired: Sequence[Pair], offline: Drawn | None, streamed: Drawn | None) -> Iterator[SequenceRow]:
    for place, pair in enumerate(paired):
        if offline is not None:
            yield SequenceRow(
                recording=pair.name,
                digest=pair.recording.digest,
                a=float(offline.each_a[place, 0]),
                b=float(offline.each_b[place, 0]),
                sap_a=float(streamed.each_a[place, 0]) if streamed is not None else None,
                sap_b=float(streamed.each_b[place, 0]) if streamed is not None else None,
                **_recorded(pair, float(offline.each_a[place, 0]), float(offline.each_b[place, 0])),
            )


def _recorded(pair: Pair, a: float, b: float) -> dict[str, Any]:
    """Fields of an `OwnInterval`, from the runs' own summaries where those are of the same figures."""
    told: dict[str, Any] = {}
    for side, value, streams_of in (("a", a, pair.a), ("b", b, pair.b)):
        known = streams_of[0].summary.accuracy
        if known.interval is not None and abs(known.coco["AP"] - value) < SAME:
            low, high = known.interval.of()
            told |= {f"{side}_low": low, f"{side}_high": high}
    return told


def _verdict(figures: Sequence[Row], per_class: Sequence[Row]) -> tuple[Verdict, tuple[str, ...]]:
    """WORSE if anything judged is, a class too; NOT WORSE if every figure over all classes is; else INCONCLUSIVE."""
    judged = [row for row in figures if row.verdict is not None]
    worse = [row for row in (*judged, *per_class) if row.verdict is Verdict.WORSE]
    if worse:
        return Verdict.WORSE, tuple(_sentence(row) for row in worse)
    open_ones = [row for row in judged if row.verdict is not Verdict.NOT_WORSE]
    if open_ones:
        return Verdict.INCONCLUSIVE, tuple(_sentence(row) for row in open_ones)
    return Verdict.NOT_WORSE, tuple(_sentence(row) for row in judged)


def _sentence(row: Row) -> str:
    name = f"{row.figure} of {row.of}" if row.of else row.figure
    told = f"{name}: {row.verdict}, {row.why}"
    if math.isnan(row.difference):
        return told
    change = f"{row.difference:.3f} times A's" if row.unit == "runs" else f"{row.difference:+.4f}"
    interval = "" if math.isnan(row.low) else f", 95 % interval {row.low:.4f} to {row.high:.4f}"
    return f"{told} ({change}{interval}; n = {row.n})"
