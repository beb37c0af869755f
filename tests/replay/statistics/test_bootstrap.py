import math

import numpy as np
import pytest

from replay.metrics.pool import Index, Numbers
from replay.statistics.bootstrap import Estimate, draws_of, leave_one_out, paired_differences


def first_sequence(draws: Index) -> Numbers:
    return draws[:, :1].astype(np.float64)


def coverage(n_sequences: int, worlds: int, rng: np.random.Generator) -> float:
    """How often the 95 % interval holds the true difference, .03, of a figure that pools frames, as AP does."""
    held = 0
    for _ in range(worlds):
        sizes = rng.integers(50, 150, n_sequences).astype(np.float64)
        hardness = rng.normal(0.6, 0.1, n_sequences)
        a = hardness + rng.normal(0, 0.02, n_sequences)
        b = hardness + 0.03 + rng.normal(0, 0.02, n_sequences)
        draws = draws_of(n_sequences, rng, 400)

        def figure(values: Numbers, draws: Index, sizes: Numbers = sizes) -> Numbers:
            return ((draws @ (values * sizes)) / (draws @ sizes))[:, None]

        [estimate] = paired_differences(lambda d, a=a: figure(a, d), lambda d, b=b: figure(b, d), draws)  # type: ignore[misc]
        held += estimate.bound(0.025) <= 0.03 <= estimate.bound(0.975)
    return held / worlds


@pytest.mark.parametrize("n_sequences", [8, 20, 40])
def test_the_interval_holds_the_truth_as_often_as_it_says(n_sequences: int) -> None:
    assert 0.93 <= coverage(n_sequences, 500, np.random.default_rng(n_sequences)) <= 0.99


def test_the_first_draw_is_the_set_itself() -> None:
    draws = draws_of(5, np.random.default_rng(0), 10)
    assert draws.shape == (11, 5)
    assert draws[0].tolist() == [1] * 5
    assert draws.sum(axis=1).tolist() == [5] * 11


def test_the_interval_is_student_s_widened() -> None:
    estimate = Estimate(0.1, 0.02, 8)
    assert estimate.bound(0.975) == pytest.approx(0.1 + 2.364624 * 0.02, abs=1e-6)
    assert estimate.bound(0.025) == pytest.approx(0.1 - 2.364624 * 0.02, abs=1e-6)
    assert estimate.p_not_below_zero() == pytest.approx(0.99922, abs=1e-4)


def test_the_error_is_the_deviation_over_draws_widened_for_few_sequences() -> None:
    draws = np.array([[1, 1], [2, 0], [0, 2]])
    [estimate] = paired_differences(
        lambda d: np.zeros((len(d), 1)), lambda d: (d @ np.array([0.0, 1.0]) / 2)[:, None], draws
    )
    assert estimate.value == 0.5
    assert estimate.error == pytest.approx(math.sqrt(0.5) * math.sqrt(2))


def test_equal_runs_differ_by_nothing() -> None:
    draws = draws_of(8, np.random.default_rng(0), 50)
    [estimate] = paired_differences(first_sequence, first_sequence, draws)
    assert (estimate.value, estimate.error, estimate.p_not_below_zero()) == (0, 0, 1)


def test_one_sequence_has_no_interval() -> None:
    draws = draws_of(1, np.random.default_rng(0), 50)
    [estimate] = paired_differences(lambda d: np.zeros((len(d), 1)), first_sequence, draws)
    assert estimate.value == 1
    assert math.isnan(estimate.bound(0.5))


def test_draws_that_can_t_tell_are_left_out() -> None:
    draws = draws_of(3, np.random.default_rng(0), 200)

    def rare(draws: Index) -> Numbers:
        return np.where(draws[:, :1] > 0, 1.0, np.nan)

    [estimate] = paired_differences(rare, rare, draws)
    assert (estimate.value, estimate.error) == (0, 0)


def test_the_jackknife_s_error_counts_where_it_is_the_greater_one() -> None:
    """One sequence in four holds all of the difference: leave it out, and nothing is left."""
    values = np.array([0.0, 0.0, 0.0, 4.0])

    def mean(draws: Index) -> Numbers:
        means: Numbers = (draws @ values / draws.sum(axis=1))[:, None]
        return means

    draws = draws_of(4, np.random.default_rng(0), 4000)
    [estimate] = paired_differences(lambda d: np.zeros((len(d), 1)), mean, draws)
    # Of a mean both are the same error: s / sqrt(4) = 1.
    assert estimate.error == pytest.approx(1.0, abs=0.05)
    [undrawn] = paired_differences(lambda d: np.zeros((len(d), 1)), mean, draws[:1])
    assert math.isnan(undrawn.error)
    assert leave_one_out(3).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
