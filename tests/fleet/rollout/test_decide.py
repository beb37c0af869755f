"""The decision, by itself: what is seen and what follows."""

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wire.deployments.states import Deployment
from fleet.arrivals import NodeKey
from fleet.rollout.decision.decide import begun, decide, stopped
from fleet.rollout.decision.seen import Seen, UnitSeen
from fleet.rollout.decision.step import Step
from fleet.rollout.plan import LiveGates, RolloutPlan, Selector, Wave
from fleet.rollout.state import HOLDS, Look, RolloutState

FORMER = Deployment(digest="a" * 64, name="old")
MINUTE_NS = 60 * 10**9
CHIP = "onnxruntime cpu x86_64"
PLAN = RolloutPlan(
    name="second",
    bundle=Path("b"),
    wave=(Wave(units=2, soak_s=0), Wave(share=0.5, soak_s=0), Wave(share=1.0, soak_s=0)),
    gates=LiveGates(required=("p50",)),
)


def unit(name: str, **fields: Any) -> UnitSeen:
    return UnitSeen(**{"site": "s", "node": name, "kind": "roadside", "chip": CHIP, "active": FORMER, **fields})


def fleet(*units: UnitSeen, **fields: Any) -> Seen:
    return Seen(units={one.key: one for one in units}, **fields)


def looks(slot: int, worse: float, count: int = 40) -> dict[str, dict[str, tuple[Look, ...]]]:
    one = Look(slot=0, worse=worse, error=0.0, degrees=29, units=2, before=20.0, now=20.0)
    return {CHIP: {"p50": tuple(msgspec.structs.replace(one, slot=slot + i) for i in range(count))}}


def phases(state: RolloutState) -> dict[str, str]:
    return {one.node: one.phase for one in state.units}


def having(state: RolloutState, **others: UnitSeen) -> list[UnitSeen]:
    """Every unit as it would be if it did what it was told, but for `others`."""
    return [
        others.get(one.node) or unit(one.node, holds=one.phase in HOLDS, kept=one.phase in HOLDS) for one in state.units
    ]


def in_canary(names: str = "abcdef") -> RolloutState:
    state = decide(PLAN, begun(0), fleet(*map(unit, names)), 0).state
    return decide(PLAN, state, fleet(*having(state)), MINUTE_NS).state


def test_a_canary_goes_out_and_nobody_else_until_it_is_cleared() -> None:
    state = in_canary()
    assert sorted(phases(state).values()) == ["active"] * 2 + ["waiting"] * 4
    for minute in range(2, 30):
        state = decide(PLAN, state, fleet(*having(state)), minute * MINUTE_NS).state
    assert (state.wave, state.status) == (0, "running")


def test_a_good_bundle_goes_from_wave_to_wave_to_all() -> None:
    state = in_canary()
    seen = fleet(*having(state), looks=looks(0, -0.5), slot=39)
    told = decide(PLAN, state, seen, 2 * MINUTE_NS)
    assert "1 of" in next(one.why for one in told.changes if one.what == "wave")
    state = told.state
    for minute in range(3, 12):
        state = decide(PLAN, state, fleet(*having(state)), minute * MINUTE_NS).state
    assert set(phases(state).values()) == {"active"}
    assert state.status == "done"
    assert "6 units run it" in state.why


def test_one_that_is_worse_is_taken_back_from_those_that_have_it() -> None:
    state = in_canary()
    state = decide(PLAN, state, fleet(*having(state), looks=looks(0, 0.7), slot=39), 2 * MINUTE_NS).state
    assert state.status == "rolling back"
    assert "the median latency grew" in state.why
    assert sorted(phases(state).values()) == ["returning"] * 2 + ["waiting"] * 4
    state = decide(PLAN, state, fleet(*having(state)), 3 * MINUTE_NS).state
    assert state.status == "rolled back"


