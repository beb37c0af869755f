import math

import numpy as np
import pytest

from replay.statistics.betting import confidence_sequence, greatest_log_wealth, surely_above


def test_looking_every_minute_for_a_day_raises_no_more_false_alarms_than_stated() -> None:
    rng = np.random.default_rng(1)
    days = [np.clip(rng.normal(0.0, 0.5, 1440), -1, 1) for _ in range(400)]
    assert sum(surely_above(1 + day, 1.0, 0.05) for day in days) <= 400 * 0.05


def test_what_is_worse_is_found_within_few_looks_where_it_is_plain() -> None:
    assert surely_above([1.75] * 20, 1.0, 0.01 / 20)
    assert not surely_above([1.75] * 5, 1.0, 0.01 / 20)


def test_a_share_of_units_that_fail_is_judged_by_the_same_bets() -> None:
    assert surely_above([1, 1, 1], 0.05, 0.005)
    assert not surely_above([1, 1, *[0] * 20], 0.05, 0.005)
    rng = np.random.default_rng(2)
    fleets = (rng.random((500, 300)) < 0.05).astype(float)
    assert sum(surely_above(fleet, 0.05, 0.02) for fleet in fleets) <= 500 * 0.02


def test_evidence_once_found_stays_and_begins_with_none() -> None:
    assert greatest_log_wealth([], 1.0) == 0
    found = greatest_log_wealth([2.0] * 10, 1.0)
    assert found > math.log(100)
    assert greatest_log_wealth([2.0] * 10 + [0.0] * 100, 1.0) == pytest.approx(found)


def test_an_interval_holds_the_mean_at_every_look_together() -> None:
    rng, missed = np.random.default_rng(3), 0
    for _ in range(40):
        values = np.clip(rng.normal(0.2, 0.3, 120), -1, 1)
        ends = [confidence_sequence(values[:n], 0.025) for n in range(10, 121, 10)]
        missed += any(not one.low <= 0.2 <= one.high for one in ends)
    assert missed <= 40 * 0.05 + 2


def test_an_interval_narrows_around_what_is_seen() -> None:
    none = confidence_sequence([], 0.025)
    assert (none.low, none.high) == (-1, 1)
    sure = confidence_sequence([0.5] * 200, 0.025)
    assert 0.35 < sure.low < 0.5 < sure.high < 0.65


@pytest.mark.parametrize(("values", "bound"), [([-0.1], 1.0), ([math.nan], 1.0), ([0.1], 0.0), ([math.inf], 1.0)])
def test_what_no_bet_can_be_made_on_is_refused(values: list[float], bound: float) -> None:
    with pytest.raises(ValueError, match=r"bound above 0|below 0, or no number"):
        greatest_log_wealth(values, bound)
