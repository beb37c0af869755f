"""What came in and was admitted, ready to be booked; and what was refused."""

from dataclasses import dataclass
from typing import TypeAlias

from edge.wire.deployments.states import Reported
from edge.wire.messages import Birth, Conn, ConnState, FrameReport, Health
from sensors.clock import Stamp
from sensors.terminal.foreign_text import shown

KEPT_BYTES = 4096
"""So much of a refused payload is kept aside: enough to see what it was."""
KEPT_CHARACTERS = 300
"""So much of its topic and of what is wrong with it."""


@dataclass(frozen=True, slots=True)
class NodeKey:
    site: str
    node: str


NOBODY = NodeKey("", "")
"""Of messages on topics of nodes that the hub doesn't know."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """One life of a node; `id` is the session's own, or stands for the counter of a node that has no ids yet."""

    site: str
    node: str
    id: str

    @property
    def of_node(self) -> NodeKey:
        return NodeKey(self.site, self.node)

    @property
    def counted(self) -> bool:
        """Whether only a counter names it, which may repeat."""
        return self.id.startswith(COUNTED)


StreamKey: TypeAlias = tuple[SessionKey, str]

COUNTED = "count-"


def session_key(of: NodeKey, said: Birth | Conn | Health | FrameReport) -> SessionKey:
    """Whose word `said` is, on a topic of node `of`."""
    return SessionKey(of.site, of.node, said.session_id or f"{COUNTED}{said.session}")


def key_of(birth: Birth) -> SessionKey:
    return session_key(NodeKey(birth.site, birth.node), birth)


@dataclass(frozen=True, slots=True)
class ReportArrived:
    """One frame's report."""

    key: SessionKey
    report: FrameReport
    payload: bytes
    received: Stamp
    hub_latency_ns: int | None
    """Capture to receipt; None where node and hub have no clock in common: only a report of the run knows then."""
    boot: str = ""
    """Whose monotonic clock `received` is of; empty: nobody knows."""
    current: bool = True
    """False: its node has begun another session since; booked, but it moves no live figure."""
    clock_known: bool = True
    """False: what the node's wall clock said can't be; the instant of receipt labels the frame instead."""
    late: bool = False
    """It came out of a backlog, its node's or the broker's: booked, but it moves no live figure."""


@dataclass(frozen=True, slots=True)
class ShadowArrived:
    """What a candidate found on a frame, beside the active model: no part of any stream's books."""

    key: SessionKey
    report: FrameReport
    payload: bytes
    received: Stamp


@dataclass(frozen=True, slots=True)
class BirthArrived:
    key: SessionKey
    birth: Birth
    payload: bytes
    received: Stamp
    clock_known: bool = True
    former: bool = False
    """It introduces an earlier session, whose reports come out of the node's backlog."""


@dataclass(frozen=True, slots=True)
class HealthArrived:
    key: SessionKey
    health: Health
    payload: bytes
    received: Stamp


@dataclass(frozen=True, slots=True)
class ConnArrived:
    """A session went online, offline or lost."""

    key: SessionKey
    state: ConnState
    received: Stamp


@dataclass(frozen=True, slots=True)
class UnitReported:
    """What a unit says of its deployments; one that has no node to run yet says it, too."""

    key: NodeKey
    reported: Reported
    payload: bytes
    received: Stamp


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is no good: counted by `reason`, its beginning kept for a person."""

    topic: str
    reason: str
    what: str
    payload: bytes
    received: Stamp
    node: NodeKey = NOBODY
    """Whose topic it came on, if that is a node this hub knows."""
    count: int = 1
    """How many messages it stands for."""

    @classmethod
    def of(
        cls,
        topic: str,
        reason: str,
        what: str,
        payload: bytes,
        received: Stamp,
        node: NodeKey = NOBODY,
        count: int = 1,
    ) -> "Refused":
        """As it is kept: all that came from outside is cut to what a person needs."""
        short = shown(topic, KEPT_CHARACTERS), reason, shown(what, KEPT_CHARACTERS)
        return cls(*short, payload[:KEPT_BYTES], received, node, count)


Arrival: TypeAlias = ReportArrived | ShadowArrived | BirthArrived | HealthArrived | ConnArrived | UnitReported | Refused
