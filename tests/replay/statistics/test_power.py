"""How many it takes, against textbooks and against trials."""

import math

import numpy as np
import pytest

from replay.statistics.bootstrap import Estimate
from replay.statistics.power import NOT_WORSE_TAIL, WORSE_TAIL, needed, power
from replay.statistics.verdicts import Verdict, judge


def test_the_numbers_are_those_of_cohen_s_tables() -> None:
    """d = .5: 34 pairs, or 64 in each group, at .05 two-sided and a power of .8."""
    assert needed(0.01, 0.02, WORSE_TAIL) == 34
    assert needed(0.5, 1.0, WORSE_TAIL, groups=2) == 64
    assert needed(0.005, 0.02, WORSE_TAIL) == 128
    assert needed(0.01, 0.02, NOT_WORSE_TAIL) == 27


@pytest.mark.parametrize(("n", "loss"), [(10, 0.02), (34, 0.01)])
def test_a_loss_is_called_worse_as_often_as_its_power_says(n: int, loss: float) -> None:
    rng, found = np.random.default_rng(n), 0
    for _ in range(2000):
        d = rng.normal(-loss, 0.02, n)
        found += judge(Estimate(d.mean(), d.std(ddof=1) / math.sqrt(n), n), 0.005).verdict is Verdict.WORSE
    assert found / 2000 == pytest.approx(power(loss, 0.02, n, WORSE_TAIL), abs=0.03)


def test_what_can_t_be_found_or_isn_t_known_has_no_number() -> None:
    assert needed(0.0, 0.02, WORSE_TAIL) is None
    assert needed(0.01, math.nan, WORSE_TAIL) is None
    assert needed(1e-7, 1.0, WORSE_TAIL) is None
    assert needed(0.01, 0.0, WORSE_TAIL, least=8) == 8
    assert math.isnan(power(0.01, 0.02, 1, WORSE_TAIL))
