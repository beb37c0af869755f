"""What a shadow may take, in time that is moved by hand."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from edge.config import ModelChoice, ShadowChoice
from edge.shadow.budget import FIRST_SHARE, LEAST_SHARE, Budget, p99
from sensors.clock import NS_PER_MS

FPS = 50
PERIOD_NS = 1_000_000_000 // FPS
WORK_NS = 10 * NS_PER_MS
BLOCK_S = 4.0


@dataclass
class Street:
    """A camera and its shadow; an active frame takes `alone_ms`, and `beside_ms` while the shadow works beside it."""

    budget: Budget
    alone_ms: float = 10.0
    beside_ms: float = 10.0
    now_ns: int = 1_000_000_000

    def drive(self, seconds: float, stream: str = "camera") -> Counter[str]:
        """What became of the shadow's frames: reason to be skipped, or empty."""
        fates: Counter[str] = Counter()
        for _ in range(int(seconds * FPS)):
            self.now_ns += PERIOD_NS
            why = self.budget.refuses(self.now_ns)
            fates[why] += 1
            took_ms = self.alone_ms if why else self.beside_ms
            if not why:
                self.budget.begins()
                self.budget.done(WORK_NS, self.now_ns + WORK_NS)
            end_ns = self.now_ns + round(took_ms * NS_PER_MS)
            self.budget.observe(stream, self.now_ns, end_ns - self.now_ns, end_ns)
        return fates


def budget(**settings: Any) -> Budget:
    choice = ShadowChoice(model=ModelChoice(name="any"), **{"block_s": BLOCK_S, **settings})
    made = Budget(choice, ["camera", "idle"], seed=1)
    made.begin(1_000_000_000)
    return made


def test_where_the_active_model_feels_nothing_its_share_grows_to_the_most_and_not_beyond() -> None:
    street = Street(budget(max_share=0.4))
    assert street.budget.share == FIRST_SHARE
    street.drive(80)
    assert street.budget.share == 0.4
    assert street.budget.exceeded == 0 < street.budget.judged
    totals = street.budget.totals("camera")
    assert p99(totals.with_ns) == p99(totals.without_ns) == 10 * NS_PER_MS
    assert min(len(totals.with_ns), len(totals.without_ns)) > 1500


def test_where_its_p99_suffers_beyond_the_limit_the_share_is_halved_until_it_does_not() -> None:
    street = Street(budget(), beside_ms=12.0)
    fates = street.drive(200)
    assert street.budget.exceeded >= 3
    # A frame in a hundred may be slow without p99 knowing.
    assert street.budget.share < 0.02
    assert fates["budget"] > 20 * fates[""]


def test_a_limit_that_allows_it_is_no_reason_to_skip() -> None:
    street = Street(budget(max_p99_ratio=1.3), beside_ms=12.0)
    street.drive(80)
    assert street.budget.exceeded == 0
    assert p99(street.budget.totals("camera").with_ns) == 12 * NS_PER_MS


def test_its_share_of_the_time_is_kept_while_nothing_is_judged_yet() -> None:
    street = Street(budget(block_s=1000.0, max_share=0.05))
    fates = Counter[str]()
    while not fates[""]:
        fates += street.drive(1000)
    assert fates[""] * WORK_NS <= 0.05 * 1_000_000_000 * 1000 * 1.01
    assert street.budget.judged == 0


def test_the_least_share_is_never_less_than_what_was_allowed() -> None:
    street = Street(budget(), beside_ms=500.0)
    street.drive(600)
    assert street.budget.share >= LEAST_SHARE


def test_about_half_of_the_blocks_are_the_active_models_alone_and_their_order_is_drawn() -> None:
    street = Street(budget(block_s=0.1, max_share=1.0))
    fates = street.drive(200)
    assert fates["baseline"] == pytest.approx(fates.total() / 2, rel=0.1)


def test_frames_taken_while_the_shadow_is_away_belong_to_neither_side() -> None:
    street = Street(budget())
    street.drive(20)
    before = street.budget.totals("camera")
    street.budget.end()
    street.drive(20)
    assert street.budget.totals("camera") == before
    street.budget.begin(street.now_ns)
    street.drive(20)
    assert street.budget.totals("camera") != before


def test_a_frame_that_the_shadow_was_still_busy_beside_is_none_of_the_resting_block() -> None:
    made = budget(block_s=1.0)
    at_ns = 1_000_000_000
    while made.refuses(at_ns):
        at_ns += NS_PER_MS
    made.begins()
    rests_ns = at_ns
    while made.refuses(rests_ns) != "baseline":
        rests_ns += NS_PER_MS
    made.observe("camera", rests_ns + 1, 5, rests_ns + 6)
    assert made.totals("camera").without_ns == ()
    made.done(WORK_NS, rests_ns + 10)
    made.observe("camera", rests_ns + 11, 5, rests_ns + 16)
    assert len(made.totals("camera").without_ns) == 1


def test_power_is_told_of_either_side_and_unknown_where_no_chip_tells_it() -> None:
    made = budget(block_s=1.0)
    assert made.mean_power(at_work=True) == made.mean_power(at_work=False) == (None, 0)
    for step in range(100):
        now_ns = 1_000_000_000 + step * 1_000_000_001
        resting = made.refuses(now_ns) == "baseline"
        made.power(float("nan"), now_ns)
        made.power(4.0 if resting else 7.0, now_ns)
    assert made.mean_power(at_work=True)[0] == 7.0
    assert made.mean_power(at_work=False)[0] == 4.0


def test_p99_is_an_order_statistic_and_fewer_than_a_hundred_have_none() -> None:
    assert p99(range(99)) is None
    assert p99(range(100)) == 98
    assert p99(range(1, 201)) == 198
