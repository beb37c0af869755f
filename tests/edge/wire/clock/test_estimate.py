import numpy as np
import pytest

from edge.wire.clock.estimate import ClockEstimator, ClockUnknown, worth_showing
from sensors.clock import NS_PER_MS, NS_PER_S
from tests.edge.networks import NETWORKS, exchanges, hub_time


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "half_ms", "worst_ms"), [
    ("bursty", 0.3, 1.2),
    ("lopsided", 1.3, 2.2),
    ("wifi-like", 1.5, 8),
    ("wired", 0.01, 0.05),
])  # fmt: skip
def test_the_bound_covers_the_truth_every_time(name: str, half_ms: float, worst_ms: float, seed: int) -> None:
    estimator = ClockEstimator()
    errors = []
    for stamps in exchanges(NETWORKS[name], np.random.default_rng(seed), 900):
        estimator.add(*stamps)
        t4 = stamps[3]
        for t in (t4, t4 + NS_PER_S // 2):
            offset_ns, bound_ns = estimator.at(t)
            error = abs(offset_ns - (hub_time(t) - t))
            assert error <= bound_ns
            errors.append(error)
    assert estimator.steps == estimator.refused == 0
    assert np.median(errors[600:]) <= half_ms * NS_PER_MS
    assert max(errors[600:]) <= worst_ms * NS_PER_MS


def test_one_exchange_gives_its_own_offset_and_half_its_round_trip() -> None:
    estimator = ClockEstimator()
    estimator.add(1_000, 6_500, 6_600, 2_100)
    # r = 1100 - 100 = 1000; o = (5500 + 4500)/2 = 5000; half = 500, and a nanosecond for the rounding.
    assert estimator.at(1_550) == (5_000, 501)
    # A second later drift at 100 ppm may have added 100 us.
    assert estimator.at(1_550 + NS_PER_S) == (5_000, 100_501)


def test_the_bound_is_the_distance_to_the_far_end_of_what_is_possible() -> None:
    estimator = ClockEstimator()
    estimator.add(0, 10_000, 10_000, 20_000)  # o = 0 within 10,003
    estimator.add(20_000, 36_000, 36_000, 40_000)  # o = 6,000 within 10,003
    offset_ns, bound_ns = estimator.at(20_000)
    low, high = 6_000 - 10_003 - 1, 10_003 + 1
    assert low <= offset_ns - bound_ns <= low + 2 or high - 2 <= offset_ns + bound_ns <= high
    assert offset_ns - bound_ns <= low + 2
    assert offset_ns + bound_ns >= high - 2


@pytest.mark.parametrize(
    ("seconds", "last_ms"),
    [
        pytest.param((0, 300), 2, id="two segments, far apart: their mean"),
        pytest.param((0, 30, 60), 2, id="three over 60 s, not more: their mean"),
        pytest.param((0, 30, 61), 4, id="three over more than 60 s: the line through them"),
    ],
)
def test_a_rate_is_fitted_to_three_segments_over_more_than_a_minute(seconds: tuple[int, ...], last_ms: int) -> None:
    """Offsets grow evenly from 0 to 4 ms, at 40 ms a round trip: the bounds leave room for either."""
    estimator = ClockEstimator()
    for second in seconds:
        t1, offset_ns = second * NS_PER_S, 4 * NS_PER_MS * second // seconds[-1]
        there = t1 + 20 * NS_PER_MS + offset_ns
        estimator.add(t1, there, there, t1 + 40 * NS_PER_MS)
    last_ns = seconds[-1] * NS_PER_S + 20 * NS_PER_MS
    assert estimator.steps == 0
    assert estimator.at(last_ns).offset_ns == pytest.approx(last_ms * NS_PER_MS, abs=0.1 * NS_PER_MS)


def test_nothing_is_known_before_the_first_exchange() -> None:
    with pytest.raises(ClockUnknown, match="no exchange yet"):
        ClockEstimator().at(0)


@pytest.mark.parametrize(
    "stamps",
    [(10, 0, 0, 9), (0, 10, 9, 20), (0, 0, 21, 20)],
    ids=["back before sent", "answered before received", "away for less than the hub held it"],
)
def test_an_impossible_exchange_is_refused_and_counted(stamps: tuple[int, int, int, int]) -> None:
    estimator = ClockEstimator()
    estimator.add(*stamps)
    assert estimator.refused == 1
    with pytest.raises(ClockUnknown):
        estimator.at(0)


@pytest.mark.parametrize("step_ns", [-200 * NS_PER_MS, 200 * NS_PER_MS])
def test_a_stepped_clock_is_flagged_and_the_estimate_starts_again(step_ns: int) -> None:
    estimator = ClockEstimator(keep_ns=3600 * NS_PER_S)
    for second in range(1, 61):
        t1 = second * NS_PER_S
        step = step_ns if second > 30 else 0
        estimator.add(t1, t1 + NS_PER_MS + step, t1 + NS_PER_MS + step, t1 + 2 * NS_PER_MS)
    assert estimator.steps == 1
    assert estimator.at(60 * NS_PER_S).offset_ns == step_ns
    assert estimator.at(20 * NS_PER_S).offset_ns == 0
    with pytest.raises(ClockUnknown, match="a clock was set"):
        estimator.at(30 * NS_PER_S + NS_PER_S // 2)
    with pytest.raises(ClockUnknown, match="a clock was set"):
        estimator.at(0)


def test_late_answers_may_arrive_in_any_order() -> None:
    rng = np.random.default_rng(5)
    said = []
    for second in range(200):
        t1, there, back = second * NS_PER_S, int(rng.integers(10**6, 9 * 10**6)), int(rng.integers(10**6, 9 * 10**6))
        said.append((t1, hub_time(t1 + there), hub_time(t1 + there), t1 + there + back))
    straight, shuffled = ClockEstimator(), ClockEstimator()
    for stamps in said:
        straight.add(*stamps)
    for index in rng.permutation(len(said)):
        shuffled.add(*said[index])
    assert shuffled.at(150 * NS_PER_S) == straight.at(150 * NS_PER_S)


def test_exchanges_older_than_the_window_are_forgotten() -> None:
    estimator = ClockEstimator(keep_ns=10 * NS_PER_S)
    estimator.add(0, 1_000, 1_000, 2_000)
    estimator.add(11 * NS_PER_S, 11 * NS_PER_S + 5_000, 11 * NS_PER_S + 5_000, 11 * NS_PER_S + 10_000)
    assert estimator.at(11 * NS_PER_S + 5_000).bound_ns == 5_002


@pytest.mark.parametrize(
    ("bound_ns", "median_ns", "shown"),
    [(20, 100.0, True), (21, 100.0, False), (0, 0.0, False), (5, -10.0, False), (5, float("nan"), False)],
)
def test_a_one_way_time_is_shown_only_when_the_bound_is_a_fifth_of_it(
    bound_ns: int, median_ns: float, shown: bool
) -> None:
    assert worth_showing(bound_ns, median_ns) is shown
