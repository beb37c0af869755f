"""How slow each side was at its slowest: the run is the unit."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from replay.comparison.result import Margins, Row
from replay.comparison.sides import Side
from replay.metrics.percentiles import QUANTILES, least_n
from replay.runs.loaded import LoadedRun
from replay.statistics.verdicts import Judgement, Verdict, judge_tail

WAYS = {"total": "latency", "hub": "latency to the hub"}
MARKS = {"p50": False, "p99": True}
"""Which percentiles are told, and whether they are judged."""


def rows(a: Side, b: Side, margins: Margins) -> Iterator[Row]:
    """Of every ok frame of a run, from capture to result, and to the hub where every run knows it."""
    for way, name in WAYS.items():
        if way != "total" and not all(way in run.summary.latency_ns for run in (*a.runs, *b.runs)):
            continue
        for mark, judged in MARKS.items():
            row = _row(f"{name} {mark}", _values(a, way, mark), _values(b, way, mark), mark, judged, a, b, margins)
            yield _doubted(row, _doubt(a, mark), _doubt(b, mark)) if way == "hub" else row


def tails(side: Side, mark: str = "p99") -> Iterator[tuple[tuple[tuple[str, str], ...], float]]:
    """What each run played, and its latency's percentile in ns; runs too short for one are left out."""
    for run, value in zip(side.runs, _values(side, "total", mark), strict=True):
        if value > 0:
            yield _load(run), value


def _doubt(side: Side, mark: str) -> float:
    """How far the side's latencies to the hub may all be off, because two machines' clocks were compared."""
    bounds = [run.summary.hub_bound_ns for run in side.runs]
    known = [0 if bound is None else getattr(bound, mark) for bound in bounds]
    return math.inf if None in known else float(max(known))


def _doubted(row: Row, a_ns: float, b_ns: float) -> Row:
    """The interval wide enough for any such error, and judged again where it isn't clear of the margin any more."""
    if not (a_ns or b_ns) or math.isnan(row.low):
        return row
    least = row.low * row.a / (row.a + a_ns) * max(0.0, row.b - b_ns) / row.b
    greatest = row.high * row.a / (row.a - a_ns) * (row.b + b_ns) / row.b if a_ns < row.a else math.inf
    doubtful = row.margin is not None and least <= row.margin <= greatest and row.verdict is not Verdict.INCONCLUSIVE
    return msgspec.structs.replace(
        row,
        low=least,
        high=greatest,
        verdict=Verdict.INCONCLUSIVE if doubtful else row.verdict,
        why="the clocks of node and hub are not known well enough" if doubtful else row.why,
    )


def _values(side: Side, way: str, mark: str) -> list[float]:
    """One a run; NaN where the run has too few frames for it."""
    found = [getattr(run.summary.latency_ns[way], mark) for run in side.runs]
    return [math.nan if value is None else float(value) for value in found]


def _row(
    figure: str,
    a_ns: list[float],
    b_ns: list[float],
    mark: str,
    judged: bool,
    a: Side,
    b: Side,
    margins: Margins,
) -> Row:
    whole = len(_known([*a_ns, *b_ns])) == len(a_ns) + len(b_ns)
    played = tuple([_load(run) for run in side.runs] for side in (a, b))
    judgement = judge_tail(
        _known(a_ns), _known(b_ns), margins.p99, (played[0], played[1]) if whole and _same_load(a, b) else None
    )
    verdict, why = judgement.verdict, judgement.why
    if len(_known(a_ns)) < len(a_ns) or len(_known(b_ns)) < len(b_ns):
        verdict, why = Verdict.INCONCLUSIVE, f"a run has fewer than {least_n(QUANTILES[mark])} ok frames"
    elif judgement.n >= 1 and not _same_load(a, b):
        verdict, why = Verdict.INCONCLUSIVE, "the two sides played the recordings unequally often"
    return Row(
        figure=figure,
        a=_middle(a_ns),
        b=_middle(b_ns),
        difference=_ratio(judgement, a_ns, b_ns),
        low=judgement.low,
        high=judgement.high,
        n=judgement.n,
        unit="runs",
        verdict=verdict if judged else None,
        margin=margins.p99 if judged else None,
        why=why if judged else "",
    )


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if value > 0]


def _middle(values: Sequence[float]) -> float:
    """The geometric mean over runs, which the ratio is of; NaN where a run doesn't know."""
    return float(np.exp(np.mean(np.log(values)))) if len(_known(values)) == len(values) else math.nan


def _ratio(judgement: Judgement, a_ns: Sequence[float], b_ns: Sequence[float]) -> float:
    return judgement.difference if len(_known([*a_ns, *b_ns])) == len(a_ns) + len(b_ns) else math.nan


def _same_load(a: Side, b: Side) -> bool:
    """Whether recordings make up the same shares of both sides: else their mix would pass for a difference."""
    of_a, of_b = (Counter(_load(run) for run in side.runs) for side in (a, b))
    return of_a.keys() == of_b.keys() and len({of_a[load] / of_b[load] for load in of_a}) == 1


def _load(run: LoadedRun) -> tuple[tuple[str, str], ...]:
    """What a run played; a stream without a recording is told apart by its name."""
    return tuple(sorted((one.stream.digest or one.name, one.summary.pace) for one in run.streams))
