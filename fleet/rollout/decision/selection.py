"""Who is asked for, and in which order: the same at every look, and at every hub."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from fleet.arrivals import NodeKey
from fleet.rollout.decision.seen import UnitSeen
from fleet.rollout.plan import Selector, Wave
from fleet.rollout.state import UnitState


def is_asked(selector: Selector, unit: UnitSeen) -> bool:
    named: tuple[tuple[Sequence[str], Sequence[str]], ...] = (
        (selector.sites, (unit.site,)),
        (selector.nodes, (unit.node,)),
        (selector.kinds, (unit.kind,)),
        (selector.chips, unit.chips),
        (selector.tags, unit.tags),
    )
    return all(_fits(names, patterns) for patterns, names in named if patterns)


def rank(rollout: str, site: str, node: str) -> str:
    """By chance, and always the same: no unit is the canary of every rollout, and a latecomer has its place."""
    return hashlib.sha256(f"{rollout}\0{site}\0{node}".encode()).hexdigest()


def target(wave: Wave, units: int) -> int:
    """How many of a chip's units have the bundle when this wave is through."""
    if wave.units is not None:
        return min(wave.units, units)
    assert wave.share is not None
    return math.ceil(wave.share * units - 1e-9)


def next_ones(rollout: str, wave: Wave, units: Iterable[UnitState], there: set[NodeKey]) -> list[UnitState]:
    """Whom the wave takes next, chip by chip, among those that are `there`.

    Failed units count: a wave that tries others in their place would go through the fleet by and by.
    """
    chosen: list[UnitState] = []
    by_chip: dict[str, list[UnitState]] = {}
    for unit in units:
        if unit.phase != "unfit":
            by_chip.setdefault(unit.chip, []).append(unit)
    for same in by_chip.values():
        taken = sum(unit.phase != "waiting" for unit in same)
        waiting = [one for one in same if one.phase == "waiting" and one.key in there]
        waiting.sort(key=lambda one: rank(rollout, one.site, one.node))
        chosen += waiting[: max(0, target(wave, len(same)) - taken)]
    return chosen


def _fits(names: Iterable[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
