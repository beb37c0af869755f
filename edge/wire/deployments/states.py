"""The state that a hub desires of a unit, and the one that the unit reports: both retained, so both converge."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge.wire.message import REASON_CHARACTERS, Count, Duration, Facts, Label, Message, SessionId, TopicName
from sensors.clock import Stamp

MOST_BAD = 64
"""Bad deployments that a unit tells of: the newest ones."""

BundleDigest: TypeAlias = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}(?![\s\S])")]
"""The sha256 of a bundle's `bundle.json`, which names every other file of it by its own."""
Reason: TypeAlias = Annotated[str, Meta(max_length=REASON_CHARACTERS)]

Phase: TypeAlias = Literal[
    "settled", "matching", "fetching", "verifying", "testing", "switching", "watching", "rolling back"
]
"""What a unit does with a deployment, in this order; `settled`: nothing."""
Outcome: TypeAlias = Literal["none", "working", "kept", "refused", "rolled back"]
"""Of the deployment that is desired: `refused` never became active, `rolled back` did."""
ProcessState: TypeAlias = Literal["starting", "running", "waiting", "ended"]
"""`waiting`: it died and is started again after a pause; `ended`: by itself, its work being done."""


class Deployment(Message, frozen=True, kw_only=True):
    """A bundle, by its digest; name and version are for people."""

    digest: BundleDigest
    name: Label = ""
    version: Label = ""


class Desired(Message, frozen=True, kw_only=True):
    """What a unit is to run; the last word counts, and replaces any before at whatever phase it was."""

    id: TopicName
    """Of this wish: the unit's report names it."""
    deployment: Deployment | None
    """None: what the unit's own NODE.toml says, without any bundle."""
    rollout: Label = ""
    """Which rollout wishes it; empty: a person does."""
    by: Label = ""
    """Who wishes it."""


class BadDeployment(Message, frozen=True, kw_only=True):
    """One that this unit has refused or rolled back: it is not tried again until an order `retry` says so."""

    deployment: Deployment
    phase: Phase
    """In which it failed."""
    reason: Reason
    stamp: Stamp


class Switched(Message, frozen=True, kw_only=True):
    """What the last change of the active deployment cost."""

    stamp: Stamp
    """When the last frame of the old one's was over."""
    down_ns: Duration
    """From then to the first frame of the new one."""
    frames_lost: Count | None
    """Due meanwhile, by the streams that go on by schedule; None: a camera's, so nobody knows."""


class NodeProcess(Message, frozen=True, kw_only=True):
    """The node that a unit runs as a process of its own."""

    state: ProcessState
    restarts: Count = 0
    """After a death, since the unit began."""
    last_words: Reason = ""
    """Of the one that died last."""


class Reported(Message, frozen=True, kw_only=True):
    """Where a unit stands: at each change, and once a minute; retained."""

    unit: SessionId
    """128 random bits that name this life of the unit's process, as a session's do."""
    stamp: Stamp
    boot: Label
    """Whose monotonic clock the stamps are of."""
    software: Label
    desired: Annotated[str, Meta(max_length=100)] = ""
    """The id of the last Desired that it heard; empty: none yet."""
    outcome: Outcome = "none"
    reason: Reason = ""
    """Of a deployment that was refused or rolled back, or what the present phase waits for."""
    phase: Phase = "settled"
    active: Deployment | None = None
    """None: what NODE.toml says."""
    previous: Deployment | None = None
    """What a rollback would make active; None: what NODE.toml says."""
    staged: Deployment | None = None
    """Verified and on disk, not active yet."""
    bad: Annotated[tuple[BadDeployment, ...], Meta(max_length=MOST_BAD)] = ()
    """Newest first."""
    device_tuple: Facts = {}
    """backend, device, architecture, compiler, runtime, driver, firmware, as read from the chip; what isn't here is
    unknown."""
    node: NodeProcess
    switched: Switched | None = None
    """None: nothing has been switched in this life of the unit."""
