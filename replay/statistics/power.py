"""How many sequences or runs a verdict takes: the power of Student's test, exactly (the noncentral t distribution)."""

import math
from typing import Any

from replay.statistics.bootstrap import student_quantile
from sensors.plugins import need

WORSE_TAIL, NOT_WORSE_TAIL = 0.025, 0.05
"""WORSE asks for a 95 % interval beyond the limit, NOT WORSE for a one-sided 95 % limit within the margin."""
POWER = 0.8
MOST = 100_000


def power(effect: float, deviation: float, n: int, tail: float, *, groups: int = 1) -> float:
    """How often a true distance of `effect` (> 0) from the limit is found with `n` pairs (or runs in each of 2 groups).

    `deviation` is that of one difference (of one run); NaN where nothing can be tested.
    """
    degrees = groups * (n - 1)
    if n < 2 or not effect > 0 or math.isnan(deviation):
        return float("nan") if n < 2 or math.isnan(deviation) else tail
    if deviation == 0:
        return 1.0
    shift = effect / (deviation * math.sqrt(groups / n))
    return 1 - float(_special().nctdtr(degrees, shift, student_quantile(1 - tail, degrees)))


def needed(effect: float, deviation: float, tail: float, *, groups: int = 1, least: int = 2) -> int | None:
    """The fewest that find it four times in five; None: no number does, or nobody knows the deviation."""
    if not effect > 0 or math.isnan(deviation):
        return None
    low, high = least - 1, least
    while power(effect, deviation, high, tail, groups=groups) < POWER:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(effect, deviation, middle, tail, groups=groups) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _special() -> Any:
    return need("scipy.special", "statistics", "the power of a comparison")