def test_two_chips_that_fail_in_one_moment_stop_it_once_and_are_both_named() -> None:
    other = {"chip": "hailo hailo8l"}
    units = [*map(unit, "abc"), *(unit(name, **other) for name in "xyz")]
    state = decide(PLAN, begun(0), fleet(*units), 0).state
    sent = {one.node for one in state.units if one.phase == "sent"}
    refusing = [
        dataclasses.replace(one, refused="it crashed" if one.chip == CHIP else "its architecture is another")
        if one.node in sent
        else one
        for one in units
    ]
    step = decide(PLAN, state, fleet(*refusing), MINUTE_NS)
    assert [one.what for one in step.changes].count("rolling back") == 1
    assert "it crashed" in step.state.why
    assert "its architecture is another" in step.state.why


def test_a_pause_is_undone_by_nobody_but_a_person_and_failures_count_meanwhile() -> None:
    state = msgspec.structs.replace(in_canary(), status="paused", why="ann: lunch")
    state = decide(PLAN, state, fleet(*having(state), looks=looks(0, -0.5), slot=39), 2 * MINUTE_NS).state
    assert (state.status, state.wave) == ("paused", 0)
    bad = {one.node: unit(one.node, refused="no frame came") for one in state.units if one.phase == "active"}
    state = decide(PLAN, state, fleet(*having(state, **bad)), 3 * MINUTE_NS).state
    assert state.status == "rolling back"
    assert "no frame came" in state.why


def test_where_gates_cant_tell_the_wave_waits_and_then_asks_a_person() -> None:
    state = in_canary()
    late_ns = int((PLAN.patience_s + 120) * 10**9)
    state = decide(PLAN, state, fleet(*having(state)), 2 * MINUTE_NS).state
    paused = decide(PLAN, state, fleet(*having(state)), late_ns).state
    assert paused.status == "paused"
    assert "p50 on onnxruntime cpu x86_64" in paused.why
    excused = msgspec.structs.replace(paused, status="running", excused=True)
    assert decide(PLAN, excused, fleet(*having(excused)), late_ns + 1).state.wave == 1


def test_a_unit_of_another_tuple_is_sent_nothing_and_named() -> None:
    unfit = "it asks for architecture hailo8, the unit has hailo8l"
    step = decide(PLAN, begun(0), fleet(unit("a"), unit("b", unfit=unfit)), 0)
    assert phases(step.state) == {"a": "sent", "b": "unfit"}
    assert [one.why for one in step.changes if one.node == "b"] == [unfit]
    # A driver was brought to what the bundle asks for.
    assert phases(decide(PLAN, step.state, fleet(unit("a"), unit("b")), 1).state)["b"] in ("waiting", "sent")


def test_one_who_joins_late_is_taken_in_and_the_cap_holds() -> None:
    capped = msgspec.structs.replace(PLAN, units_at_most=7)
    state = in_canary()
    step = decide(capped, state, fleet(*having(state), unit("late"), unit("later")), 2 * MINUTE_NS)
    assert "late" in phases(step.state)
    assert "later" not in phases(step.state)
    assert step.state.left_out == 1


def test_a_unit_out_of_reach_is_no_canary_but_the_last_wave_reaches_it() -> None:
    one_wave = msgspec.structs.replace(PLAN, wave=(Wave(units=2, soak_s=0), Wave(share=1.0, soak_s=0)))
    away = unit("a", online=False)
    state = decide(one_wave, begun(0), fleet(away, unit("b"), unit("c")), 0).state
    assert phases(state) == {"a": "waiting", "b": "sent", "c": "sent"}
    state = decide(one_wave, state, fleet(*having(state, a=away)), MINUTE_NS).state
    seen = fleet(*having(state, a=away), looks=looks(0, -0.5), slot=39)
    state = decide(one_wave, decide(one_wave, state, seen, 2 * MINUTE_NS).state, seen, 3 * MINUTE_NS).state
    assert phases(state)["a"] == "sent"


