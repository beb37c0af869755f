"""Whole rollouts over fleets that are drawn by chance; the rates of many are bench/rollout_gates.py's."""

import re
from pathlib import Path

import numpy as np
import pytest

from fleet.rollout.plan import RolloutPlan
from tests.fleet.rollout.simulated import Habit, Outcome, SimulatedFleet


def outcome(habit: Habit, seed: int = 0, units: int = 90) -> Outcome:
    plan = RolloutPlan(name=f"rollout-{seed}", bundle=Path("b"))
    return SimulatedFleet(plan, habit, units, 0.1, np.random.default_rng(seed)).run()


def test_a_good_bundle_reaches_every_unit_though_a_tenth_of_them_are_flaky() -> None:
    found = outcome("good")
    assert found.state.status == "done"
    assert found.reached == 90


@pytest.mark.parametrize(
    ("habit", "why"),
    [
        ("less accurate", "streaming AP fell"),
        ("slow", "median latency grew|slower than 99 % were"),
        ("fails on hailo8l", "on hailo hailo8l it failed at"),
        ("crashes at load", "was ended by signal 11"),
    ],
)
def test_a_bad_bundle_ends_in_the_canary_with_its_reason(habit: Habit, why: str) -> None:
    found = outcome(habit)
    assert found.state.status == "rolled back"
    assert re.search(why, found.state.why)
    assert found.reached == 15
    assert {unit.phase for unit in found.state.units} <= {"waiting", "returned", "failed", "returning"}
