"""Is B worse than A? Three answers, and what each of them takes (docs/metrics.md, "Comparison")."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from replay.statistics.bootstrap import LEAST_SEQUENCES, Estimate, student_quantile

LEAST_RUNS = 5
TAIL_LIMIT = 1.05
"""A p99 may grow by this factor before it is worse."""


class Verdict(StrEnum):
    WORSE = "WORSE"
    NOT_WORSE = "NOT WORSE"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    difference: float
    low: float
    """Of the 95 % interval; NaN where there is none."""
    high: float
    n: int
    why: str


def judge(estimate: Estimate, margin: float) -> Judgement:
    """A figure where more is better: WORSE if the 95 % interval lies below 0, NOT WORSE if the one-sided 95 % lower
    limit lies above -margin (>= 0), else INCONCLUSIVE."""
    return _judgement(estimate, margin, worse=estimate.bound(0.975) < 0)


def judge_each(estimates: Mapping[str, Estimate], margin: float, alpha: float = 0.025) -> dict[str, Judgement]:
    """Several classes at once: WORSE by Holm's step-down, so that all of them together err once in 1/alpha."""
    known = {name: estimate.p_not_below_zero() for name, estimate in estimates.items()}
    worse = dict(zip(known, holm(list(known.values()), alpha), strict=True))
    return {name: _judgement(estimate, margin, worse=worse[name]) for name, estimate in estimates.items()}


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses fall: the smallest p against alpha/m, the next against alpha/(m-1), until one stands.

    NaN stands, and is not counted.
    """
    rejected = [False] * len(p_values)
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    for place, (p, i) in enumerate(order):
        if p > alpha / (len(order) - place):
            break
        rejected[i] = True
    return rejected


def judge_tail(a_ns: Sequence[float], b_ns: Sequence[float], limit: float = TAIL_LIMIT) -> Judgement:
    """A p99 (one value a run): the ratio b/a with a 95 % interval from the logarithms of the runs (Welch).

    WORSE if the interval lies above `limit`, NOT WORSE if it lies below. `difference`, `low`, `high` are ratios.
    """
    n = min(len(a_ns), len(b_ns))
    if n == 0:
        return Judgement(Verdict.INCONCLUSIVE, math.nan, math.nan, math.nan, 0, "one side has no run")
    a, b = np.log(a_ns), np.log(b_ns)
    ratio = float(np.exp(b.mean() - a.mean()))
    if n < LEAST_RUNS:
        why = f"{n} run{'' if n == 1 else 's'} a side; a p99 is judged from {LEAST_RUNS} on"
        return Judgement(Verdict.INCONCLUSIVE, ratio, math.nan, math.nan, n, why)
    half = _welch_half(a.var(ddof=1) / len(a), len(a), b.var(ddof=1) / len(b), len(b))
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    if low > limit:
        return Judgement(Verdict.WORSE, ratio, low, high, n, f"the interval lies above {limit:g}")
    if high < limit:
        return Judgement(Verdict.NOT_WORSE, ratio, low, high, n, f"the interval lies below {limit:g}")
    return Judgement(Verdict.INCONCLUSIVE, ratio, low, high, n, f"the interval holds {limit:g}")


def _judgement(estimate: Estimate, margin: float, *, worse: bool) -> Judgement:
    low, high, floor = estimate.bound(0.025), estimate.bound(0.975), estimate.bound(0.05)

    def says(verdict: Verdict, why: str) -> Judgement:
        return Judgement(verdict, estimate.value, low, high, estimate.n, why)

    if math.isnan(estimate.value):
        return says(Verdict.INCONCLUSIVE, "one side is undefined")
    if estimate.n < LEAST_SEQUENCES:
        sequences = f"{estimate.n} sequence{'' if estimate.n == 1 else 's'}"
        return says(Verdict.INCONCLUSIVE, f"{sequences}; a difference is judged from {LEAST_SEQUENCES} on")
    if worse:
        return says(Verdict.WORSE, "surely below 0")
    if floor > -margin:
        return says(Verdict.NOT_WORSE, f"surely above -{margin:g}")
    return says(Verdict.INCONCLUSIVE, f"between worse and within the margin of {margin:g}")


def _welch_half(a: float, n_a: int, b: float, n_b: int) -> float:
    """Half the 95 % interval of a difference of means with these squared errors."""
    if a + b == 0:
        return 0.0
    degrees = (a + b) ** 2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    return student_quantile(0.975, max(1, int(degrees))) * math.sqrt(a + b)
