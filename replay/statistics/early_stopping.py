"""LoadGen's early stopping: how many slow answers a latency bound survives, and which latency may be told.

Wording where it is shown: "LoadGen-style, not an MLPerf result, not verified by MLCommons".
"""

from collections.abc import Sequence

from sensors.plugins import need

CONFIDENCE = 0.99


def bound_holds(n: int, over: int, percentile: float) -> bool:
    """Of `n` answers `over` were slower than a bound: does it hold at `percentile` (0..1) with confidence .99?"""
    special = need("scipy.special", "statistics", "early-stopping estimates")
    return 0 <= over < n and float(special.betainc(n - over, over + 1, percentile)) <= 1 - CONFIDENCE


def slow_answers_allowed(n: int, percentile: float) -> int:
    """The most answers over the bound that `n` survive; -1 = not even none: too few answers."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if bound_holds(n, middle, percentile):
            low = middle
        else:
            high = middle
    return low


def guaranteed_latency(latencies_ns: Sequence[int], percentile: float) -> int | None:
    """The latency that LoadGen's single-stream rule tells: the slowest after t - 1 are set aside. None: too few."""
    allowed = slow_answers_allowed(len(latencies_ns), percentile)
    return sorted(latencies_ns)[len(latencies_ns) - allowed] if allowed >= 1 else None
