import math

import pytest

from replay.qualify.parts.ratio import RatioVerdict, judged
from replay.statistics.bootstrap import Estimate

# Student's t with 8 degrees of freedom at .975.
T8 = 2.306004


def estimate(ratio: float, half: float, n: int = 9) -> Estimate:
    """An interval of the logarithm that reaches `half` to either side."""
    return Estimate(math.log(ratio), half / T8, n)


@pytest.mark.parametrize(
    ("ratio", "half", "verdict"),
    [
        (1.0, 0.0005, RatioVerdict.PASS_999),
        (1.0, 0.0, RatioVerdict.PASS_999),
        (1.0, 0.002, RatioVerdict.PASS_99),
        (0.995, 0.002, RatioVerdict.PASS_99),
        (0.995, 0.02, RatioVerdict.INCONCLUSIVE),
        (0.95, 0.02, RatioVerdict.FAIL),
        (0.95, 0.10, RatioVerdict.INCONCLUSIVE),
    ],
)
def test_the_interval_decides(ratio: float, half: float, verdict: RatioVerdict) -> None:
    found = judged(estimate(ratio, half))
    assert found.verdict == verdict
    assert found.value == pytest.approx(ratio)
    assert found.low == pytest.approx(ratio * math.exp(-half), rel=1e-6)
    assert found.high == pytest.approx(ratio * math.exp(half), rel=1e-6)


def test_fewer_than_eight_recordings_are_described_and_judged_neither_way() -> None:
    found = judged(estimate(0.5, 0.001, n=7))
    assert found.verdict == RatioVerdict.INCONCLUSIVE
    assert found.value == pytest.approx(0.5)
    assert math.isnan(found.low)
    assert "7 sequences" in found.why


def test_no_accuracy_at_all_has_no_ratio() -> None:
    found = judged(Estimate(math.nan, math.nan, 20))
    assert found.verdict == RatioVerdict.INCONCLUSIVE
    assert math.isnan(found.value)
