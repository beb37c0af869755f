"""What a unit says of itself: to the hub at each change, and to who asks on the unit."""

from edge.unit.state import UnitState
from edge.wire.deployments.states import Deployment, NodeProcess, Phase, Reported
from edge.wire.message import REASON_CHARACTERS
from sensors.clock import Stamp, boot_id
from sensors.host import software


def reported(state: UnitState, unit: str, node: NodeProcess, now: Stamp, trouble: str = "") -> Reported:
    """`trouble`: of the unit itself, which matters more than what a deployment waits for."""
    return Reported(
        unit=unit,
        stamp=now,
        boot=boot_id(),
        software=software(),
        desired=state.desired.id if state.desired is not None else "",
        outcome=state.outcome,
        reason=(trouble or state.reason)[:REASON_CHARACTERS],
        phase=_phase(state),
        active=state.active,
        previous=state.previous,
        staged=_staged(state),
        bad=state.bad,
        device_tuple=state.device_tuple,
        node=node,
        switched=state.switched,
    )


def _phase(state: UnitState) -> Phase:
    if state.trying is not None:
        return state.trying.phase
    return "settled" if state.proven else "watching"


def _staged(state: UnitState) -> Deployment | None:
    """Verified, and not active: only while it is tested or switched to."""
    if state.trying is None or state.trying.phase not in ("testing", "switching"):
        return None
    return state.trying.deployment
