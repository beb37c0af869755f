"""What is taken in at a look before anything is decided: newcomers, what units say, and the evidence."""

from msgspec.structs import replace

from fleet.rollout.decision.seen import Seen, UnitSeen
from fleet.rollout.decision.selection import is_asked
from fleet.rollout.decision.step import Step
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.state import Change, Evidence, UnitState


def followed(plan: RolloutPlan, step: Step, seen: Seen, now_utc_ns: int) -> Step:
    """Newcomers, as long as the rollout takes some in."""
    ended = plan.until_utc_ns is not None and now_utc_ns >= plan.until_utc_ns
    if ended or step.state.status == "rolling back":
        return step
    units, told, left_out = step.units, [], 0
    for key in sorted(seen.units.keys() - units.keys(), key=lambda key: (key.site, key.node)):
        one = seen.units[key]
        if one.busy or not is_asked(plan.select, one):
            continue
        fit = sum(unit.phase != "unfit" for unit in units.values())
        if plan.units_at_most is not None and not one.unfit and fit >= plan.units_at_most:
            left_out += 1
            continue
        units[key] = UnitState(site=one.site, node=one.node, chip=one.chip, since_utc_ns=now_utc_ns)
        if one.unfit:
            units[key] = replace(units[key], phase="unfit", why=one.unfit)
            told.append(Change(what="unfit", why=one.unfit, site=one.site, node=one.node))
    return step.with_units(units, *told).with_state(left_out=left_out)


def heard(step: Step, seen: Seen, now_utc_ns: int) -> Step:
    """What units say of the bundle: they keep it, refused it, or are back."""
    evidence, units, told = dict(step.state.evidence), step.units, []
    for key, unit in units.items():
        one = seen.units.get(key)
        after = unit if one is None else _next(unit, one)
        if after is unit:
            continue
        units[key] = replace(after, since_utc_ns=now_utc_ns)
        told.append(Change(what=after.phase, why=after.why, site=unit.site, node=unit.node))
        if after.phase in ("active", "failed"):
            so_far = evidence.get(unit.chip, Evidence())
            evidence[unit.chip] = replace(so_far, outcomes=(*so_far.outcomes, after.phase == "failed"))
    return step.with_units(units, *told).with_state(evidence=evidence)


def weighed(step: Step, seen: Seen) -> Step:
    """The looks that are new; a slot that is in already is never taken again."""
    evidence = dict(step.state.evidence)
    for chip, gates in seen.looks.items():
        so_far = evidence.get(chip, Evidence())
        looks = dict(so_far.looks)
        for gate, new in gates.items():
            fresh = tuple(look for look in new if look.slot > step.state.slot)
            if fresh:
                looks[gate] = (*looks.get(gate, ()), *fresh)
        evidence[chip] = replace(so_far, looks=looks)
    return step.with_state(evidence=evidence, slot=max(step.state.slot, seen.slot))


def _next(unit: UnitState, one: UnitSeen) -> UnitState:
    match unit.phase:
        case "waiting" if one.unfit:
            return replace(unit, phase="unfit", why=one.unfit)
        case "unfit" if not one.unfit:
            return replace(unit, phase="waiting", why="", chip=one.chip)
        case "sent" | "active" if one.refused is not None:
            return replace(unit, phase="failed", why=one.refused)
        case "sent" if one.kept:
            return replace(unit, phase="active", why="")
        case "active" if not one.holds:
            return replace(unit, phase="left", why="somebody else had it run something else")
        case "returning" if not one.holds:
            return replace(unit, phase="returned")
        case _:
            return unit
