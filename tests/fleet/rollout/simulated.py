"""A fleet drawn by chance, for the decision alone: units with figures, chips, and bad habits; no wire, no ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from edge.wire.deployments.states import Deployment
from fleet.arrivals import NodeKey
from fleet.rollout.decision.decide import begun, decide
from fleet.rollout.decision.looks import Before, Pair, look
from fleet.rollout.decision.seen import Seen, UnitSeen
from fleet.rollout.decision.verdicts import RELATIVE, margin_of
from fleet.rollout.plan import GateName, RolloutPlan
from fleet.rollout.state import Look, RolloutState
from sensors.clock import NS_PER_S

Habit = Literal["good", "as bad as allowed", "less accurate", "slow", "fails on hailo8l", "crashes at load"]
HABITS: tuple[Habit, ...] = get_args(Habit)
CHIPS = ("hailo hailo8", "hailo hailo8l", "rknn rk3588")
BUNDLE = Deployment(digest="b" * 64, name="new")
ALIKE = 0.5
"""How much of a minute's noise goes on into the next."""
NOISE: dict[GateName, float] = {
    "failed": 0.002,
    "p50": 0.6,
    "p99": 0.004,
    "accuracy": 0.02,
    "drift": 0.01,
    "power": 0.15,
    "temperature": 1.0,
}
LEVEL: dict[GateName, float] = {
    "failed": 0.003,
    "p50": 20.0,
    "p99": 0.01,
    "accuracy": 0.6,
    "drift": 0.02,
    "power": 4.0,
    "temperature": 60.0,
}


@dataclass(slots=True)
class Unit:
    key: NodeKey
    chip: str
    own: dict[GateName, float]
    flaky: bool
    has: bool = False
    since_slot: int = 0
    tries_slot: int = -1
    refused: str | None = None
    noise: dict[GateName, float] = field(default_factory=dict)
    offline: int = 0
    """So many slots more."""


@dataclass(slots=True)
class Outcome:
    state: RolloutState
    reached: int
    """Units that ever had the bundle sent."""
    slots: int


