import pytest

from edge.unit.orders import ANSWERED_S, carried_out
from edge.unit.state import UnitState
from edge.wire.deployments.orders import Order
from sensors.clock import NS_PER_S, Stamp
from tests.edge.unit.test_decisions import NOW, A, B, active, watched


def order(verb: str, identity: str = "o-1", late_s: float = -60, digest: str | None = None) -> Order:
    deadline_utc_ns = NOW.utc_ns - int(late_s * NS_PER_S)
    return Order(id=identity, verb=verb, deadline_utc_ns=deadline_utc_ns, digest=digest, by="kim", why="too many cars")


def test_an_order_that_arrives_twice_is_carried_out_once_and_answered_alike() -> None:
    state = active(B, active(A))
    once, first, effect = carried_out(state, "rollback", order("rollback"), NOW)
    twice, second, nothing = carried_out(once, "rollback", order("rollback"), NOW)
    assert (once.active, effect) == (A, "restart")
    assert (twice, second, nothing) == (once, first, "nothing")
    assert first is not None
    assert (first.verdict, first.reason) == ("applied", f"back to {A.digest[:12]}")
    assert once.reason == "by order of kim: too many cars"


@pytest.mark.parametrize(("late_s", "verdict"), [(1.0, "expired"), (ANSWERED_S - 1.0, "expired")])
def test_an_order_that_comes_late_is_not_carried_out_and_told_so(late_s: float, verdict: str) -> None:
    state = active(A)
    after, receipt, effect = carried_out(state, "rollback", order("rollback", late_s=late_s), NOW)
    assert receipt is not None
    assert (receipt.verdict, effect, after.active) == (verdict, "nothing", A)


def test_an_order_of_a_month_ago_is_not_even_answered() -> None:
    state = active(A)
    assert carried_out(state, "rollback", order("rollback", late_s=30 * 86_400), NOW) == (state, None, "nothing")


@pytest.mark.parametrize(
    ("state", "verb", "said", "why"),
    [
        (UnitState(), "rollback", order("rollback"), "nothing to go back from"),
        (active(A), "rollback", order("rollback", digest=B.digest), "aaaaaaaaaaaa is active"),
        (active(A), "retry", order("retry", digest=B.digest), "no such deployment is bad here"),
        (active(A), "explode", order("explode"), "knows no order 'explode' (rollback, retry, restart, record)"),
        (active(A), "retry", order("rollback"), "it came as another"),
        (active(A), "record", order("record"), "records nothing"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(
    state: UnitState, verb: str, said: Order, why: str
) -> None:
    after, receipt, effect = carried_out(state, verb, said, NOW)
    assert receipt is not None
    assert (receipt.verdict, effect) == ("refused", "nothing")
    assert why in receipt.reason
    assert (after.active, after.bad, after.trying) == (state.active, state.bad, state.trying)


def test_a_unit_whose_clock_was_never_set_obeys_nothing() -> None:
    _, receipt, _ = carried_out(active(A), "rollback", order("rollback"), Stamp(1, 5))
    assert receipt is not None
    assert "wall clock was never set" in receipt.reason


def test_a_rollback_takes_back_what_is_watched_and_gives_up_what_is_not_active_yet() -> None:
    state, _, effect = carried_out(watched(B, active(A)), "rollback", order("rollback", digest=B.digest), NOW)
    assert (state.active, effect) == (A, "restart")
    assert state.why_bad(B.digest) is not None


def test_what_is_seen_around_now_is_kept_by_order_where_the_node_records() -> None:
    state, receipt, effect = carried_out(active(A), "record", order("record"), NOW, recording=True)
    assert receipt is not None
    assert (receipt.verdict, effect, state.active) == ("applied", "record", A)
