"""What came in and was admitted, ready to be booked; and what was refused."""

from dataclasses import dataclass
from typing import TypeAlias

from edge.wire.messages import Birth, ConnState, FrameReport, Health
from sensors.clock import Stamp

KEPT_BYTES = 4096
"""So much of a refused payload is kept aside: enough to see what it was."""


@dataclass(frozen=True, slots=True)
class NodeKey:
    site: str
    node: str


def key_of(birth: Birth) -> NodeKey:
    return NodeKey(birth.site, birth.node)


@dataclass(frozen=True, slots=True)
class ReportArrived:
    """One frame's report."""

    key: NodeKey
    report: FrameReport
    payload: bytes
    received: Stamp
    hub_latency_ns: int | None
    """Capture to receipt; None where node and hub have no clock in common: only a report of the run knows then."""
    boot: str = ""
    """Whose monotonic clock `received` is of; empty: nobody knows."""


@dataclass(frozen=True, slots=True)
class BirthArrived:
    key: NodeKey
    birth: Birth
    payload: bytes
    received: Stamp


@dataclass(frozen=True, slots=True)
class HealthArrived:
    """A health message."""

    key: NodeKey
    health: Health
    payload: bytes
    received: Stamp


@dataclass(frozen=True, slots=True)
class ConnArrived:
    """A node went online, offline or lost."""

    key: NodeKey
    session: int
    state: ConnState
    received: Stamp


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is no good: `reason` is counted, the payload's beginning kept for a person."""

    topic: str
    reason: str
    what: str
    payload: bytes
    received: Stamp


Arrival: TypeAlias = ReportArrived | BirthArrived | HealthArrived | ConnArrived | Refused
