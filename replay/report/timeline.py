"""When what happened, on the camera's clock: also to the frames that nobody reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.wire.messages import FrameReport
from replay.metrics.pool import Numbers
from sensors.clock import NS_PER_MS, NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Seconds since the first report's frame was taken."""

    ok_s: Numbers
    ok_ms: Numbers
    """The latency of each."""
    failed_s: Numbers
    dropped_s: Numbers
    """Of frames without a report: between the frames around them, as the recording's order says."""
    end_s: float


def timeline(reports: Sequence[FrameReport], numbers: Sequence[int] | None, dropped: int) -> Timeline:
    """`numbers`: the frames that were captured, by their own numbers; None: they count up by one.

    `dropped` is what the node counted; where the missing numbers are not as many, nobody knows which were dropped.
    """
    if not reports:
        none = np.empty(0)
        return Timeline(none, none, none, none, 0.0)
    begin_ns = min(report.stamp.mono_ns for report in reports)
    seen = {report.seq: (report.stamp.mono_ns - begin_ns) / NS_PER_S for report in reports}
    order = list(numbers) if numbers is not None else list(range(min(seen), max(seen) + 1))
    missing = [place for place, number in enumerate(order) if number not in seen]
    known = sorted((place, seen[number]) for place, number in enumerate(order) if number in seen)
    dropped_s = np.empty(0)
    if known and len(missing) == dropped:
        dropped_s = np.interp(missing, [place for place, _ in known], [at_s for _, at_s in known])
    ok = [report for report in reports if report.status == "ok"]
    return Timeline(
        ok_s=np.array([seen[report.seq] for report in ok]),
        ok_ms=np.array([report.total_ns / NS_PER_MS for report in ok]),
        failed_s=np.array([seen[report.seq] for report in reports if report.status == "failed"]),
        dropped_s=dropped_s,
        end_s=max([*seen.values(), *dropped_s.tolist()]),
    )
