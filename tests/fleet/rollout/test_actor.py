"""Rollouts over a real ledger: what units said is booked, what is decided is kept, and only then said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.config import LedgerAt
from fleet.ledger.rollouts.rows import RolloutRows
from fleet.rollout.actor import TAKEOVER_S
from fleet.rollout.begin import RolloutOver, RolloutTaken, abort, pause, resume
from fleet.rollout.plan import LiveGates, RolloutPlan, Wave
from fleet.rollout.records import Rollout, RolloutUnknown, find
from sensors.clock import NS_PER_S
from tests.fleet.rollout.ledger_fleet import BUNDLE, OLD, LedgerFleet
from tests.postgres import database, postgres

__all__ = ["database", "postgres"]

PLAN = RolloutPlan(
    name="second",
    bundle=Path("b"),
    look_s=2.0,
    before_looks=6,
    wave=(Wave(units=2, soak_s=0), Wave(share=1.0, soak_s=0)),
    gates=LiveGates(off=("drift", "p99"), required=("p50", "failed")),
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[LedgerFleet]:
    made = LedgerFleet.at(tmp_path / "hub.db", PLAN, "abcd")
    made.rounds(8)
    yield made
    made.ledger.close()


def now(fleet: LedgerFleet) -> Rollout:
    with RolloutRows(fleet.hub.where, write=False) as rows:
        return find(rows, "")


def told(fleet: LedgerFleet, what: str) -> list[str]:
    with RolloutRows(fleet.hub.where, write=False) as rows:
        return [one.why for one in rows.changes(1) if one.what == what]


def has(fleet: LedgerFleet) -> str:
    return "".join(name for name, unit in fleet.units.items() if unit.active == BUNDLE)


def test_a_good_bundle_goes_out_in_waves_by_what_the_ledger_says(fleet: LedgerFleet) -> None:
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(4, actor)
        assert len(has(fleet)) == 2
        fleet.rounds(36, actor)
    assert has(fleet) == "abcd"
    assert now(fleet).state.status == "done"
    assert "2 of" in told(fleet, "wave")[0]


def test_a_slower_one_is_taken_back_though_the_hub_is_another_again_and_again(fleet: LedgerFleet) -> None:
    fleet.slow = 1.3
    fleet.begin()
    for _ in range(11):
        with fleet.actor() as actor:
            fleet.rounds(3, actor)
    rollout = now(fleet)
    assert rollout.state.status == "rolled back"
    assert "the median latency grew, from 20.3" in rollout.state.why
    assert has(fleet) == ""
    assert list(fleet.wishes().values()) == [OLD, OLD]
    assert {one.phase for one in rollout.state.units} == {"returned", "waiting"}


def test_of_two_hubs_one_acts_and_the_other_takes_over_when_it_is_gone(fleet: LedgerFleet) -> None:
    fleet.begin()
    with fleet.actor("one") as one, fleet.actor("two") as two:
        fleet.rounds(3, one, two)
        assert len(told(fleet, "sent")) == 2
        with RolloutRows(fleet.hub.where, write=False) as rows:
            seen = rows.actor()
        assert seen is not None
        assert seen.holder == "one"
        # Killed: its beat stands still, and nobody says goodbye.
        fleet.rounds(int(TAKEOVER_S / PLAN.look_s) + 3, two)
        with RolloutRows(fleet.hub.where, write=False) as rows:
            seen = rows.actor()
        assert seen is not None
        assert seen.holder == "two"
        # It comes back, and yields.
        fleet.rounds(2, one, two)
        with RolloutRows(fleet.hub.where, write=False) as rows:
            assert (rows.actor() or seen).holder == "two"


def test_a_unit_of_another_chip_and_a_node_without_unit_are_named_and_sent_nothing(fleet: LedgerFleet) -> None:
    fleet.join("x", "aarch64")
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(2, actor)
    assert told(fleet, "unfit") == ["it asks for architecture x86_64, the unit has aarch64"]
    assert "x" not in fleet.wishes()


def test_what_every_canary_refuses_is_over_with_the_units_own_reason(fleet: LedgerFleet) -> None:
    for unit in fleet.units.values():
        unit.refuses = "its self-test ended with signal 11"
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(5, actor)
    state = now(fleet).state
    assert state.status == "rolled back"
    assert "it failed at 2 of 2 that tried it: its self-test ended with signal 11" in state.why


def test_people_pause_resume_and_take_back_and_it_is_written_who(fleet: LedgerFleet) -> None:
    fleet.begin()
    with pytest.raises(RolloutTaken):
        fleet.begin()
    with pytest.raises(RolloutUnknown):
        pause(fleet.hub, "third", "ann", "", 0)
    pause(fleet.hub, "second", "ann", "lunch", 0)
    with fleet.actor() as actor:
        fleet.rounds(3, actor)
        assert not fleet.wishes()
        with pytest.raises(RolloutOver, match="it is paused"):
            pause(fleet.hub, "1", "bob", "", 0)
        resume(fleet.hub, "", "bob", "", 0)
        fleet.rounds(3, actor)
        assert len(has(fleet)) == 2
        abort(fleet.hub, "", "bob", "wrong model", 0, back=True)
        fleet.rounds(3, actor)
    assert has(fleet) == ""
    assert now(fleet).state.status == "rolled back"
    with RolloutRows(fleet.hub.where, write=False) as rows:
        mine = [(one.who, one.what) for one in rows.changes(1) if one.who != "hub hub" and not one.node]
    assert mine == [("ann@desk", "began"), ("ann", "paused"), ("bob", "resumed"), ("bob", "rolling back")]


def test_of_two_that_rest_on_one_state_one_is_kept(fleet: LedgerFleet) -> None:
    fleet.begin()
    rollout = now(fleet)
    pause(fleet.hub, "", "ann", "", 0)
    with RolloutRows(fleet.hub.where, write=True) as rows:
        assert not rows.keep(rollout.after(rollout.state).row(), [])
    assert now(fleet).state.status == "paused"


@pytest.mark.slow
def test_in_postgresql_it_is_the_same(database: LedgerAt) -> None:
    served = LedgerFleet.at(database, PLAN, "abcd")
    served.rounds(8)
    served.slow = 1.3
    served.begin()
    with served.actor("one") as one, served.actor("two") as two:
        served.rounds(34, one, two)
    assert now(served).state.status == "rolled back"
    served.ledger.close()


def test_the_slots_of_a_rollout_are_taken_once(fleet: LedgerFleet) -> None:
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(12, actor)
        for _ in range(3):
            actor.look()
    looks = [look.slot for one in now(fleet).state.evidence.values() for look in one.looks["p50"]]
    assert looks == sorted(set(looks))
    assert max(looks) * PLAN.look_s * NS_PER_S < fleet.clock.now().utc_ns
