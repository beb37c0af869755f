"""Which model on which chip keeps up with a camera and finds the most, and what stands against the others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from replay.campaign.config import PLAIN
from replay.campaign.record import CellRecord
from sensors.clock import NS_PER_S

RULE = (
    "It keeps up where in every one of its cells in real time, over the recordings as they are, the run is valid, no "
    "frame was dropped or failed, and the p99 of capture to result is within the camera's period. Of those that keep "
    "up, the one that found most there: the highest AP, as the mean over the recordings on which all of them have "
    "one. A small difference may be chance: see the intervals."
)


@dataclass(frozen=True, slots=True)
class Candidate:
    model: str
    chip: str
    keeps_up: bool
    why_not: str
    ap: float
    """Mean over `recordings`; NaN: there is no recording on which all candidates have one."""
    recordings: int
    worst_p99_ns: int | None
    emulated: bool
    """Its times are of no chip."""


def candidates(records: Sequence[CellRecord], fps: float) -> list[Candidate]:
    """Those that keep up first, by AP; only of models and chips that have a cell in real time."""
    plain = [one for one in records if one.at.condition == PLAIN and one.figures is not None]
    timed: dict[tuple[str, str, str], list[CellRecord]] = {}
    for one in plain:
        if one.at.work == "realtime":
            timed.setdefault((one.at.model, one.at.precision, one.at.chip), []).append(one)
    aps = {who: _aps(cells) for who, cells in timed.items()}
    shared = set.intersection(*map(set, aps.values())) if aps else set()
    found = []
    for (model, precision, chip), cells in timed.items():
        why_not = _why_not(cells, fps)
        own = [aps[model, precision, chip][name] for name in sorted(shared)]
        p99s = [p99 for one in cells if (p99 := _p99_ns(one)) is not None]
        kinds = {one.chip.kind for one in cells if one.chip}
        found.append(
            Candidate(
                model=f"{model}, {precision}",
                chip=chip,
                keeps_up=not why_not,
                why_not=why_not,
                ap=math.fsum(own) / len(own) if own else math.nan,
                recordings=len(own),
                worst_p99_ns=max(p99s, default=None),
                emulated=not kinds <= {"cpu", "gpu", "npu"},
            )
        )
    return sorted(found, key=lambda one: (not one.keeps_up, one.emulated, -one.ap if not math.isnan(one.ap) else 1.0))


def _aps(cells: Sequence[CellRecord]) -> dict[str, float]:
    """What was found on that chip in real time, by recording; of several cells the first."""
    found: dict[str, float] = {}
    for one in cells:
        if one.figures is not None and not math.isnan(one.figures.ap.value):
            found.setdefault(one.at.recording, one.figures.ap.value)
    return found


def _why_not(cells: Sequence[CellRecord], fps: float) -> str:
    for one in cells:
        figures = one.figures
        assert figures is not None
        if one.ended != "done":
            return f"{one.at.recording}: {one.last.why}"
        if not figures.valid:
            return f"{one.at.recording}: not valid, {'; '.join(figures.invalid_because)}"
        if figures.frames.dropped or figures.frames.failed:
            return f"{one.at.recording}: {figures.frames.dropped} frames dropped, {figures.frames.failed} failed"
        p99 = _p99_ns(one)
        if p99 is None:
            return f"{one.at.recording}: too few frames for a p99"
        if p99 > NS_PER_S / fps:
            return f"{one.at.recording}: its p99 is beyond the period"
    return ""


def _p99_ns(record: CellRecord) -> int | None:
    latency = record.figures.latency_ns if record.figures else None
    return None if latency is None else latency.p99
