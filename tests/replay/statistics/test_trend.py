import math

import numpy as np
import pytest

from replay.statistics.trend import Trend


def looks_until_alarm(mean: float, rng: np.random.Generator, looks: int = 1200) -> int | None:
    trend = Trend()
    for look, difference in enumerate(np.clip(rng.normal(mean, 0.15, looks), -1, 1).tolist(), 1):
        trend = trend.after(difference)
        if trend.alarm():
            return look
    return None


def test_a_change_for_the_worse_is_found_and_no_change_is_not() -> None:
    rng = np.random.default_rng(0)
    false_alarms = [looks_until_alarm(0.0, rng) is not None for _ in range(100)]
    assert sum(false_alarms) <= 3
    found = [looks_until_alarm(-0.05, rng) for _ in range(40)]
    assert all(look is not None for look in found)
    assert 120 <= np.median([look for look in found if look is not None]) <= 320


def test_wealth_grows_by_the_bet_made_before_the_difference_was_seen() -> None:
    first = Trend().after(-0.05)
    assert first.log_wealth == 0  # nothing was known, so nothing was bet
    assert first.bet == pytest.approx(0.01 / 0.0505)  # mean -.05/5, mean square (.0025 + 4/16)/5
    assert Trend().after(-0.5).bet == 0.5
    assert first.after(-0.1).log_wealth == pytest.approx(math.log1p(first.bet * 0.1))


def test_an_alarm_stays() -> None:
    trend = Trend(n=10, log_wealth=0.0, greatest_log_wealth=math.log(100))
    assert trend.alarm(0.01)
    assert trend.after(0.5).alarm(0.01)
    assert not trend.alarm(0.001)


@pytest.mark.parametrize("difference", [-1.1, 1.1, math.nan])
def test_a_difference_of_shares_lies_between_minus_1_and_1(difference: float) -> None:
    with pytest.raises(ValueError, match=r"lies in -1\.\.1"):
        Trend().after(difference)
