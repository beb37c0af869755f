"""One gate over one slot of time: the units that run the bundle, each against its own time before, and against those
that don't run it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fleet.rollout.decision.verdicts import RELATIVE
from fleet.rollout.plan import GateName
from fleet.rollout.state import Look

LEAST_BEFORE = 6
"""Slots of a unit's time before: of fewer nobody knows how restless it is."""
LEAST_CONTROLS = 3


@dataclass(frozen=True, slots=True)
class Before:
    """A figure over a unit's own time before it got the bundle."""

    mean: float
    error: float
    """Standard error of the mean."""
    n: int

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Before | None":
        """None: too few."""
        n = len(figures)
        if n < LEAST_BEFORE:
            return None
        mean = sum(figures) / n
        spread = math.sqrt(sum((one - mean) ** 2 for one in figures) / (n - 1))
        return cls(mean, spread / math.sqrt(n), n)


@dataclass(frozen=True, slots=True)
class Pair:
    before: Before
    now: float


def look(slot: int, gate: GateName, margin: float, units: Sequence[Pair], controls: Sequence[Pair]) -> Look | None:
    """None without units. What happens to the controls, from LEAST_CONTROLS on, happens to all: it is taken off."""
    if not units:
        return None
    others = controls if len(controls) >= LEAST_CONTROLS else ()
    common = sum(_worsening(gate, one) for one in others) / len(others) if others else 0.0
    each = [(_worsening(gate, one) - common - margin) / (2 * margin) for one in units]
    error = math.hypot(_error(gate, units), _error(gate, others))
    return Look(
        slot=slot,
        worse=round(sum(min(max(one, -1.0), 1.0) for one in each) / len(each), 4),
        error=round(error / (2 * margin), 5),
        degrees=min(one.before.n for one in (*units, *others)) - 1,
        units=len(units),
        before=sum(one.before.mean for one in units) / len(units),
        now=sum(one.now for one in units) / len(units),
    )


def _worsening(gate: GateName, one: Pair) -> float:
    if gate in RELATIVE:
        return one.now / one.before.mean - 1
    return one.before.mean - one.now if gate == "accuracy" else one.now - one.before.mean


def _error(gate: GateName, pairs: Sequence[Pair]) -> float:
    """Of the mean of their times before."""
    if not pairs:
        return 0.0
    errors = (one.before.error / (one.before.mean if gate in RELATIVE else 1.0) for one in pairs)
    return math.sqrt(sum(error**2 for error in errors)) / len(pairs)
