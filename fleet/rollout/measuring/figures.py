"""The figures of the gates, of one unit in one slot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.wire.messages import FrameReport
from fleet.rollout.measuring.said import Said, frames
from fleet.rollout.plan import GateName, LiveGates
from replay.metrics.pool import Numbers
from sensors.clock import NS_PER_MS

LEAST_FRAMES = 20
"""Of a slot: of fewer a share or a median says little."""
BINS = 50
PERCENTILE = 99


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Of a unit's whole time before: what later frames are held against."""

    p99_limit_ms: float
    """Its p99, and as much more as is allowed."""
    scores: Numbers
    """(BINS,) of the frames' best scores, the share at or below each step."""


def reference_of(before: Iterable[Said], gates: LiveGates) -> Reference | None:
    """None: nothing was answered."""
    reports = [row.report for said in before for row in frames(said) if row.report.findings is not None]
    if not reports:
        return None
    p99_ns = float(np.percentile([report.total_ns for report in reports], PERCENTILE))
    return Reference(p99_ns / NS_PER_MS * gates.p99, _distribution(reports))


def figures_of(said: Said, gates: LiveGates, reference: Reference | None) -> dict[GateName, float]:
    """Those that are told; `accuracy` isn't among them. Without a reference, nothing that is held against one."""
    reports = [row.report for row in frames(said)]
    told: dict[GateName, float] = {}
    ok = [report for report in reports if report.findings is not None]
    if len(reports) >= LEAST_FRAMES:
        told["failed"] = 1 - len(ok) / len(reports)
        if gates.deadline_ms is not None:
            kept = sum(report.total_ns <= gates.deadline_ms * NS_PER_MS for report in ok)
            told["late"] = 1 - kept / len(reports)
    if len(ok) >= LEAST_FRAMES:
        totals_ms = np.array([report.total_ns for report in ok]) / NS_PER_MS
        told["p50"] = float(np.median(totals_ms))
        if reference is not None:
            told["p99"] = float((totals_ms > reference.p99_limit_ms).mean())
            told["drift"] = float(np.abs(_distribution(ok) - reference.scores).mean())
    power = [health.power_w for health in said.healths if health.power_w is not None]
    heat = [health.temperature_c for health in said.healths if health.temperature_c is not None]
    if power:
        told["power"] = float(np.mean(power))
    if heat:
        told["temperature"] = float(np.mean(heat))
    return told


def _distribution(reports: Sequence[FrameReport]) -> Numbers:
    """Of each frame's best score, 0 where nothing was found: two of them differ by the area between."""
    best = np.sort([max(one.findings.scores, default=0.0) for one in reports if one.findings is not None])
    steps = (np.arange(BINS) + 0.5) / BINS
    share: Numbers = np.searchsorted(best, steps, side="right") / len(best)
    return share
