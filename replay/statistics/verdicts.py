"""Is B worse than A? Three answers, and what each of them takes (docs/metrics/comparison.md, "Comparison")."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from replay.metrics.pool import Numbers
from replay.statistics.bootstrap import LEAST_SEQUENCES, Estimate, student_quantile

LEAST_RUNS = 5
TAIL_LIMIT = 1.05
"""A p99 may grow by this factor before it is worse."""
MOST_SHARE = 0.1
"""A margin that is a greater share of A's own figure would call almost anything NOT WORSE: it is refused."""


class Verdict(StrEnum):
    WORSE = "WORSE"
    NOT_WORSE = "NOT WORSE"
    INCONCLUSIVE = "INCONCLUSIVE"


class HereVerdict(StrEnum):
    """Of one recording by itself: words of its own, since it says nothing about other roads."""

    WORSE_HERE = "WORSE HERE"
    NOT_WORSE_HERE = "NOT WORSE HERE"
    CANT_TELL_HERE = "CAN'T TELL HERE"

    @classmethod
    def of(cls, verdict: Verdict) -> "HereVerdict":
        return {
            Verdict.WORSE: cls.WORSE_HERE,
            Verdict.NOT_WORSE: cls.NOT_WORSE_HERE,
            Verdict.INCONCLUSIVE: cls.CANT_TELL_HERE,
        }[verdict]


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    difference: float
    low: float
    """Of the 95 % interval; NaN where there is none."""
    high: float
    n: int
    why: str


def judge(estimate: Estimate, margin: float, of: float = math.inf) -> Judgement:
    """A figure where more is better: WORSE if the 95 % interval lies below 0, NOT WORSE if the one-sided 95 % lower
    limit lies above -margin (>= 0), else INCONCLUSIVE. `of`: A's own figure, which the margin must be small against."""
    return judge_unless(_few_sequences(estimate.n), estimate, margin, of)


def judge_unless(too_few: str, estimate: Estimate, margin: float, of: float = math.inf) -> Judgement:
    """As `judge`, of whatever `estimate` rests on; `too_few` says why nothing is judged, empty: there are enough."""
    return _judgement(estimate, margin, of, worse=estimate.bound(0.975) < 0, too_few=too_few)


def judge_each(
    estimates: Mapping[str, Estimate],
    margins: Mapping[str, float],
    of: Mapping[str, float],
    alpha: float = 0.025,
) -> dict[str, Judgement]:
    """Several classes at once: WORSE by Holm's step-down, so that all of them together err once in 1/alpha."""
    known = {name: estimate.p_not_below_zero() for name, estimate in estimates.items()}
    worse = dict(zip(known, holm(list(known.values()), alpha), strict=True))
    return {
        name: _judgement(one, margins[name], of[name], worse=worse[name], too_few=_few_sequences(one.n))
        for name, one in estimates.items()
    }


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


def judge_tail(
    a_ns: Sequence[float],
    b_ns: Sequence[float],
    limit: float = TAIL_LIMIT,
    played: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
) -> Judgement:
    """A p99 (one value a run): the ratio b/a with a 95 % interval from the logarithms of the runs.

    `played`: what each run of A and of B played; runs are then compared with those over the same recordings, so that
    the recordings' own spread is no doubt about the sides. WORSE if the interval lies above `limit`, NOT WORSE if it
    lies below. `difference`, `low`, `high` are ratios.
    """
    n = min(len(a_ns), len(b_ns))
    if n == 0:
        return Judgement(Verdict.INCONCLUSIVE, math.nan, math.nan, math.nan, 0, "one side has no run")
    a, b = np.log(a_ns), np.log(b_ns)
    difference, half = _log_interval(a, b, played)
    ratio = math.exp(difference)
    if n < LEAST_RUNS:
        why = f"{n} run{'' if n == 1 else 's'} a side; a p99 is judged from {LEAST_RUNS} on"
        return Judgement(Verdict.INCONCLUSIVE, ratio, math.nan, math.nan, n, why)
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    if low > limit:
        return Judgement(Verdict.WORSE, ratio, low, high, n, f"the interval lies above {limit:g}")
    if high < limit:
        return Judgement(Verdict.NOT_WORSE, ratio, low, high, n, f"the interval lies below {limit:g}")
    return Judgement(Verdict.INCONCLUSIVE, ratio, low, high, n, f"the interval holds {limit:g}")


