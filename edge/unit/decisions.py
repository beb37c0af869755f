"""What becomes of a unit's state: from the state and what happened to the next state. No clock, no disk, no network."""

from collections.abc import Mapping

from msgspec.structs import replace

from edge.unit.state import Baseline, Event, Trying, UnitState
from edge.wire.deployments.states import MOST_BAD, BadDeployment, Deployment, Desired, Outcome, Phase
from edge.wire.message import REASON_CHARACTERS
from sensors.clock import Stamp

MOST_DEATHS = 3
"""So often a unit may end, by itself or with its machine, while it tests or watches one deployment."""


def heard(state: UnitState, desired: Desired, now: Stamp) -> UnitState:
    """A newer Desired stands in for the older one at whatever phase that was."""
    if desired == state.desired:
        return state
    before = state
    state = replace(state, desired=desired)
    if before.desired is None or not same(before.desired.deployment, desired.deployment):
        state = told(state, now, "desired", desired.deployment, f"{desired.id} {desired.rollout}".strip())
    if state.trying is not None and not same(state.trying.deployment, desired.deployment):
        superseded = state.trying
        state = told(replace(state, trying=None), now, f"superseded while {superseded.phase}", superseded.deployment)
    elif not state.proven and not same(state.active, desired.deployment):
        state = told(state, now, "superseded while watching", state.active)
    return settled(state)


def settled(state: UnitState) -> UnitState:
    """With the outcome that the desired deployment has by now."""
    if state.desired is None:
        return replace(state, outcome="none", reason="")
    want = state.desired.deployment
    if same(want, state.active):
        return replace(state, outcome="kept" if state.proven else "working", reason="")
    if want is not None and (bad := state.why_bad(want.digest)) is not None:
        was_active = bad.phase in ("switching", "watching", "rolling back", "settled")
        outcome: Outcome = "rolled back" if was_active else "refused"
        return replace(state, outcome=outcome, reason=bad.reason)
    return replace(state, outcome="working", reason=state.reason if state.trying is not None else "")


def due(state: UnitState) -> bool:
    """Whether the desired deployment is neither active, nor on its way, nor known to be bad."""
    if state.desired is None or state.trying is not None or same(state.desired.deployment, state.active):
        return False
    want = state.desired.deployment
    return want is None or state.why_bad(want.digest) is None


def begun(state: UnitState, now: Stamp) -> UnitState:
    assert state.desired is not None
    want = state.desired.deployment
    phase: Phase = "switching" if want is None else "matching"
    trying = Trying(deployment=want, phase=phase)
    return settled(told(replace(state, trying=trying, deaths=0, reason=""), now, phase, want))


def entered(state: UnitState, phase: Phase, now: Stamp) -> UnitState:
    if state.trying is None or state.trying.phase == phase:
        return state
    deployment = state.trying.deployment
    trying = Trying(deployment=deployment, phase=phase)
    return told(replace(state, trying=trying, reason=""), now, phase, deployment)


def waits(state: UnitState, reason: str, now: Stamp) -> UnitState:
    """For what is nobody's fault, a network say; the deployment is tried again from its beginning."""
    if state.trying is None:
        return state
    deployment = state.trying.deployment
    state = state if reason == state.reason else told(state, now, "waiting", deployment, reason)
    return replace(state, trying=Trying(deployment=deployment, phase="matching"), reason=_short(reason))


def refused(state: UnitState, reason: str, now: Stamp) -> UnitState:
    """It never becomes active here, until somebody says `retry`."""
    assert state.trying is not None
    failed = state.trying
    state = told(replace(state, trying=None, deaths=0), now, "refused", failed.deployment, reason)
    if failed.deployment is not None:
        state = _with_bad(state, failed.deployment, failed.phase, reason, now)
    return settled(state)


def switched(state: UnitState, before: Baseline, now: Stamp) -> UnitState:
    """Active, not proven. What was proven last stays the one to go back to."""
    assert state.trying is not None
    new = state.trying.deployment
    back = state.active if state.proven else state.previous
    return settled(
        replace(
            told(state, now, "switched to", new),
            active=new,
            previous=None if same(back, new) else back,
            proven=new is None,
            trying=None,
            deaths=0,
            before=before,
        )
    )


def kept(state: UnitState, reason: str, now: Stamp) -> UnitState:
    return settled(replace(told(state, now, "kept", state.active, reason), proven=True, deaths=0))


