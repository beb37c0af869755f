import math

import numpy as np
import pytest

from replay.statistics.bootstrap import Estimate
from replay.statistics.verdicts import Verdict, holm, judge, judge_each, judge_tail

# With 20 sequences the quantiles are t(19, .975) = 2.093 and t(19, .95) = 1.729.


@pytest.mark.parametrize(
    ("value", "error", "n", "verdict"),
    [
        pytest.param(-0.03, 0.01, 20, Verdict.WORSE, id="the interval ends at -.009"),
        pytest.param(-0.02, 0.01, 20, Verdict.INCONCLUSIVE, id="the interval ends at +.001"),
        pytest.param(0.0, 0.002, 20, Verdict.NOT_WORSE, id="the lower limit is -.0035"),
        pytest.param(0.0, 0.003, 20, Verdict.INCONCLUSIVE, id="the lower limit is -.0052"),
        pytest.param(0.05, 0.01, 20, Verdict.NOT_WORSE, id="better"),
        pytest.param(-0.03, 0.001, 7, Verdict.INCONCLUSIVE, id="too few sequences"),
        pytest.param(math.nan, 0.001, 20, Verdict.INCONCLUSIVE, id="undefined"),
        pytest.param(-0.004, 0.0001, 20, Verdict.WORSE, id="surely below 0, though within the margin"),
    ],
)
def test_three_verdicts(value: float, error: float, n: int, verdict: Verdict) -> None:
    assert judge(Estimate(value, error, n), margin=0.005).verdict is verdict


def test_a_judgement_tells_its_interval() -> None:
    judgement = judge(Estimate(-0.03, 0.01, 20), margin=0.005)
    assert (judgement.difference, judgement.n) == (-0.03, 20)
    assert (judgement.low, judgement.high) == pytest.approx((-0.05093, -0.00907), abs=1e-5)


@pytest.mark.parametrize(
    ("p", "rejected"),
    [
        ([0.01, 0.04, 0.03], [True, False, False]),
        ([0.01, 0.02, 0.05], [True, True, True]),
        ([0.02, 0.02, 0.02], [False, False, False]),
        ([math.nan, 0.02, 0.03], [False, True, True]),
        ([], []),
    ],
)
def test_holm_steps_down(p: list[float], rejected: list[bool]) -> None:
    assert holm(p, 0.05) == rejected


def test_many_classes_take_more_than_one() -> None:
    doubtful = Estimate(-0.023, 0.01, 20)
    assert judge(doubtful, 0.005).verdict is Verdict.WORSE
    alike = dict.fromkeys("abcde", doubtful)
    assert {
        one.verdict for one in judge_each(alike, dict.fromkeys(alike, 0.005), dict.fromkeys(alike, 0.4)).values()
    } == {Verdict.INCONCLUSIVE}
    classes = {"car": Estimate(-0.1, 0.01, 20), "bus": Estimate(0.0, 0.001, 20)}
    sure = judge_each(classes, dict.fromkeys(classes, 0.005), dict.fromkeys(classes, 0.4))
    assert sure["car"].verdict is Verdict.WORSE
    assert sure["bus"].verdict is Verdict.NOT_WORSE


def runs(p99_ms: float, n: int = 5) -> list[float]:
    return [p99_ms * 1e6 * (1 + 0.01 * (i - (n - 1) / 2)) for i in range(n)]


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        pytest.param(runs(40), runs(50), Verdict.WORSE, id="a quarter slower"),
        pytest.param(runs(40), runs(40), Verdict.NOT_WORSE, id="the same"),
        pytest.param(runs(40), runs(42), Verdict.INCONCLUSIVE, id="at the limit"),
        pytest.param(runs(40, 4), runs(80, 5), Verdict.INCONCLUSIVE, id="too few runs"),
        pytest.param([], runs(80), Verdict.INCONCLUSIVE, id="no run"),
    ],
)
def test_a_tail_is_judged_by_runs(a: list[float], b: list[float], verdict: Verdict) -> None:
    assert judge_tail(a, b).verdict is verdict


def test_the_interval_of_a_tail_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(7), 0
    for _ in range(600):
        a, b = rng.lognormal(np.log(4e7), 0.06, 5), rng.lognormal(np.log(4.4e7), 0.06, 5)
        judgement = judge_tail(a.tolist(), b.tolist())
        held += judgement.low <= 1.1 <= judgement.high
    assert 0.925 <= held / 600 <= 0.98


def test_runs_that_agree_exactly_have_an_interval_of_nothing() -> None:
    judgement = judge_tail([4e7] * 5, [5e7] * 5)
    assert (judgement.low, judgement.high) == pytest.approx((1.25, 1.25))
    assert judgement.verdict is Verdict.WORSE


def test_a_margin_that_is_large_against_the_figure_is_refused_and_a_loss_is_still_told() -> None:
    equal = Estimate(0.0, 0.0001, 20)
    assert judge(equal, 0.01, of=0.1).verdict is Verdict.NOT_WORSE
    refused = judge(equal, 0.01, of=0.02)
    assert (refused.verdict, refused.why) == (
        Verdict.INCONCLUSIVE,
        "a margin of 0.01 is over 10% of A's 0.0200: refused",
    )
    assert judge(Estimate(-0.01, 0.0001, 20), 0.01, of=0.02).verdict is Verdict.WORSE


def test_ten_identical_pairs_differ_by_nothing_however_unlike_the_recordings() -> None:
    p99_ns = [4e7 * 1.3**k for k in range(10)]
    names = list("abcdefghij")
    judgement = judge_tail(p99_ns, p99_ns, played=(names, names))
    assert (judgement.difference, judgement.low, judgement.high) == (1, 1, 1)
    assert judgement.verdict is Verdict.NOT_WORSE
    assert judge_tail(p99_ns, p99_ns).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("recordings", "times"), [pytest.param(10, 1, id="paired"), pytest.param(6, 3, id="paired means"),
                              pytest.param(2, 4, id="within each recording"), pytest.param(1, 6, id="Welch")],
)  # fmt: skip
def test_the_interval_of_paired_tails_holds_the_truth_as_often_as_it_says(recordings: int, times: int) -> None:
    rng, held, wide = np.random.default_rng(8), 0, 0.0
    names = list(range(recordings)) * times
    for _ in range(600):
        level = rng.normal(math.log(4e7), 0.4, recordings)
        a, b = (np.exp(level[names] + shift + rng.normal(0, 0.04, len(names))) for shift in (0, math.log(1.1)))
        judgement = judge_tail(a.tolist(), b.tolist(), played=(names, names))
        held += judgement.low <= 1.1 <= judgement.high
        wide += judgement.high - judgement.low
    assert 0.925 <= held / 600 <= 0.975
    # The recordings' own spread of 40 % is no doubt about the sides.
    assert wide / 600 < 0.2
