"""The decision: plan, state, what is seen and the time give the next state, and what changed, and why.

Nothing here reads a clock, a ledger or a network: two hubs that see the same decide the same.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from fleet.rollout.decision import sentences
from fleet.rollout.decision.hearing import followed, heard, weighed
from fleet.rollout.decision.seen import Seen
from fleet.rollout.decision.selection import next_ones
from fleet.rollout.decision.step import Step
from fleet.rollout.decision.verdicts import GateVerdict, failing, level, verdicts
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.state import HOLDS, Change, RolloutState, Status, UnitState
from replay.statistics.verdicts import Verdict
from sensors.clock import NS_PER_S


def begun(now_utc_ns: int) -> RolloutState:
    return RolloutState(began_utc_ns=now_utc_ns, opened_utc_ns=now_utc_ns)


def decide(plan: RolloutPlan, state: RolloutState, seen: Seen, now_utc_ns: int) -> Step:
    """One look. What units report is taken in first, and counts, whatever the status: then no failure is overtaken by
    a wave that it should have stopped."""
    step = Step(state)
    if state.live:
        step = weighed(followed(plan, step, seen, now_utc_ns), seen)
    step = heard(step, seen, now_utc_ns)
    if not step.state.live:
        return step
    if step.state.status == "rolling back":
        return _brought_back(step, seen)
    judged = list(verdicts(plan.gates, step.state.evidence))
    if why := _against(plan, step.state, judged):
        return stopped(step, why, now_utc_ns, back=plan.on_failure == "roll back")
    if step.state.status == "running":
        step = _advanced(plan, _soaked(plan, step, seen, now_utc_ns), judged, now_utc_ns)
    if step.state.status == "running":
        step = _sent(plan, step, seen, now_utc_ns)
    return step


def stopped(step: Step, why: str, now_utc_ns: int, *, back: bool, status: Status = "halted") -> Step:
    """`back`: with every unit that has the bundle, or has been sent it, told to return."""
    if not back:
        return step.becoming(status, why)
    units, told = step.units, []
    for key, unit in units.items():
        if unit.phase in HOLDS:
            units[key] = replace(unit, phase="returning", since_utc_ns=now_utc_ns, why=why)
            told.append(Change(what="returning", why=why, site=unit.site, node=unit.node))
    return step.becoming("rolling back", why).with_units(units, *told)


def _against(plan: RolloutPlan, state: RolloutState, judged: Sequence[GateVerdict]) -> str:
    """Why the rollout must not go on; all that speaks against it, the plainest first."""
    found = []
    alpha = level(plan.gates, len(state.evidence))
    for chip, evidence in state.evidence.items():
        tried = [unit for unit in state.units if unit.chip == chip and unit.phase in (*HOLDS, "failed")]
        failed = [unit for unit in tried if unit.phase == "failed"]
        # Where nobody is left on whom it might still work, no test is needed.
        if failed and (len(failed) == len(tried) or failing(plan.gates, evidence, alpha)):
            found.append(sentences.fails_on(chip, failed, len(tried)))
    found += [sentences.worse(one) for one in judged if one.verdict is Verdict.WORSE]
    return "; ".join(found)


def _soaked(plan: RolloutPlan, step: Step, seen: Seen, now_utc_ns: int) -> Step:
    """Begin to soak once enough of the units that can be waited for have switched."""
    state = step.state
    if state.soaking_since_utc_ns or _open(plan, state, seen, now_utc_ns):
        return step
    overdue_ns = now_utc_ns - int(plan.switch_s * NS_PER_S)
    tried = [unit for unit in state.units if unit.phase in (*HOLDS, "failed")]
    done = [unit for unit in tried if unit.phase != "sent"]
    awaited = [unit for unit in tried if unit.phase == "sent" and unit.sent_utc_ns > overdue_ns and seen.reaches(unit)]
    if not done or len(done) < plan.enough * (len(done) + len(awaited)):
        return step
    return step.with_state(soaking_since_utc_ns=now_utc_ns)


def _advanced(plan: RolloutPlan, step: Step, judged: Sequence[GateVerdict], now_utc_ns: int) -> Step:
    """Into the next wave, once this one has soaked and every gate of every chip is cleared."""
    state = step.state
    soaked_ns = now_utc_ns - state.soaking_since_utc_ns - int(plan.wave[state.wave].soak_s * NS_PER_S)
    if not state.soaking_since_utc_ns or soaked_ns < 0:
        return step
    # A gate that isn't required and that nobody tells is none.
    unsure = [
        one for one in judged if one.verdict is Verdict.INCONCLUSIVE and (one.looks or one.gate in plan.gates.required)
    ]
    running = {unit.chip for unit in state.units if unit.phase == "active"}
    bare = sorted({unit.chip for unit in state.units if unit.phase == "sent"} - running)
    if (unsure or bare) and not state.excused:
        if soaked_ns < plan.patience_s * NS_PER_S:
            return step
        return step.becoming("paused", sentences.cant_tell(unsure, bare, soaked_ns / NS_PER_S / 60))
    if state.wave + 1 < len(plan.wave):
        opened = step.with_state(wave=state.wave + 1, opened_utc_ns=now_utc_ns, soaking_since_utc_ns=0, excused=False)
        return opened.telling(Change(what="wave", why=sentences.opens(plan, state.wave + 1, judged)))
    if plan.until_utc_ns is not None and now_utc_ns < plan.until_utc_ns:
        return step
    return step.becoming("done", sentences.done(step.state))


def _sent(plan: RolloutPlan, step: Step, seen: Seen, now_utc_ns: int) -> Step:
    units, told = step.units, []
    for unit in _open(plan, step.state, seen, now_utc_ns):
        units[unit.key] = replace(
            unit,
            phase="sent",
            wave=step.state.wave,
            sent_utc_ns=now_utc_ns,
            since_utc_ns=now_utc_ns,
            former=seen.units[unit.key].active,
        )
        told.append(Change(what="sent", why=f"wave {step.state.wave + 1}", site=unit.site, node=unit.node))
    return step.with_units(units, *told)


def _open(plan: RolloutPlan, state: RolloutState, seen: Seen, now_utc_ns: int) -> list[UnitState]:
    """Whom the open wave has still to take. The last one takes everybody it asks for, in reach or not: a unit that
    comes back finds the wish where the broker keeps it. The others take who has a time before to be held against."""
    last = state.wave + 1 == len(plan.wave)
    new_ns = now_utc_ns - int((plan.before_looks + 1) * plan.look_s * NS_PER_S)
    there = {
        unit.key
        for unit in state.units
        if unit.key in seen.units
        and (last or (seen.reaches(unit) and seen.units[unit.key].known_since_utc_ns <= max(new_ns, 0)))
    }
    return next_ones(plan.name, plan.wave[state.wave], state.units, there)


def _brought_back(step: Step, seen: Seen) -> Step:
    left = [unit for unit in step.state.units if unit.phase == "returning"]
    if any(seen.reaches(unit) for unit in left):
        return step
    return step.becoming("rolled back", sentences.back(step.state.why, left))
