"""How much of the reference's accuracy is kept: AP candidate / AP reference, by the interval of its logarithm."""

import math
from enum import StrEnum

from replay.statistics.bootstrap import LEAST_SEQUENCES, Estimate
from sensors.record import Record

KEPT, NEARLY_ALL = 0.99, 0.999


class RatioVerdict(StrEnum):
    PASS_999 = "PASS-99.9"
    PASS_99 = "PASS-99"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Ratio(Record, frozen=True, kw_only=True):
    """AP of the candidate over AP of the reference; NaN where one of them is 0 or undefined."""

    value: float
    low: float
    """Of the 95 % interval; NaN where there are too few sequences for one."""
    high: float
    sequences: int
    verdict: RatioVerdict
    why: str


def judged(log_ratio: Estimate) -> Ratio:
    """PASS-99.9 or PASS-99 where the 95 % interval lies at or above it, FAIL where it lies below .99."""
    value, n = math.exp(log_ratio.value), log_ratio.n
    if math.isnan(log_ratio.value):
        return _ratio(log_ratio, RatioVerdict.INCONCLUSIVE, "one side's AP is 0 or undefined", told=False)
    if n < LEAST_SEQUENCES:
        why = (
            f"{n} sequence{'' if n == 1 else 's'}; an interval takes {LEAST_SEQUENCES}. "
            f"On the frames at hand the ratio is {value:.4f}, which describes these frames and concludes nothing"
        )
        return _ratio(log_ratio, RatioVerdict.INCONCLUSIVE, why, told=False)
    low, high = math.exp(log_ratio.bound(0.025)), math.exp(log_ratio.bound(0.975))
    if low >= NEARLY_ALL:
        return _ratio(log_ratio, RatioVerdict.PASS_999, f"the interval lies at or above {NEARLY_ALL}")
    if low >= KEPT:
        return _ratio(log_ratio, RatioVerdict.PASS_99, f"the interval lies at or above {KEPT}")
    if high < KEPT:
        return _ratio(log_ratio, RatioVerdict.FAIL, f"the interval lies below {KEPT}")
    return _ratio(log_ratio, RatioVerdict.INCONCLUSIVE, f"the interval holds {KEPT}")


def _ratio(log_ratio: Estimate, verdict: RatioVerdict, why: str, *, told: bool = True) -> Ratio:
    """`told`: whether there is an interval to tell."""
    return Ratio(
        value=math.exp(log_ratio.value),
        low=math.exp(log_ratio.bound(0.025)) if told else math.nan,
        high=math.exp(log_ratio.bound(0.975)) if told else math.nan,
        sequences=log_ratio.n,
        verdict=verdict,
        why=why,
    )
