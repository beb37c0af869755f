"""What a unit's state tells a person who stands before it: what is active, what is bad, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge.unit.state import kept
from edge.wire.deployments.states import Deployment
from sensors.clock import NS_PER_S, Stamp

DIGITS = 12


def standing(path: Path) -> dict[str, str]:
    """By name, as sentences. Raises StateAbsent or StateDamaged."""
    state = kept(path)
    told = {
        "desired": "nothing yet" if state.desired is None else named(state.desired.deployment),
        "outcome": state.outcome + (f": {state.reason}" if state.reason else ""),
        "active": named(state.active) + ("" if state.proven else ", being watched"),
        "previous": named(state.previous),
        "in work": "" if state.trying is None else f"{named(state.trying.deployment)}, {state.trying.phase}",
        "device": ", ".join(f"{name} {text}" for name, text in state.device_tuple.items()),
    }
    if (cost := state.switched) is not None:
        lost = "an unknown number of" if cost.frames_lost is None else str(cost.frames_lost)
        told["last switch"] = f"{cost.down_ns / NS_PER_S:.2f} s without a frame, {lost} frames lost"
    for number, one in enumerate(state.bad, 1):
        told[f"bad {number}"] = f"{named(one.deployment)}, {when(one.stamp)}, {_since(one.phase)}: {one.reason}"
    return told


def rows(path: Path) -> Iterator[dict[str, str]]:
    """What happened, oldest first. Raises StateAbsent or StateDamaged."""
    for event in kept(path).events:
        about = "" if event.deployment is None else named(event.deployment)
        yield {"when": when(event.stamp), "what": event.what, "deployment": about, "why": event.reason}


def named(deployment: Deployment | None) -> str:
    """As people know it; of none, where the model comes from."""
    if deployment is None:
        return "what NODE.toml says"
    name = f"{deployment.name} {deployment.version}".strip()
    digest = deployment.digest[:DIGITS]
    return f"{name} ({digest})" if name else digest


def _since(phase: str) -> str:
    return "after it was kept" if phase == "settled" else phase


def when(stamp: Stamp) -> str:
    return datetime.fromtimestamp(stamp.utc_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
