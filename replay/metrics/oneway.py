"""One-way times between two machines: never without the systematic error that comparing their clocks leaves.

The order statistics of values that are each wrong by at most their bound lie between those of the values less and
plus their bounds.
"""

from collections.abc import Sequence

from edge.wire.clock.estimate import TRUSTED_SHARE, worth_showing
from replay.metrics.percentiles import QUANTILES, Percentiles, percentiles
from sensors.clock import NS_PER_MS


def bounds_of(values_ns: Sequence[int], bounds_ns: Sequence[int]) -> Percentiles:
    """For each percentile of the values, how far it may be from the truth: 0 where they were taken on one clock."""
    pairs = list(zip(values_ns, bounds_ns, strict=True))
    middle = percentiles(values_ns)
    low = percentiles(value - bound for value, bound in pairs)
    high = percentiles(value + bound for value, bound in pairs)

    def apart(name: str) -> int | None:
        least, told, most = (getattr(row, name) for row in (low, middle, high))
        return None if told is None else max(told - least, most - told)

    return Percentiles(**{name: apart(name) for name in (*QUANTILES, "max")}, n=middle.n)


def refusal(values_ns: Sequence[int], bounds_ns: Sequence[int]) -> str:
    """Why the values can't be shown; empty: they can."""
    if not any(bounds_ns):
        return ""
    early = sum(value + bound < 0 for value, bound in zip(values_ns, bounds_ns, strict=True))
    if early:
        return f"{early} of {len(values_ns)} reports were received before their frames were taken, whatever the bound"
    median_ns, bound_ns = percentiles(values_ns).p50, bounds_of(values_ns, bounds_ns).p50
    if median_ns is None or bound_ns is None:
        return f"{len(values_ns)} of them are too few to hold their bound against"
    if not worth_showing(bound_ns, median_ns):
        bound_ms, median_ms = bound_ns / NS_PER_MS, median_ns / NS_PER_MS
        return f"its bound of {bound_ms:.2f} ms exceeds {TRUSTED_SHARE * 100:g} % of p50 ({median_ms:.2f} ms)"
    return ""
