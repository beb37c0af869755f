"""How many recordings and runs each verdict would take, by the spread of what is there."""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from replay.comparison import tail
from replay.comparison.accuracy import Progress, own_answers, streamed_answers
from replay.comparison.compare import ComparisonSettings
from replay.comparison.drawn import Drawn, draw
from replay.comparison.pairing import Pair, pairs
from replay.comparison.sides import Side
from replay.metrics.pool import Numbers
from replay.scoring.streaming import Unstreamable
from replay.statistics.bootstrap import LEAST_SEQUENCES
from replay.statistics.power import NOT_WORSE_TAIL, WORSE_TAIL, needed, power
from replay.statistics.verdicts import LEAST_RUNS, Verdict
from sensors.record import Record

SUPPOSED = 0.02
"""Of AP, between recordings, where there are not two of them on two sides to measure it on."""


class PlanRow(Record, frozen=True, kw_only=True):
    """One figure and one verdict; None: unknown."""

    figure: str
    verdict: Verdict
    shows: str
    """What would be found: a loss of the margin, or that nothing over it was lost."""
    effect: float
    deviation: float | None
    """Of one recording's difference, or of one run's logarithm of p99."""
    supposed: bool
    """Nobody measured the deviation."""
    unit: str
    paired: bool
    n: int
    """So many are there."""
    power: float | None
    """With these."""
    needed: int | None
    """For a power of .8; None: unknown, or no number does."""


class Plan(Record, frozen=True, kw_only=True):
    rows: tuple[PlanRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far apart single witnesses are."""

    deviation: float
    n: int
    paired: bool = True


def plan(a: Side, b: Side | None, settings: ComparisonSettings, progress: Progress) -> Plan:
    """Raises as `compare` does; of A alone nothing is compared, and AP's deviation is supposed."""
    paired = pairs(a, b, settings.labels, settings.classes, common=settings.common) if b is not None else ()
    own = draw(paired, own_answers, settings.resamples, settings.seed, progress) if paired else None
    timed = _streamed(paired, settings, progress)
    recordings = len({one.stream.digest for run in a.runs for one in run.streams if one.stream.digest})
    realtime = any(one.summary.pace == "realtime" for run in a.runs for one in run.streams)
    rows = [*_accuracy("AP", own, settings.margins.ap, settings, recordings)]
    if realtime:
        rows += _accuracy("sAP_edge", timed, settings.margins.sap, settings, recordings)
    rows += _rows(
        "latency p99", math.log(settings.margins.p99), f"{settings.margins.p99:g}", "runs", _tails(a, b), LEAST_RUNS
    )
    return Plan(rows=tuple(rows), notes=tuple(_notes(rows)))


def _streamed(paired: Sequence[Pair], settings: ComparisonSettings, progress: Progress) -> Drawn | None:
    if not paired or any(one.summary.pace != "realtime" for pair in paired for one in (*pair.a, *pair.b)):
        return None
    try:
        return draw(paired, streamed_answers, settings.resamples, settings.seed, progress)
    except Unstreamable:
        return None


def _accuracy(
    figure: str, drawn: Drawn | None, most: float, settings: ComparisonSettings, recordings: int
) -> Iterator[PlanRow]:
    margin, spread = most, _Spread(math.nan, recordings)
    if drawn is not None:
        estimate = drawn.estimates["AP"]
        margin = settings.margins.of(most, float(drawn.a[0, 0]))
        spread = _Spread(estimate.error * math.sqrt(estimate.n), estimate.n)
    yield from _rows(figure, margin, f"{margin:.3g}", "recordings", spread, LEAST_SEQUENCES)


def _rows(figure: str, effect: float, told: str, unit: str, spread: _Spread, least: int) -> Iterator[PlanRow]:
    supposed = math.isnan(spread.deviation) and unit == "recordings"
    deviation = SUPPOSED if supposed else spread.deviation
    groups = 1 if spread.paired else 2
    by_factor = unit == "runs"
    for verdict, tail_share, shows in (
        (Verdict.WORSE, WORSE_TAIL, f"{told} times beyond the margin" if by_factor else f"a loss of {told}"),
        (Verdict.NOT_WORSE, NOT_WORSE_TAIL if not by_factor else WORSE_TAIL, f"nothing changed, margin {told}"),
    ):
        known = power(effect, deviation, spread.n, tail_share, groups=groups)
        yield PlanRow(
            figure=figure,
            verdict=verdict,
            shows=shows,
            effect=effect,
            deviation=None if math.isnan(deviation) else deviation,
            supposed=supposed,
            unit=unit,
            paired=spread.paired,
            n=spread.n,
            power=None if math.isnan(known) else known,
            needed=needed(effect, deviation, tail_share, groups=groups, least=least),
        )


def _tails(a: Side, b: Side | None) -> _Spread:
    """Of log p99: of the differences over the same recordings, or among runs of one side over the same ones."""
    sides = [_by_load(side) for side in (a, b) if side is not None]
    if len(sides) == 2 and sides[0].keys() == sides[1].keys() and len(sides[0]) >= 2:
        steps = [sides[1][load].mean() - sides[0][load].mean() for load in sides[0]]
        return _Spread(float(np.std(steps, ddof=1)), len(steps))
    groups = [values for side in sides for values in side.values()]
    degrees = sum(len(values) - 1 for values in groups)
    within = sum(float(np.square(values - values.mean()).sum()) for values in groups)
    n = min(sum(map(len, side.values())) for side in sides)
    return _Spread(math.sqrt(within / degrees) if degrees else math.nan, n, paired=False)


def _by_load(side: Side) -> dict[Hashable, Numbers]:
    found: dict[Hashable, list[float]] = {}
    for load, value in tail.tails(side):
        found.setdefault(load, []).append(math.log(value))
    return {load: np.array(values) for load, values in found.items()}


def _notes(rows: Sequence[PlanRow]) -> Iterator[str]:
    if any(row.supposed for row in rows):
        yield f"the deviation of accuracy is supposed ({SUPPOSED:g} a recording): name two sides to measure it"
    if any(row.deviation is None for row in rows):
        yield "p99 spreads by an unknown measure: it takes two runs or more over the same recordings"
    yield "needed: for a power of .8, four times in five; the deviation itself is known the less, the fewer it rests on"
