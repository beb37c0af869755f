"""A state on its way to the next one, and what has been told of it."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from fleet.arrivals import NodeKey
from fleet.rollout.state import Change, RolloutState, Status, UnitState


@dataclass(frozen=True, slots=True)
class Step:
    state: RolloutState
    changes: tuple[Change, ...] = ()

    @property
    def units(self) -> dict[NodeKey, UnitState]:
        """A dictionary of one's own."""
        return {unit.key: unit for unit in self.state.units}

    def with_units(self, units: dict[NodeKey, UnitState], *told: Change) -> "Step":
        return self.with_state(units=tuple(units.values())).telling(*told)

    def with_state(self, **fields: Any) -> "Step":
        return Step(replace(self.state, **fields), self.changes)

    def telling(self, *told: Change) -> "Step":
        return Step(self.state, (*self.changes, *told))

    def becoming(self, status: Status, why: str) -> "Step":
        return self.with_state(status=status, why=why).telling(Change(what=status, why=why))
