"""Whatever happens in whatever order, a unit's state keeps its promises."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.unit import decisions
from edge.unit.orders import carried_out
from edge.unit.state import Baseline, UnitState
from edge.wire.deployments.orders import Order
from edge.wire.deployments.states import Deployment, Desired
from sensors.clock import EARLIEST_UTC_NS, NS_PER_S, Stamp

NOW = Stamp(1, EARLIEST_UTC_NS + NS_PER_S)
A, B, C = (Deployment(digest=letter * 64, name="tiny", version=letter) for letter in "abc")
UNKNOWN = Baseline(p99_ms=None, n=0)


def wish(deployment: Deployment | None, identity: str = "wish") -> Desired:
    return Desired(id=identity, deployment=deployment)


def active(deployment: Deployment | None, state: UnitState | None = None) -> UnitState:
    """A unit on which it was desired, tried, switched to and kept."""
    return decisions.kept(watched(deployment, state), "well", NOW)


def watched(deployment: Deployment | None, state: UnitState | None = None) -> UnitState:
    begun = decisions.begun(decisions.heard(state or UnitState(), wish(deployment), NOW), NOW)
    return decisions.switched(begun, UNKNOWN, NOW)


def order(verb: str, digest: str | None = None) -> Callable[[UnitState], UnitState]:
    def carried(state: UnitState) -> UnitState:
        given_ = Order(id=f"o-{len(state.receipts)}", verb=verb, deadline_utc_ns=NOW.utc_ns, digest=digest)
        return carried_out(state, verb, given_, NOW)[0]

    return carried


STEPS: dict[str, tuple[Callable[[UnitState], bool], Callable[[UnitState], UnitState]]] = {
    **{
        f"desire {one.version if one else None}": (
            lambda _: True,
            lambda state, one=one: decisions.heard(state, wish(one), NOW),  # type: ignore[misc]
        )
        for one in (A, B, C, None)
    },
    "begin": (decisions.due, lambda state: decisions.begun(state, NOW)),
    "test": (lambda state: state.trying is not None, lambda state: decisions.entered(state, "testing", NOW)),
    "wait": (lambda state: state.trying is not None, lambda state: decisions.waits(state, "no network", NOW)),
    "refuse": (
        lambda state: state.trying is not None and state.trying.deployment is not None,
        lambda state: decisions.refused(state, "slow", NOW),
    ),
    "switch": (lambda state: state.trying is not None, lambda state: decisions.switched(state, UNKNOWN, NOW)),
    "keep": (lambda state: not state.proven, lambda state: decisions.kept(state, "well", NOW)),
    "roll back": (lambda state: not state.proven, lambda state: decisions.rolled_back(state, "died", NOW)),
    "restart": (lambda _: True, lambda state: decisions.woken(state, NOW)),
    "damage": (lambda state: state.active is not None, lambda state: decisions.damaged(state, "a bit", NOW)),
    "order rollback": (lambda _: True, order("rollback")),
    "order retry": (lambda _: True, order("retry")),
}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=40))
def test_whatever_happens_a_unit_never_goes_back_to_what_is_bad_and_never_wants_it_by_itself(names: list[str]) -> None:
    state = UnitState()
    for name in names:
        possible, step = STEPS[name]
        if not possible(state):
            continue
        state = step(state)
        bad = {one.deployment.digest for one in state.bad}
        for place in (state.active, state.previous):
            assert place is None or place.digest not in bad, name
        if decisions.due(state):
            assert state.desired is not None
            assert state.desired.deployment is None or state.desired.deployment.digest not in bad
        if state.trying is not None and state.desired is not None:
            assert decisions.tries(state, state.desired.deployment)
        needed = decisions.needed(state)
        assert all(place is None or place.digest in needed for place in (state.active, state.previous))
    # From wherever it is, a good deployment that is desired gets there: nothing that came before can block it.
    state = decisions.heard(state, wish(C, "last"), NOW)
    state = decisions.forgiven(state, C.digest, NOW)
    if decisions.due(state):
        state = decisions.begun(state, NOW)
    if state.trying is not None:
        state = decisions.switched(state, UNKNOWN, NOW)
    if not state.proven:
        state = decisions.kept(state, "well", NOW)
    assert (state.active, state.outcome, state.proven) == (C, "kept", True)


def test_what_is_watched_is_not_what_a_rollback_goes_back_to() -> None:
    state = watched(C, watched(B, active(A)))
    assert (state.active, state.previous) == (C, A)
    state = decisions.rolled_back(state, "slow", NOW)
    assert (state.active, state.outcome, state.reason) == (A, "rolled back", "slow")


def test_a_bad_deployment_is_not_tried_again_by_a_new_wish_but_by_an_order() -> None:
    state = decisions.rolled_back(watched(B, active(A)), "it crashed", NOW)
    again = decisions.heard(state, wish(B, "once more"), NOW)
    assert not decisions.due(again)
    assert (again.outcome, again.reason) == ("rolled back", "it crashed")
    assert decisions.due(order("retry", B.digest)(again))


def test_a_newer_wish_ends_what_is_in_work_for_an_older_one() -> None:
    state = decisions.begun(decisions.heard(active(A), wish(B), NOW), NOW)
    state = decisions.heard(state, wish(C, "newer"), NOW)
    assert state.trying is None
    assert decisions.due(state)
    assert state.events[-1].what == "superseded while matching"


def test_what_ends_the_unit_itself_three_times_is_bad() -> None:
    state = decisions.entered(decisions.begun(decisions.heard(active(A), wish(B), NOW), NOW), "testing", NOW)
    for _ in range(2):
        state = decisions.entered(decisions.woken(state, NOW), "testing", NOW)
    state = decisions.woken(state, NOW)
    assert (state.outcome, state.trying) == ("refused", None)
    assert "ended 3 times" in state.reason
    state = watched(C, state)
    for _ in range(3):
        state = decisions.woken(state, NOW)
    assert (state.active, state.outcome) == (A, "rolled back")


def test_a_unit_that_is_asked_to_end_has_not_died_of_its_deployment() -> None:
    state = watched(B, active(A))
    for _ in range(10):
        state = decisions.woken(decisions.rested(state), NOW)
    assert state.active == B


def test_what_did_not_fit_the_device_is_tried_again_when_that_has_changed() -> None:
    state = decisions.device_read(active(A), {"driver": "1"}, NOW)
    state = decisions.refused(decisions.begun(decisions.heard(state, wish(B), NOW), NOW), "asks for driver 2", NOW)
    assert not decisions.due(state)
    assert not decisions.due(decisions.device_read(state, {"driver": "1"}, NOW))
    assert decisions.due(decisions.device_read(state, {"driver": "2"}, NOW))
