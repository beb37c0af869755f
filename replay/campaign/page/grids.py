"""Models against chips: a grid for each figure, recording and condition, out of the cells' records."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from replay.campaign.record import CellRecord
from sensors.clock import NS_PER_MS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a grid; NaN: no cell there has that figure."""

    value: float
    low: float
    high: float
    n: int
    """Cells: of several, `value` is the middle one, `low` and `high` are the least and the greatest."""
    shade: float
    """0 the worst of its grid, 1 the best; NaN where there is no value, or not all of its cells are valid."""
    note: str = ""
    """What must be told beside it."""


@dataclass(frozen=True, slots=True)
class Grid:
    title: str
    unit: str
    digits: int
    recording: str
    condition: str
    chips: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    """A model with its precision, and its entry for each chip."""


@dataclass(frozen=True, slots=True)
class _Figure:
    title: str
    unit: str
    digits: int
    more_is_better: bool
    of: Callable[[CellRecord], tuple[float, float, float]]
    """Value, low, high."""
    timed: bool


def _ap(record: CellRecord) -> tuple[float, float, float]:
    assert record.figures is not None
    return (record.figures.ap.value, record.figures.ap.low, record.figures.ap.high)


def _p99_ms(record: CellRecord) -> tuple[float, float, float]:
    assert record.figures is not None
    latency = record.figures.latency_ns
    value = math.nan if latency is None or latency.p99 is None else latency.p99 / NS_PER_MS
    return (value, math.nan, math.nan)


def _fps(record: CellRecord) -> tuple[float, float, float]:
    assert record.figures is not None
    return (record.figures.fps, math.nan, math.nan)


FIGURES = (
    _Figure("AP", "IoU .50 to .95, every captured frame", 3, True, _ap, timed=False),
    _Figure("p99", "ms, capture to result", 1, False, _p99_ms, timed=True),
    _Figure("kept up", "answered frames a second", 1, True, _fps, timed=True),
)


def grids(records: Sequence[CellRecord]) -> list[Grid]:
    """Times are those of cells in real time that ran alone; accuracy is of cells in lockstep, where there are any."""
    return [grid for figure in FIGURES for grid in _of_figure(figure, _usable(records, figure))]


def _usable(records: Sequence[CellRecord], figure: _Figure) -> list[CellRecord]:
    known = [one for one in records if one.ended == "done" and one.figures is not None]
    if figure.timed:
        return [one for one in known if one.at.work == "realtime" and one.last.alone]
    return [one for one in known if one.at.work == "lockstep"]


def _of_figure(figure: _Figure, records: Sequence[CellRecord]) -> Iterator[Grid]:
    for recording, condition in _unique((one.at.recording, one.at.condition) for one in records):
        here = [one for one in records if (one.at.recording, one.at.condition) == (recording, condition)]
        chips = _unique(one.at.chip for one in here)
        models = _unique(f"{one.at.model}, {one.at.precision}" for one in here)
        fields = {
            (model, chip): [
                one for one in here if (f"{one.at.model}, {one.at.precision}", one.at.chip) == (model, chip)
            ]
            for model in models
            for chip in chips
        }
        middles = [_middle(figure, found)[0] for found in fields.values()]
        known = [value for value in middles if not math.isnan(value)]
        if known:
            rows = [(model, tuple(_entry(figure, fields[model, chip], known) for chip in chips)) for model in models]
            yield Grid(figure.title, figure.unit, figure.digits, recording, condition, tuple(chips), tuple(rows))


def _entry(figure: _Figure, records: Sequence[CellRecord], known: Sequence[float]) -> Entry:
    value, low, high = _middle(figure, records)
    least, most = min(known), max(known)
    shade = 1.0 if most == least else (value - least) / (most - least)
    if not figure.more_is_better and most > least:
        shade = 1 - shade
    notes = {one.chip.kind for one in records if one.chip is not None and one.chip.kind not in ("cpu", "gpu", "npu")}
    invalid = {why for one in records if one.figures and not one.figures.valid for why in one.figures.invalid_because}
    return Entry(
        value,
        low,
        high,
        len(records),
        math.nan if invalid or math.isnan(value) else shade,
        "; ".join(sorted(notes | invalid)),
    )


def _middle(figure: _Figure, records: Sequence[CellRecord]) -> tuple[float, float, float]:
    found = sorted(row for row in map(figure.of, records) if not math.isnan(row[0]))
    if not found:
        return (math.nan, math.nan, math.nan)
    if len(found) == 1:
        return found[0]
    # The lower one of two in the middle: one that was measured.
    return (found[(len(found) - 1) // 2][0], found[0][0], found[-1][0])


def _unique(values: Iterator[T]) -> list[T]:
    return list(dict.fromkeys(values))
