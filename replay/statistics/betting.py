"""Is a mean beyond a bound, asked at every look? Bets that pay when it is: a tenfold gain is tenfold evidence.

While the mean of the next value, given those before, is `bound` at most, nobody can expect to gain by betting on more;
a wealth that begins at 1 ever reaches 1/alpha with probability alpha at most, however often one looks (Ville, 1939).
Each bet keeps a share in cash and puts the rest on the value; which share is best nobody knows beforehand, so the
wealth is split over several of them (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", 2024; Orabona and Jun, "Tight concentrations and confidence sequences from the regret of universal
portfolio", 2024).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.pool import Numbers

SHARES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99])
"""What a part of the wealth puts on each value; never all of it: one 0 would end it."""
STEP = 0.05
"""How fine an interval's ends are, of values in -1..1."""


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def greatest_log_wealth(values: Sequence[float] | Numbers, bound: float) -> float:
    """Against "the mean of `values` (0 or more) is `bound` (more than 0) at most": the evidence, as it stood highest.

    0 before the first value: none.
    """
    if not bound > 0:
        raise ValueError(f"values of 0 or more have a bound above 0, not {bound}")
    paid = np.asarray(values, float) / bound
    if not len(paid):
        return 0.0
    if paid.min() < 0 or not np.isfinite(paid).all():
        raise ValueError("a value is below 0, or no number")
    grown = np.log1p(SHARES[:, None] * (paid - 1.0)).cumsum(axis=1)
    top = grown.max(axis=0)
    wealth = top + np.log(np.exp(grown - top).mean(axis=0))
    return max(0.0, float(wealth.max()))


def surely_above(values: Sequence[float] | Numbers, bound: float, alpha: float) -> bool:
    """Whether the mean is beyond `bound`; falsely with probability `alpha` at most, over all looks together."""
    return greatest_log_wealth(values, bound) >= -math.log(alpha)


def confidence_sequence(values: Sequence[float] | Numbers, alpha: float) -> Interval:
    """Around the mean of values in -1..1: each end misses it at any look at all with probability `alpha` at most.

    The ends lie on a grid of STEP, outwards. -1..1 before there is a value.
    """
    known = np.asarray(values, float)
    if len(known) and (known.min() < -1 or known.max() > 1):
        raise ValueError("a value lies outside of -1..1")
    return Interval(_lower(known, alpha), -_lower(-known, alpha))


def _lower(values: Numbers, alpha: float) -> float:
    """Evidence falls as the candidate rises: the greatest one that is refuted is found by halving."""
    candidates = np.arange(-1 + STEP, 1, STEP)
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        if surely_above(1 + values, 1 + float(candidates[middle]), alpha):
            low = middle + 1
        else:
            high = middle
    return float(candidates[low - 1]) if low else -1.0
