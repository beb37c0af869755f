"""Orders: each carried out once and answered once, in the same write as what it changed."""

from typing import Literal, TypeAlias

from msgspec.structs import replace

from edge.unit.decisions import forgiven, refused, rolled_back
from edge.unit.state import UnitState
from edge.wire.deployments.orders import VERBS, Order, Receipt, Verdict
from sensors.clock import EARLIEST_UTC_NS, NS_PER_S, Stamp

ANSWERED_S = 3600
"""So long after its deadline an order is still answered; what is older is left unsaid."""

Effect: TypeAlias = Literal["nothing", "restart", "record"]


def carried_out(
    state: UnitState, verb: str, order: Order, now: Stamp, *, recording: bool = False
) -> tuple[UnitState, Receipt | None, Effect]:
    """`verb`: of the topic it came on. `recording`: whether the node at work keeps what it sees. What is to be done to
    the node process is the effect.

    No receipt: the order was over long ago, and whoever gave it has given it up.
    """
    if (answered := next((one for one in state.receipts if one.id == order.id), None)) is not None:
        return state, answered, "nothing"
    late_s = (now.utc_ns - order.deadline_utc_ns) / NS_PER_S
    if late_s > ANSWERED_S:
        return state, None, "nothing"
    verdict: Verdict = "refused"
    effect: Effect = "nothing"
    if verb != order.verb or verb not in VERBS:
        why = f"this unit knows no order {verb!r} ({', '.join(VERBS)})" if verb == order.verb else "it came as another"
    elif now.utc_ns < EARLIEST_UTC_NS:
        why = "the unit's wall clock was never set, so nobody knows whether the deadline is over"
    elif late_s > 0:
        verdict, why = "expired", f"it came {late_s:.1f} s after its deadline, by the unit's wall clock"
    else:
        state, why, effect = _done(state, order, now, recording=recording)
        verdict, why = ("refused", why.removeprefix(NOT)) if why.startswith(NOT) else ("applied", why)
    receipt = Receipt(id=order.id, verb=verb, verdict=verdict, reason=why, stamp=now)
    state = replace(state, receipts=(*state.receipts, receipt), unanswered=(*state.unanswered, receipt.id))
    return state, receipt, effect


NOT = "not: "


def _done(state: UnitState, order: Order, now: Stamp, *, recording: bool) -> tuple[UnitState, str, Effect]:
    who = f"by order of {order.by or 'somebody'}" + (f": {order.why}" if order.why else "")
    match order.verb:
        case "rollback":
            return _rollback(state, order.digest, who, now)
        case "retry":
            if not any(order.digest in (None, one.deployment.digest) for one in state.bad):
                return state, f"{NOT}no such deployment is bad here", "nothing"
            return forgiven(state, order.digest, now), "it may be tried again", "nothing"
        case "record" if not recording:
            return state, f"{NOT}its node is not at work, or records nothing ([record] in NODE.toml)", "nothing"
        case "record":
            return state, "the minutes around now are kept", "record"
        case _:
            return state, "the node is started again", "restart"


def _rollback(state: UnitState, digest: str | None, who: str, now: Stamp) -> tuple[UnitState, str, Effect]:
    trying = state.trying.deployment if state.trying is not None else None
    if trying is not None and digest in (None, trying.digest):
        return refused(state, who, now), f"{trying.digest[:12]} is given up; it was not active yet", "nothing"
    if state.active is None:
        return state, f"{NOT}the model of NODE.toml is active, there is nothing to go back from", "nothing"
    if digest not in (None, state.active.digest):
        return state, f"{NOT}{state.active.digest[:12]} is active", "nothing"
    state = rolled_back(state, who, now)
    back = state.active.digest[:12] if state.active is not None else "what NODE.toml says"
    return state, f"back to {back}", "restart"
