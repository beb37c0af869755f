"""Bars against a baseline: the run must not be worse."""

import math
from collections.abc import Iterable, Iterator, Sequence

from replay.comparison.compare import ComparisonSettings
from replay.comparison.result import Comparison, Margins, Row
from replay.gates.bar_results import BarResult
from replay.gates.bars import BaselineBars, RelativeBar
from replay.statistics.verdicts import Verdict


def settings(bars: BaselineBars) -> ComparisonSettings:
    return ComparisonSettings(
        margins=Margins(ap=bars.margin_ap, sap=bars.margin_sap, p99=bars.margin_p99),
        labels=bars.labels,
        classes=bars.classes,
        here=bool(bars.not_worse_here),
        resamples=bars.resamples,
        seed=bars.seed,
    )


def results(bars: Sequence[RelativeBar], told: Comparison) -> Iterator[BarResult]:
    for bar in bars:
        rows = [row for row in (*told.figures, *told.per_class) if (row.figure, row.of) == (bar.figure, bar.label)]
        yield _held(bar, rows[0]) if rows else _absent(bar, told)


def refused(names: Iterable[str], why: str) -> Iterator[BarResult]:
    """Where the two can't be compared at all."""
    for one in names:
        yield BarResult(kind="baseline", name=one, passed=False, why=why)


def name(bar: RelativeBar) -> str:
    return bar.name or f"{bar.figure}{f' of {bar.label}' if bar.label else ''} not worse than the baseline"


def _held(bar: RelativeBar, row: Row) -> BarResult:
    known = not math.isnan(row.difference)
    passed = known and (
        row.verdict is Verdict.NOT_WORSE or (row.verdict is Verdict.INCONCLUSIVE and bar.inconclusive == "passes")
    )
    told = f"{row.verdict}: {row.why}"
    if known:
        change = f"{row.difference:.3f} times the baseline's" if row.unit == "runs" else f"by {row.difference:+.4f}"
        told = f"{told} ({change}, n = {row.n} {row.unit})"
    return BarResult(
        kind="baseline",
        name=name(bar),
        passed=passed,
        value=row.difference,
        bound=row.margin if row.margin is not None else math.nan,
        where=f"{row.n} {row.unit}",
        why="" if passed and row.verdict is Verdict.NOT_WORSE else told,
    )


def _absent(bar: RelativeBar, told: Comparison) -> BarResult:
    classes = ", ".join(row.of for row in told.per_class) or "none"
    why = f"undefined: no class {bar.label!r} was evaluated; there are {classes}"
    if not bar.label:
        figures = ", ".join(row.figure for row in told.figures if row.verdict is not None)
        why = f"undefined: these runs have no {bar.figure} ({told.pace}); judged are {figures}"
        why = " ".join([why, *(note for note in told.notes if "streaming" in note)])
    return BarResult(kind="baseline", name=name(bar), passed=False, why=why)