def test_a_unit_that_has_just_begun_to_drive_has_no_time_before_and_is_no_canary() -> None:
    before_ns = int((PLAN.before_looks + 1) * PLAN.look_s * 10**9)
    units = unit("a", known_since_utc_ns=5), unit("b")
    assert phases(decide(PLAN, begun(0), fleet(*units), before_ns).state) == {"a": "waiting", "b": "sent"}
    assert phases(decide(PLAN, begun(0), fleet(*units), before_ns + 5).state) == {"a": "sent", "b": "sent"}


def test_a_unit_that_another_rollout_has_is_left_alone() -> None:
    state = decide(PLAN, begun(0), fleet(unit("a"), unit("b", busy="first")), 0).state
    assert phases(state) == {"a": "sent"}


def test_slots_count_once_however_often_they_are_told() -> None:
    state = in_canary()
    seen = fleet(*having(state), looks=looks(0, 0.3, 3), slot=2)
    once = decide(PLAN, state, seen, 2 * MINUTE_NS).state
    assert decide(PLAN, once, seen, 2 * MINUTE_NS).state.evidence == once.evidence


def test_an_abort_leaves_or_returns_them_as_asked() -> None:
    state = in_canary()
    assert phases(stopped(Step(state), "ann: enough", 0, back=False, status="aborted").state) == phases(state)
    assert "returning" in phases(stopped(Step(state), "ann: enough", 0, back=True).state).values()


@pytest.mark.parametrize(
    ("selector", "asked"),
    [
        (Selector(), "ab"),
        (Selector(sites=("s*",), nodes=("a",)), "a"),
        (Selector(kinds=("vehicle",)), ""),
        (Selector(chips=("hailo8*",)), "b"),
        (Selector(tags=("winter",)), "a"),
    ],
)
def test_a_selector_asks_for_what_all_its_lists_fit(selector: Selector, asked: str) -> None:
    plan = msgspec.structs.replace(PLAN, select=selector)
    units = unit("a", tags=("winter", "north")), unit("b", chips=("hailo", "hailo8l"))
    assert "".join(phases(decide(plan, begun(0), fleet(*units), 0).state)) == asked


WORDS = st.sampled_from(["away", "keeps", "refuses", "as it was"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(WORDS, min_size=6, max_size=6), st.floats(-1, 1)), min_size=1, max_size=25))
def test_whatever_units_say_what_must_hold_holds(history: list[tuple[list[str], float]]) -> None:
    state = begun(0)
    for turn, (words, worse) in enumerate(history):
        before = phases(state)
        units = []
        for name, word in zip("abcdef", words, strict=True):
            had = before.get(name) in HOLDS
            holds = (had and word in ("keeps", "as it was") and before[name] == "active") or (had and word == "keeps")
            refused = "it crashed" if had and word == "refuses" else None
            units.append(unit(name, online=word != "away", holds=holds, kept=holds, refused=refused))
        step = decide(PLAN, state, fleet(*units, looks=looks(turn, worse, 1), slot=turn), turn * MINUTE_NS)
        after, new = phases(step.state), step.state
        # A rollout that was stopped sends nothing more, and one that ended doesn't begin again.
        if state.status != "running" or new.status != "running":
            newly = {name for name in after if after[name] == "sent" and before.get(name) != "sent"}
            assert not newly or new.status == "running"
        if not state.live:
            assert new.status == state.status
        # A failed unit is never sent the bundle again.
        assert not any(before.get(name) == "failed" and after[name] in HOLDS for name in after)
        assert new.wave >= state.wave
        # Whatever changed is told, with a reason where it ended.
        if new.status != state.status:
            assert new.why
            assert any(one.what == new.status for one in step.changes)
        # It is kept, and read back, as it is.
        assert msgspec.json.decode(msgspec.json.encode(new), type=RolloutState) == new
        state = new


def test_keys_of_units_are_those_of_nodes() -> None:
    assert unit("a").key == NodeKey("s", "a")
