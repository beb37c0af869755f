from fleet.intake.rates import NEWCOMERS, Rates
from sensors.clock import NS_PER_S

DET = "gilmok/v1/seoul/{}/up/det/camera"


def said(rates: Rates, node: str, messages: int, now_s: float, size: int = 1) -> int:
    """How many of them were admitted."""
    return sum(rates.admits(DET.format(node), size, int(now_s * NS_PER_S)) for _ in range(messages))


def test_a_node_may_say_its_burst_at_once_then_its_rate_and_costs_no_other_anything() -> None:
    rates = Rates(messages_per_s=10, bytes_per_s=1000, burst_s=2)
    assert said(rates, "noisy", 100, now_s=0) == 20
    assert said(rates, "noisy", 100, now_s=1) == 10
    assert said(rates, "quiet", 20, now_s=1) == 20
    assert said(rates, "big", 100, now_s=1, size=500) == 4
    assert said(rates, "noisy", 100, now_s=60) == 20


def test_names_that_nobody_has_cost_no_node_that_speaks_anything() -> None:
    rates = Rates(messages_per_s=10, bytes_per_s=1000, burst_s=2)
    assert said(rates, "pole", 1, now_s=0) == 1
    admitted = sum(said(rates, f"nobody-{n}", 1, now_s=1) for n in range(2 * NEWCOMERS))
    assert admitted == NEWCOMERS
    assert said(rates, "pole", 1, now_s=1) == 1
    assert said(rates, "new", 1, now_s=3) == 1


def test_what_is_refused_counts_ten_times() -> None:
    rates = Rates(messages_per_s=10, bytes_per_s=1000, burst_s=2)
    assert said(rates, "garbage", 1, now_s=0) == 1
    rates.refused(DET.format("garbage"), 0)
    assert said(rates, "garbage", 100, now_s=0) == 10
    assert said(rates, "honest", 100, now_s=0) == 20


def test_who_says_too_many_reports_can_still_say_who_it_is_and_goodbye() -> None:
    rates = Rates(messages_per_s=10, bytes_per_s=1000, burst_s=2)
    assert said(rates, "noisy", 100, now_s=0) == 20
    goodbyes = sum(rates.admits("gilmok/v1/seoul/noisy/up/conn", 1, 0) for _ in range(100))
    assert goodbyes == 20
    rates.refused(DET.format("noisy"), 0)
    assert said(rates, "noisy", 100, now_s=3) == 10


def test_garbage_births_count_ten_times_too() -> None:
    rates, birth = Rates(messages_per_s=10, bytes_per_s=1000, burst_s=2), "gilmok/v1/seoul/garbage/up/birth"
    admitted = 0
    for second in range(100):
        while rates.admits(birth, 1, second * NS_PER_S):
            rates.refused(birth, second * NS_PER_S)
            admitted += 1
    assert admitted <= 40 + 100
