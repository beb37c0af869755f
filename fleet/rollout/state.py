"""Where a rollout stands: what the ledger keeps of it, and all that a decision rests on besides what is seen."""

from typing import Literal, TypeAlias

from edge.wire.deployments.states import Deployment
from fleet.arrivals import NodeKey
from sensors.record import Record

Status: TypeAlias = Literal["running", "paused", "halted", "rolling back", "rolled back", "aborted", "done"]
LIVE: tuple[Status, ...] = ("running", "paused", "rolling back")
"""In the others nothing is decided any more."""

Phase: TypeAlias = Literal["waiting", "unfit", "sent", "active", "failed", "returning", "returned", "left"]
"""`unfit`: its device tuple isn't the bundle's, so nothing is sent. `failed`: the unit refused the bundle, or rolled it
back. `returning`: told to go back, and hasn't said yet that it did. `left`: somebody else had it run something else."""
HOLDS: tuple[Phase, ...] = ("sent", "active")

OPEN_WAVE = -1
"""Of a unit that no wave has taken yet."""


class UnitState(Record, frozen=True, kw_only=True):
    site: str
    node: str
    chip: str
    """Its device tuple, in short: units of one chip are judged together."""
    phase: Phase = "waiting"
    wave: int = OPEN_WAVE
    sent_utc_ns: int = 0
    since_utc_ns: int = 0
    """In this phase."""
    former: Deployment | None = None
    """What it ran before the bundle was sent; None: what its NODE.toml says."""
    why: str = ""
    """Why it is unfit, failed, or returning."""

    @property
    def key(self) -> NodeKey:
        return NodeKey(self.site, self.node)


class Look(Record, frozen=True, kw_only=True, array_like=True):
    """One gate at the units of one chip that run the bundle, over one slot of time.

    `worse` is (worsening - margin) / (2 margins), each unit's kept within -1..1, and their mean: -.5 is no change, 0
    as much worse as is allowed. `error`: the standard error that it has from the time before, of `degrees` of freedom.
    """

    slot: int
    worse: float
    error: float
    degrees: int
    units: int
    before: float
    """The figure itself, the mean of these units' own, in the gate's unit."""
    now: float


class Evidence(Record, frozen=True, kw_only=True):
    """By gate; of one chip."""

    looks: dict[str, tuple[Look, ...]] = {}
    outcomes: tuple[bool, ...] = ()
    """What its units said, in that order: whether the bundle failed there. One that kept it and gave it up later is
    in it twice."""


class RolloutState(Record, frozen=True, kw_only=True):
    status: Status = "running"
    why: str = ""
    """In one sentence: why it isn't running any more."""
    wave: int = 0
    began_utc_ns: int
    opened_utc_ns: int
    """When the wave did."""
    soaking_since_utc_ns: int = 0
    """0: not enough of its units have switched."""
    excused: bool = False
    """A person let this wave go on where gates can't tell."""
    slot: int = -1
    """The newest whose looks are in."""
    units: tuple[UnitState, ...] = ()
    """As they were taken in."""
    evidence: dict[str, Evidence] = {}
    """By chip."""
    left_out: int = 0
    """Newcomers beyond the cap."""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def unsettled(self) -> bool:
        """Whether there is still something to decide, or to hear of its units."""
        return self.live or any(unit.phase in ("sent", "returning") for unit in self.units)


class Change(Record, frozen=True, kw_only=True):
    """Something that became of a rollout or of one of its units; `why` is a sentence."""

    what: str
    why: str
    site: str = ""
    """Empty, with the node: of the whole rollout."""
    node: str = ""
