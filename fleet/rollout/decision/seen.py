"""What is seen of the fleet at one look: all that a decision knows of the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.wire.deployments.states import Deployment
from fleet.arrivals import NodeKey
from fleet.rollout.state import Look, UnitState


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen:
    """A unit as its birth and its reported state tell it."""

    site: str
    node: str
    kind: str
    chips: tuple[str, ...] = ()
    """What its chip may be called: backend, kind of device, architecture."""
    chip: str
    """The device tuple, in short."""
    unfit: str = ""
    """Why the bundle can't go there; empty: it can."""
    tags: tuple[str, ...] = ()
    online: bool = True
    known_since_utc_ns: int = 0
    """When its node first spoke: it has no time before that."""
    active: Deployment | None = None
    """None: what its NODE.toml says."""
    holds: bool = False
    """The bundle is active."""
    kept: bool = False
    """And the unit has watched it, and keeps it."""
    refused: str | None = None
    """Why it refused the bundle or rolled it back; None: it didn't."""
    busy: str = ""
    """The name of another rollout that has it."""

    @property
    def key(self) -> NodeKey:
        return NodeKey(self.site, self.node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    units: Mapping[NodeKey, UnitSeen]
    looks: Mapping[str, Mapping[str, tuple[Look, ...]]] = field(default_factory=dict)
    """By chip and gate: of slots that are over and weren't in before."""
    slot: int = -1
    """The newest slot that is over."""

    def reaches(self, unit: UnitState) -> bool:
        one = self.units.get(unit.key)
        return one is not None and one.online and not one.busy
