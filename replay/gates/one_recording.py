"""Bars against a baseline on one recording by itself: only where GATES.toml asks for them."""

import math
from collections.abc import Iterator, Sequence

from replay.comparison.result import Comparison, HereRow
from replay.gates.bar_results import BarResult
from replay.gates.bars import HereBar
from replay.statistics.verdicts import HereVerdict

_BEST_FIRST = (HereVerdict.NOT_WORSE_HERE, HereVerdict.CANT_TELL_HERE, HereVerdict.WORSE_HERE)


def results(bars: Sequence[HereBar], told: Comparison) -> Iterator[BarResult]:
    for bar in bars:
        rows = [row for row in told.here if row.figure == bar.figure and _is_of(row, bar.recording)]
        yield _held(bar, rows) if rows else _absent(bar, told)


def name(bar: HereBar) -> str:
    return bar.name or f"{bar.figure} not worse here than the baseline, on {bar.recording or 'each recording'}"


def _held(bar: HereBar, rows: Sequence[HereRow]) -> BarResult:
    """The worst recording decides."""
    worst = max(rows, key=lambda row: (_BEST_FIRST.index(row.verdict), -row.difference))
    passed = worst.verdict is HereVerdict.NOT_WORSE_HERE or (
        worst.verdict is HereVerdict.CANT_TELL_HERE and bar.cant_tell == "passes" and not math.isnan(worst.difference)
    )
    told = f"{worst.verdict}: {worst.why} (by {worst.difference:+.4f}, {worst.blocks} blocks of time)"
    return BarResult(
        kind="baseline",
        name=name(bar),
        passed=passed,
        value=worst.difference,
        bound=worst.margin,
        where=worst.recording,
        why="" if worst.verdict is HereVerdict.NOT_WORSE_HERE else told,
    )


def _absent(bar: HereBar, told: Comparison) -> BarResult:
    rows = [row for row in told.here if row.figure == bar.figure]
    there = ", ".join(row.recording for row in rows) or "none"
    why = f"undefined: {bar.recording!r} is no recording in common; there are {there}"
    if not rows:
        why = " ".join([f"undefined: these runs have no {bar.figure} ({told.pace})", *told.notes])
    return BarResult(kind="baseline", name=name(bar), passed=False, why=why)


def _is_of(row: HereRow, recording: str) -> bool:
    """By the recording's own name, or with its data set's before it."""
    return not recording or recording in (row.recording, row.recording.partition(" ")[2])