def _log_interval(
    a: Numbers, b: Numbers, played: tuple[Sequence[Hashable], Sequence[Hashable]] | None
) -> tuple[float, float]:
    """The difference of the logarithms, and half its 95 % interval.

    From LEAST_RUNS different recordings on, Student's over the recordings; with fewer, each side's spread among runs
    over the same ones; with one, or where nobody says what was played, Welch's.
    """
    of_a, of_b = ({}, {}) if played is None else (_grouped(a, played[0]), _grouped(b, played[1]))
    if len(of_a) < 2 or of_a.keys() != of_b.keys():
        half = math.nan
        if min(len(a), len(b)) > 1:
            half = _welch_half(a.var(ddof=1) / len(a), len(a), b.var(ddof=1) / len(b), len(b))
        return float(b.mean() - a.mean()), half
    pairs = [(of_a[load], of_b[load]) for load in of_a]
    steps = np.array([b_runs.mean() - a_runs.mean() for a_runs, b_runs in pairs])
    n = len(steps)
    if n >= LEAST_RUNS:
        return float(steps.mean()), student_quantile(0.975, n - 1) * float(steps.std(ddof=1)) / math.sqrt(n)
    degrees = sum(len(a_runs) + len(b_runs) - 2 for a_runs, b_runs in pairs)
    if not degrees:
        return float(steps.mean()), math.nan
    within = sum(float(np.square(side - side.mean()).sum()) for pair in pairs for side in pair) / degrees
    error = math.sqrt(within * sum(1 / len(a_runs) + 1 / len(b_runs) for a_runs, b_runs in pairs)) / n
    return float(steps.mean()), student_quantile(0.975, degrees) * error


def _grouped(values: Numbers, played: Sequence[Hashable]) -> dict[Hashable, Numbers]:
    return {load: values[[one == load for one in played]] for load in dict.fromkeys(played)}


def _few_sequences(n: int) -> str:
    """Why nothing is judged; empty from LEAST_SEQUENCES on."""
    sequences = f"{n} sequence{'' if n == 1 else 's'}"
    return "" if n >= LEAST_SEQUENCES else f"{sequences}; a difference is judged from {LEAST_SEQUENCES} on"


def _judgement(estimate: Estimate, margin: float, of: float, *, worse: bool, too_few: str) -> Judgement:
    low, high, floor = estimate.bound(0.025), estimate.bound(0.975), estimate.bound(0.05)

    def says(verdict: Verdict, why: str) -> Judgement:
        return Judgement(verdict, estimate.value, low, high, estimate.n, why)

    if math.isnan(estimate.value):
        return says(Verdict.INCONCLUSIVE, "one side is undefined")
    if too_few:
        return says(Verdict.INCONCLUSIVE, too_few)
    if worse:
        return says(Verdict.WORSE, "surely below 0")
    if margin > MOST_SHARE * of:
        return says(Verdict.INCONCLUSIVE, f"a margin of {margin:g} is over {MOST_SHARE:.0%} of A's {of:.4f}: refused")
    if floor > -margin:
        return says(Verdict.NOT_WORSE, f"surely above -{margin:g}")
    return says(Verdict.INCONCLUSIVE, f"between worse and within the margin of {margin:g}")


def _welch_half(a: float, n_a: int, b: float, n_b: int) -> float:
    """Half the 95 % interval of a difference of means with these squared errors."""
    if a + b == 0:
        return 0.0
    degrees = (a + b) ** 2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    return student_quantile(0.975, max(1, int(degrees))) * math.sqrt(a + b)