class SimulatedFleet:
    """Weather that all units share, noise of each one's own that lasts for minutes, and flaky units among them."""

    def __init__(self, plan: RolloutPlan, habit: Habit, units: int, flaky: float, rng: np.random.Generator) -> None:
        self._plan, self._habit, self._rng = plan, habit, rng
        self._gates = plan.gates.judged
        self._weather = dict.fromkeys(self._gates, 0.0)
        self._units = [
            Unit(
                NodeKey("site", f"unit-{i:03}"),
                CHIPS[i % len(CHIPS)],
                {gate: LEVEL[gate] * float(rng.normal(1, 0.1)) for gate in self._gates},
                bool(rng.random() < flaky),
                noise=dict.fromkeys(self._gates, 0.0),
            )
            for i in range(units)
        ]
        self._before: dict[NodeKey, dict[GateName, Before]] = {}
        past: dict[NodeKey, dict[GateName, list[float]]] = {
            unit.key: {gate: [] for gate in self._gates} for unit in self._units
        }
        for _ in range(plan.before_looks):
            self._pass()
            for unit in self._units:
                for gate in self._gates:
                    past[unit.key][gate].append(self._figure(unit, gate))
        for key, figures in past.items():
            self._before[key] = {gate: before for gate, of in figures.items() if (before := Before.of(of))}

    def run(self, watch: Callable[[RolloutState, RolloutState], None] = lambda _before, _after: None) -> Outcome:
        slot_ns = int(self._plan.look_s * NS_PER_S)
        state, slot = begun(NS_PER_S), 0
        most = int(sum(w.soak_s + self._plan.patience_s for w in self._plan.wave) / self._plan.look_s) + 50
        while slot < most and state.status in ("running", "rolling back"):
            self._pass()
            self._switch(state, slot)
            looks = self._looks(state, slot)
            step = decide(self._plan, state, Seen(units=self._seen(), looks=looks, slot=slot), slot * slot_ns)
            watch(state, step.state)
            state, slot = step.state, slot + 1
        return Outcome(state, sum(unit.sent_utc_ns > 0 or unit.wave >= 0 for unit in state.units), slot)

    def _pass(self) -> None:
        fresh = (1 - ALIKE**2) ** 0.5
        for gate in self._gates:
            self._weather[gate] = ALIKE * self._weather[gate] + fresh * float(self._rng.normal())
        drawn = self._rng.normal(size=(len(self._units), len(self._gates)))
        for unit, row in zip(self._units, drawn, strict=True):
            for gate, one in zip(self._gates, row, strict=True):
                unit.noise[gate] = ALIKE * unit.noise[gate] + fresh * float(one)
            unit.offline = max(0, unit.offline - 1)
            if unit.flaky and self._rng.random() < 0.05:
                unit.offline = int(self._rng.integers(1, 20))

    def _figure(self, unit: Unit, gate: GateName) -> float:
        value = unit.own[gate] + NOISE[gate] * (unit.noise[gate] + 0.5 * self._weather[gate])
        if unit.has and self._habit == "as bad as allowed":
            margin = margin_of(self._plan.gates, gate)
            value = value * (1 + margin) if gate in RELATIVE else value + (-margin if gate == "accuracy" else margin)
        if unit.has and self._habit == "less accurate" and gate == "accuracy":
            value -= 0.05
        if unit.has and self._habit == "slow":
            value = {"p50": value * 1.3, "p99": 0.5}.get(gate, value)
        if unit.flaky and gate in ("failed", "p99") and self._rng.random() < 0.05:
            value += 0.3  # a restart
        return max(0.0, value)

    def _switch(self, state: RolloutState, slot: int) -> None:
        wanted = {unit.key: unit.phase for unit in state.units}
        for unit in self._units:
            if unit.offline:
                continue
            phase = wanted.get(unit.key)
            if phase == "returning":
                unit.has = False
            elif phase == "sent" and unit.tries_slot < 0:
                unit.tries_slot = slot + int(self._rng.integers(1, 4))
            elif phase == "sent" and slot >= unit.tries_slot and unit.refused is None:
                unit.refused = self._objection(unit)
                unit.has, unit.since_slot = unit.refused is None, slot

    def _objection(self, unit: Unit) -> str | None:
        if self._habit == "crashes at load":
            return "the self-test's process was ended by signal 11"
        if self._habit == "fails on hailo8l" and unit.chip.endswith("hailo8l"):
            return "it was compiled for hailo8, the chip is hailo8l"
        if unit.flaky and self._rng.random() < 0.03:
            return "the node died twice within the watch"
        return None

    def _seen(self) -> dict[NodeKey, UnitSeen]:
        return {
            unit.key: UnitSeen(
                site=unit.key.site,
                node=unit.key.node,
                kind="roadside",
                chip=unit.chip,
                chips=tuple(unit.chip.split()),
                online=not unit.offline,
                active=BUNDLE if unit.has else None,
                holds=unit.has,
                kept=unit.has,
                refused=unit.refused,
            )
            for unit in self._units
        }

    def _looks(self, state: RolloutState, slot: int) -> dict[str, dict[str, tuple[Look, ...]]]:
        active = {unit.key for unit in state.units if unit.phase == "active"}
        found: dict[str, dict[str, tuple[Look, ...]]] = {}
        for chip in CHIPS:
            there = [unit for unit in self._units if unit.chip == chip and not unit.offline]
            for gate in self._gates:
                pairs = [Pair(self._before[unit.key][gate], self._figure(unit, gate)) for unit in there]
                new = [one for one, unit in zip(pairs, there, strict=True) if unit.key in active and unit.has]
                old = [one for one, unit in zip(pairs, there, strict=True) if not unit.has]
                one = look(slot, gate, margin_of(self._plan.gates, gate), new, old)
                if one is not None:
                    found.setdefault(chip, {})[gate] = (one,)
        return found
