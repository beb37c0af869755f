"""Is a deadline kept at a percentile? Kept, broken or open, each with its confidence (docs/qualify.md, "Deadlines").

If exactly 1 % of all answers were late, a p99 would lie on the deadline. `kept` is how improbable so few late ones
would then be, `broken` how improbable so many: exact binomial tails, the first of them LoadGen's early stopping.
Answers that are late together are no evidence each by itself: they count for as many as they are worth.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from replay.metrics.pool import Mask
from replay.statistics.correlation import correlation_length
from replay.statistics.early_stopping import CONFIDENCE
from sensors.plugins import need
from sensors.record import Record

SLOW_SHARE = 0.1
"""The slowest tenth shows also where nothing is late whether slow answers come together."""


class DeadlineOutcome(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "open"


class DeadlineJudgement(Record, frozen=True, kw_only=True):
    n: int
    over: int
    """Later than the deadline."""
    counting_for: float
    """As many independent answers as the `n` are worth."""
    kept: float
    """Confidence, 0..1, that fewer than 1 - percentile of all answers are late."""
    broken: float
    """That more are."""
    outcome: DeadlineOutcome
    needed: int | None
    """Answers that would make a deadline kept for sure, were no further one late; None where one is broken."""


def judge_deadline(latencies_ns: Sequence[int], deadline_ns: float, percentile: float = 0.99) -> DeadlineJudgement:
    """`latencies_ns` in the order in which they were asked for; one on the deadline is in time."""
    latencies = np.asarray(latencies_ns, np.int64)
    n, late = len(latencies), latencies > deadline_ns
    over = int(late.sum())
    together = max(correlation_length(late), correlation_length(_slowest(latencies)))
    kept, broken = _sure_kept(n / together, over / together, percentile), 0.0
    if over:
        broken = 1 - float(_special().betainc(over / together, (n - over) / together + 1, 1 - percentile))
    outcome = DeadlineOutcome.OPEN
    if max(kept, broken) >= CONFIDENCE:
        outcome = DeadlineOutcome.KEPT if kept > broken else DeadlineOutcome.BROKEN
    return DeadlineJudgement(
        n=n,
        over=over,
        counting_for=n / together,
        kept=kept,
        broken=broken,
        outcome=outcome,
        needed=None if outcome is DeadlineOutcome.BROKEN else _needed(over, together, percentile),
    )


def _slowest(latencies: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Mask:
    if not len(latencies):
        return np.zeros(0, np.bool_)
    at = math.ceil((1 - SLOW_SHARE) * len(latencies)) - 1
    slowest: Mask = latencies > np.partition(latencies, at)[at]
    return slowest


def _sure_kept(n: float, over: float, percentile: float) -> float:
    return 1 - float(_special().betainc(n - over, over + 1, percentile)) if over < n else 0.0


def _needed(over: int, together: float, percentile: float) -> int:
    low, high = over, over + 1
    while _sure_kept(high / together, over / together, percentile) < CONFIDENCE:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = _sure_kept(middle / together, over / together, percentile) >= CONFIDENCE
        low, high = (low, middle) if enough else (middle, high)
    return high


def _special() -> Any:
    return need("scipy.special", "statistics", "a judgement of a deadline")