def rolled_back(state: UnitState, reason: str, now: Stamp) -> UnitState:
    """To the previous deployment, which was proven; the one that is left is bad."""
    assert state.active is not None
    phase: Phase = "settled" if state.proven else "watching"
    left = state.active
    state = _with_bad(state, left, phase, reason, now)
    state = replace(state, active=state.previous, previous=None, proven=True, deaths=0)
    return settled(told(state, now, "rolled back", left, reason))


def forgiven(state: UnitState, digest: str | None, now: Stamp) -> UnitState:
    """The bad deployment of that digest, or every one, may be tried again."""
    gone = [one for one in state.bad if digest in (None, one.deployment.digest)]
    for one in gone:
        state = told(state, now, "may be tried again", one.deployment)
    return settled(replace(state, bad=tuple(one for one in state.bad if one not in gone)))


def device_read(state: UnitState, device: Mapping[str, str], now: Stamp) -> UnitState:
    """As the chip tells it now. What didn't fit the chip as it was before may fit it as it is."""
    if state.device_tuple == dict(device):
        return state
    changed = [key for key in {*state.device_tuple, *device} if state.device_tuple.get(key) != device.get(key)]
    what = "; ".join(
        f"{key}: {state.device_tuple.get(key, 'unknown')} before, {device.get(key, 'unknown')} now"
        for key in sorted(changed)
    )
    known = bool(state.device_tuple)
    state = replace(state, device_tuple=dict(device))
    if not known:
        return state
    state = told(state, now, "the device changed", None, what)
    return settled(replace(state, bad=tuple(one for one in state.bad if one.phase != "matching")))


def woken(state: UnitState, now: Stamp) -> UnitState:
    """The unit begins: what was in work begins again, unless it is what ends the unit time and again."""
    testing = state.trying is not None and state.trying.phase == "testing"
    if not (testing or not state.proven):
        return state if state.trying is None else replace(state, trying=replace(state.trying, phase="matching"))
    state = replace(state, deaths=state.deaths + 1)
    why = f"the unit itself ended {state.deaths} times meanwhile"
    if state.deaths < MOST_DEATHS:
        trying = None if state.trying is None else replace(state.trying, phase="matching")
        return told(replace(state, trying=trying), now, "began again", None, why)
    return refused(state, why, now) if testing else rolled_back(state, why, now)


def rested(state: UnitState) -> UnitState:
    """The unit ends because it was asked to: no death of its own."""
    return replace(state, deaths=state.deaths - 1)


def damaged(state: UnitState, why: str, now: Stamp) -> UnitState:
    """The active deployment is not what it was, and nobody's fault: the previous one, and it may come anew."""
    state = told(state, now, "damaged", state.active, why)
    return settled(replace(state, active=state.previous, previous=None, proven=True, deaths=0))


def needed(state: UnitState) -> set[str]:
    """Digests of the bundles that must stay on the disk."""
    desired = state.desired.deployment if state.desired is not None else None
    trying = state.trying.deployment if state.trying is not None else None
    return {one.digest for one in (state.active, state.previous, desired, trying) if one is not None}


def tries(state: UnitState, deployment: Deployment | None) -> bool:
    """Whether that is what it tries now."""
    return state.trying is not None and same(state.trying.deployment, deployment)


def same(a: Deployment | None, b: Deployment | None) -> bool:
    """Whether both are one bundle, or both none; what it is called doesn't matter."""
    return (a.digest if a else None) == (b.digest if b else None)


def _with_bad(state: UnitState, deployment: Deployment, phase: Phase, reason: str, now: Stamp) -> UnitState:
    entry = BadDeployment(deployment=deployment, phase=phase, reason=_short(reason), stamp=now)
    others = [one for one in state.bad if one.deployment.digest != deployment.digest]
    back = None if same(state.previous, deployment) else state.previous
    return replace(state, bad=(entry, *others)[:MOST_BAD], previous=back)


def told(state: UnitState, now: Stamp, what: str, deployment: Deployment | None, reason: str = "") -> UnitState:
    event = Event(stamp=now, what=what, deployment=deployment, reason=_short(reason))
    return replace(state, events=(*state.events, event))


def _short(reason: str) -> str:
    return reason[:REASON_CHARACTERS]
