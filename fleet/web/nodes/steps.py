"""A stream over time, a step after another: how fast at which stage, and whether what it finds drifts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.wire.messages import FrameReport, Health
from fleet.ledger.reader import FrameRow
from fleet.ledger.rollups.history import Point, Quantiles
from fleet.watch.fleet_row import ms
from replay.metrics.percentiles import percentiles
from sensors.clock import NS_PER_MS, NS_PER_S

STEP_S = 5
DRIFT_FRAMES = 300
MARKS = ("p50", "p90", "p99")


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """What of a report the chart needs: with its findings, minutes of it would take hundreds of megabytes."""

    received_utc_ns: int
    seq: int
    failed: bool
    late: bool
    total_ns: int
    stages: Mapping[str, int]
    reason: str

    @classmethod
    def of(cls, row: FrameRow) -> "FrameTiming":
        one = row.report
        failed = one.status == "failed"
        return cls(row.received.utc_ns, one.seq, failed, row.late, one.total_ns, one.stages, one.reason)


def steps(frames: Sequence[FrameTiming]) -> list[dict[str, Any]]:
    """Latency by stage over the hub's wall clock: of ok frames, and without those that came late, which are counted."""
    pieces: dict[int, list[FrameTiming]] = {}
    for row in frames:
        pieces.setdefault(row.received_utc_ns // (STEP_S * NS_PER_S), []).append(row)
    return [_step(piece * STEP_S, rows) for piece, rows in sorted(pieces.items())]


def _step(begin_s: int, rows: Sequence[FrameTiming]) -> dict[str, Any]:
    live = [row for row in rows if not row.failed and not row.late]
    names = dict.fromkeys(name for one in live for name in one.stages)
    return {
        "t_ms": begin_s * 1000,
        "n": len(live),
        "failed": sum(row.failed for row in rows),
        "late": sum(row.late for row in rows),
        "total": _marks(one.total_ns for one in live),
        "stages": {name: _marks(one.stages[name] for one in live if name in one.stages) for name in names},
    }


def minutes(points: Iterable[Point], stages: Sequence[str]) -> list[dict[str, Any]]:
    """The same out of the rollups."""
    return [
        {
            "t_ms": point.begin_utc_s * 1000,
            "n": point.ok - point.late,
            "failed": point.failed,
            "late": point.late,
            "dropped": point.dropped,
            "total": _rolled(point.latency.get("total")),
            "stages": {name: _rolled(point.latency.get(name)) for name in stages if name in point.latency},
        }
        for point in points
    ]


def healths(said: Sequence[tuple[int, Health]]) -> list[dict[str, Any]]:
    """The last of each step."""
    last = {utc_ns // (STEP_S * NS_PER_S): health for utc_ns, health in said}
    return [
        {
            "t_ms": step * STEP_S * 1000,
            "temperature_c": health.temperature_c,
            "power_w": health.power_w,
            "utilisation": health.utilisation,
            "spooled": None if health.spool is None else health.spool.reports,
            "clock_bound_ms": ms(clock.bound_ns) if (clock := next(iter(health.clocks.values()), None)) else None,
            "dropped": {name: counted.dropped for name, counted in health.streams.items()},
        }
        for step, health in sorted(last.items())
    ]


def drift(first: Sequence[FrameReport], newest: Sequence[FrameReport]) -> dict[str, Any] | None:
    """What is found now against what was found when the session began; None where they are not two sets of frames."""
    if not first or not newest or first[-1].n >= newest[0].n:
        return None
    return {"n_first": len(first), "n_newest": len(newest), "first": _found(first), "newest": _found(newest)}


def _found(reports: Sequence[FrameReport]) -> dict[str, float | None]:
    found = [one.findings for one in reports if one.findings is not None]
    scores = [score for one in found for score in one.scores]
    heights = [box[3] - box[1] for one in found for box in one.boxes]
    return {
        "per_frame": round(len(scores) / len(found), 3) if found else None,
        "mean_score": round(float(np.mean(scores)), 4) if scores else None,
        "median_height_px": round(float(np.median(heights)), 1) if heights else None,
    }


def _marks(values_ns: Iterable[int]) -> dict[str, float | None]:
    told = percentiles(values_ns)
    return {mark: ms(getattr(told, mark)) for mark in MARKS}


def _rolled(told: Quantiles | None) -> dict[str, float | None]:
    return {mark: None if told is None else round(getattr(told, f"{mark}_ns") / NS_PER_MS, 3) for mark in MARKS}
