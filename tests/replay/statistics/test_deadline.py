"""A deadline is kept, broken or open: exactly where answers are independent, and seldom wrongly where they aren't."""

from collections.abc import Callable

import numpy as np
import pytest

from replay.metrics.pool import Index
from replay.statistics.correlation import correlation_length
from replay.statistics.deadline import DeadlineOutcome, judge_deadline

KEPT, BROKEN, OPEN = DeadlineOutcome
DEADLINE_NS = 1_000_000


def latencies(n: int, late: int) -> list[int]:
    """The late ones spread as far as they go, so that they are no burst."""
    found = np.full(n, DEADLINE_NS)
    found[np.linspace(0, n - 1, late).astype(int)] += 1
    return [int(one) for one in found]


@pytest.mark.parametrize(
    ("n", "late", "outcome"),
    [
        # .99^458 = .01003, .99^459 = .00992: MLPerf's LoadGen asks for as many.
        (458, 0, OPEN),
        (459, 0, KEPT),
        (661, 1, OPEN),
        (662, 1, KEPT),
        # The probability of so many at 1 % each: 2 of 150 .443; 5 .018; 6 .0042.
        (150, 2, OPEN),
        (150, 5, OPEN),
        (150, 6, BROKEN),
        (1000, 11, OPEN),
        (1000, 19, BROKEN),
        (250, 250, BROKEN),
        (0, 0, OPEN),
    ],
)
def test_a_deadline_is_kept_broken_or_open(n: int, late: int, outcome: DeadlineOutcome) -> None:
    told = judge_deadline(latencies(n, late), DEADLINE_NS)
    assert (told.n, told.over, told.outcome) == (n, late, outcome)


def test_both_confidences_are_binomial_tails() -> None:
    told = judge_deadline(latencies(150, 2), DEADLINE_NS)
    none, one, two = 0.99**150, 150 * 0.01 * 0.99**149, 150 * 149 / 2 * 0.01**2 * 0.99**148
    assert told.kept == pytest.approx(1 - (none + one + two))
    assert told.broken == pytest.approx(none + one)
    # Two late ones take 838 answers, by LoadGen's rule.
    assert told.needed == 838


def test_answers_that_are_late_together_count_for_fewer() -> None:
    scattered, together = latencies(600, 15), sorted(latencies(600, 15))
    assert judge_deadline(scattered, DEADLINE_NS).outcome is BROKEN
    told = judge_deadline(together, DEADLINE_NS)
    # One stall is one accident, whoever had to wait for it.
    assert told.outcome is OPEN
    assert told.counting_for < 100


@pytest.mark.parametrize(("marked", "length"), [([0] * 9, 1.0), ([1] * 9, 1.0), ([], 1.0), ([0, 1] * 50, 1.0)])
def test_independent_or_equal_answers_are_worth_one_each(marked: list[int], length: float) -> None:
    assert correlation_length(np.array(marked, np.bool_)) == length


def test_the_correlation_length_of_a_chain_is_the_one_it_was_made_with() -> None:
    """Two states that change with probability .1 each way: 1 + 2 Σ .8^k = 9."""
    rng = np.random.default_rng(3)
    chain = np.cumsum(rng.random(200_000) < 0.1) % 2 == 1
    assert correlation_length(chain) == pytest.approx(9, rel=0.1)


def independent(rng: np.random.Generator, n: int, share: float) -> Index:
    return np.where(rng.random(n) < share, 2 * DEADLINE_NS, DEADLINE_NS // 2)


def in_bursts(rng: np.random.Generator, n: int, share: float, mean: float = 10) -> Index:
    """Stalls of geometric length."""
    late = np.zeros(n, np.bool_)
    begins = rng.random(n + 200) < share / mean
    for begin in np.flatnonzero(begins) - 200:
        late[max(begin, 0) : max(begin + rng.geometric(1 / mean), 0)] = True
    return np.where(late, 2 * DEADLINE_NS, DEADLINE_NS // 2)


def drifting(rng: np.random.Generator, n: int, share: float, memory: float = 0.9) -> Index:
    """Logarithms of an AR(1) process: each answer resembles the ten before it."""
    from scipy.signal import lfilter
    from scipy.stats import norm

    noise = rng.standard_normal(n + 200) * np.sqrt(1 - memory**2)
    level = lfilter([1], [1, -memory], noise)[200:]
    slow: Index = (DEADLINE_NS * np.exp(0.1 * (level - norm.isf(share)))).astype(np.int64)
    return slow


World = Callable[[np.random.Generator, int, float], Index]


def rates(world: World, n: int, share: float, campaigns: int) -> dict[DeadlineOutcome, float]:
    rng = np.random.default_rng(n)
    told = [judge_deadline(world(rng, n, share).tolist(), DEADLINE_NS).outcome for _ in range(campaigns)]
    return {one: told.count(one) / campaigns for one in DeadlineOutcome}


@pytest.mark.parametrize("world", [independent, in_bursts, drifting])
@pytest.mark.parametrize("n", [150, 250, 1500])
def test_a_chip_that_keeps_its_p99_hardly_ever_fails(world: World, n: int) -> None:
    """By the point estimate it did in 17 to 34 of 100 quick campaigns (two late of 150)."""
    assert rates(world, n, 0.005, 400)[BROKEN] <= 0.01
    assert rates(world, n, 0.01, 400)[BROKEN] <= 0.02


@pytest.mark.parametrize("world", [independent, drifting])
def test_a_chip_that_breaks_it_hardly_ever_passes(world: World) -> None:
    assert rates(world, 1500, 0.01, 400)[KEPT] <= 0.02
    assert rates(world, 1500, 0.015, 400)[KEPT] <= 0.005


def test_a_clear_case_is_decided() -> None:
    assert rates(independent, 250, 0.06, 300)[BROKEN] >= 0.95
    assert rates(independent, 1500, 0.001, 300)[KEPT] >= 0.95
    assert rates(in_bursts, 1500, 0.1, 300)[BROKEN] >= 0.9
