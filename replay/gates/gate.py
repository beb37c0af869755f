"""A run held against its bars."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from replay.comparison.accuracy import Progress
from replay.comparison.compare import hold
from replay.comparison.result import Comparison
from replay.comparison.sides import Side, check_side, read_side
from replay.gates import absolute, one_recording, relative
from replay.gates.bar_results import BarResult, GateResult
from replay.gates.bars import Gates
from replay.runs.recordings import Recordings
from replay.runs.summary import INTERRUPTED
from sensors.errors import GilmokError


class BaselineMissing(GilmokError):
    def __init__(self, gates: Path) -> None:
        super().__init__(
            f"{gates} asks for what is not worse than a baseline, and no baseline is named",
            "name its run folders with --baseline",
        )


def held(
    gates: Gates,
    where: Path,
    runs: Sequence[Path],
    baseline: Sequence[Path],
    progress: Progress = lambda _: None,
    *,
    interrupted_too: bool = False,
) -> GateResult:
    """`interrupted_too`: a run that was cut short isn't refused for that alone.

    Raises BaselineMissing, NoRuns, RunTwice or RunFolderWrong: what can't be read is no bar that isn't cleared."""
    asked = (*gates.baseline.not_worse, *gates.baseline.not_worse_here)
    if asked and not baseline:
        raise BaselineMissing(where)
    recordings = Recordings()
    side = read_side(runs, recordings)
    bars = list(absolute.results(gates, side.runs, interrupted_too=interrupted_too))
    comparison: Comparison | None = None
    if asked:
        before = read_side(baseline, recordings)
        try:
            check_side(before)
            check_side(side)
            comparison = hold(before, side, relative.settings(gates.baseline), progress).comparison
        except GilmokError as error:
            names = [
                *map(relative.name, gates.baseline.not_worse),
                *map(one_recording.name, gates.baseline.not_worse_here),
            ]
            bars += relative.refused(names, error.sentence)
        else:
            bars += relative.results(gates.baseline.not_worse, comparison)
            bars += one_recording.results(gates.baseline.not_worse_here, comparison)
    return GateResult(
        passed=all(bar.passed for bar in bars),
        gates=where.name,
        runs=tuple(run.identity.run for run in side.runs),
        bars=tuple(_named_apart(bars)),
        comparison=comparison,
        notes=tuple(_notes(side, gates, interrupted_too)),
    )


def _notes(side: Side, gates: Gates, interrupted_too: bool) -> Iterator[str]:
    """What is wrong with the runs, and was not asked about."""
    for run in side.runs:
        for why in run.summary.invalid_because:
            if not gates.valid or (interrupted_too and why == INTERRUPTED):
                yield f"{run.identity.run}: {why}"


def _named_apart(bars: Sequence[BarResult]) -> Iterator[BarResult]:
    """A CI takes test cases of one name for one."""
    seen: Counter[str] = Counter()
    for bar in bars:
        seen[bar.name] += 1
        again = seen[bar.name]
        yield msgspec.structs.replace(bar, name=f"{bar.name} ({again})") if again > 1 else bar


def failed(result: GateResult) -> list[BarResult]:
    return [bar for bar in result.bars if not bar.passed]
