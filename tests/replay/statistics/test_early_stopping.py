import math

import pytest

from replay.statistics.early_stopping import bound_holds, guaranteed_latency, slow_answers_allowed


def by_definition(n: int, over: int, percentile: float) -> float:
    """I_p(n - t, t + 1) = the probability of at most t of n being over, at a share over of 1 - p."""
    return sum(math.comb(n, k) * (1 - percentile) ** k * percentile ** (n - k) for k in range(over + 1))


@pytest.mark.parametrize(("n", "percentile"), [(100, 0.9), (459, 0.99), (662, 0.99), (3000, 0.99)])
def test_the_most_slow_answers_are_those_of_the_definition(n: int, percentile: float) -> None:
    allowed = slow_answers_allowed(n, percentile)
    assert allowed < 0 or by_definition(n, allowed, percentile) <= 0.01
    assert by_definition(n, allowed + 1, percentile) > 0.01


def test_459_answers_are_the_fewest_for_a_p99() -> None:
    assert not bound_holds(458, 0, 0.99)
    assert bound_holds(459, 0, 0.99)


def test_the_latency_told_leaves_out_one_less_than_is_allowed() -> None:
    latencies = list(range(1, 663))
    assert slow_answers_allowed(662, 0.99) == 1
    assert guaranteed_latency(latencies, 0.99) == 662
    assert guaranteed_latency(latencies[:600], 0.99) is None
