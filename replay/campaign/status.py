"""How a campaign stands: every cell's state, how long the rest may take, and what still counts after a change."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from replay.campaign.cell import Cell
from replay.campaign.inputs import changed_inputs
from replay.campaign.record import CellRecord, State
from replay.campaign.store import Store
from sensors.record import Record


class CellStatus(Record, frozen=True, kw_only=True):
    key: str
    name: str
    state: State
    required: bool
    why: str = ""
    """It failed."""
    blame: str = ""
    tries: int = 0
    flaky: bool = False
    fenced: str = ""
    """Why its chip gets no cells."""
    about_s: float
    """What it may take, by cells of the same work and chip; NaN: nobody knows yet. Of one that ended, what it took."""


class CampaignStatus(Record, frozen=True, kw_only=True):
    name: str
    cells: tuple[CellStatus, ...]
    states: dict[str, int]
    left_s: float
    """Of the cells that are still to run, one after the other; NaN where nobody knows."""
    missing: tuple[str, ...]
    """Required cells without a result."""


def status(store: Store, name: str, cells: Sequence[Cell]) -> CampaignStatus:
    """Raises RecordWrong."""
    records, fences = store.records(cells), store.fences()
    durations = _durations(cells, records)
    found = []
    for cell in cells:
        record = records.get(cell.key)
        state = store.state(cell.key)
        fence = fences.get(cell.slot)
        found.append(
            CellStatus(
                key=cell.key,
                name=cell.at.name,
                state=state,
                required=cell.required,
                why=record.last.why if record else "",
                blame=record.last.blame if record else "",
                tries=len(record.attempts) if record else 0,
                flaky=record.flaky if record else False,
                fenced=fence.why if fence and state != "done" else "",
                about_s=record.last.took_s if record else durations.get(_alike(cell), math.nan),
            )
        )
    to_run = [one.about_s for one in found if one.state in ("waiting", "interrupted") and not one.fenced]
    return CampaignStatus(
        name=name,
        cells=tuple(found),
        states=dict(Counter(one.state for one in found)),
        left_s=math.fsum(to_run) if to_run else 0.0,
        missing=tuple(one.name for one in found if one.required and one.state != "done"),
    )


def to_run(store: Store, cells: Sequence[Cell], *, failed: bool = False) -> list[Cell]:
    """Those without a result: not begun, cut short, failed by no fault of theirs, or with a try left; `failed`: all
    that failed. Raises RecordWrong."""

    def due(cell: Cell) -> bool:
        record = store.record(cell.key)
        if record is None or record.ended == "interrupted":
            return True
        return record.ended == "failed" and (
            failed or record.last.blame == "engine" or (len(record.attempts) <= cell.retries and not cell.impossible)
        )

    return [cell for cell in cells if due(cell) and store.held(cell.key) is None]


def changes(before: Sequence[Cell], now: Sequence[Cell]) -> dict[str, int]:
    """What a changed campaign does to its results, in words, with how many cells each."""
    by_name = {cell.at.name: cell for cell in before}
    found: Counter[str] = Counter()
    for cell in now:
        old = by_name.get(cell.at.name)
        if old is None:
            found["new"] += 1
        elif old.key == cell.key:
            found["still count"] += 1
        else:
            found[f"changed: {', '.join(changed_inputs(old.inputs, cell.inputs))}"] += 1
    gone = {cell.at.name for cell in before} - {cell.at.name for cell in now}
    if gone:
        found["no longer in the campaign"] = len(gone)
    return dict(found)


def _durations(cells: Sequence[Cell], records: Mapping[str, CellRecord]) -> dict[tuple[str, ...], float]:
    took: dict[tuple[str, ...], list[float]] = {}
    for cell in cells:
        record = records.get(cell.key)
        if record is not None and record.ended == "done":
            took.setdefault(_alike(cell), []).append(record.last.took_s)
    return {alike: statistics.median(times) for alike, times in took.items()}


def _alike(cell: Cell) -> tuple[str, ...]:
    return (cell.at.work, cell.slot, cell.at.recording)
