"""Who a node is: everything that a result of its session hangs on."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from edge.wire.address import BrokerRefused
from edge.wire.message import (
    Count,
    Digest,
    Facts,
    FolderName,
    Label,
    Measured,
    Message,
    MessageWrong,
    Number,
    SessionId,
    TopicName,
    decode,
    encode,
)
from sensors.clock import Stamp
from sensors.errors import GilmokError

SCHEMA = 1
MAX_BIRTH_BYTES = 256_000
"""No honest birth is larger: a thousand labels, and a thousand frames that a quantiser saw, take a tenth of it."""

STAGES = ("wait", "prepare", "infer", "decode", "track")
"""Disjoint and in order; their sum is a frame's total."""

NodeKind: TypeAlias = Literal["vehicle", "roadside"]
PaceName: TypeAlias = Literal["lockstep", "realtime", "live"]

Milliseconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400_000)]
Labels: TypeAlias = Annotated[tuple[Label, ...], Meta(max_length=10_000)]


class BirthUnfit(GilmokError):
    def __init__(self, node: str, what: str) -> None:
        super().__init__(
            f"the birth of node {node!r} can't be said: {what}",
            "shorten what stands there, or let the broker take more",
        )


class BirthRefused(BrokerRefused):
    def __init__(self, url: str, topic: str, reason: str) -> None:
        super().__init__(
            url,
            f"this node's birth, on {topic}: {reason}",
            "the name in its certificate, or its user's, has to be the node's, and its site the same; is it in the "
            "broker's ACL (`gilmok fleet list`, `gilmok fleet acl`)?",
        )


class TrackerBirth(Message, frozen=True, kw_only=True):
    """`options`: those that were set; the others are as `software` has them."""

    name: Label
    options: dict[Label, Any] = {}


class StreamBirth(Message, frozen=True, kw_only=True):
    """`dataset`, `recording` and `digest` are empty where the stream is no recording with a truth."""

    name: TopicName
    source: Label
    pace: PaceName
    fps: Measured | None
    dataset: Label = ""
    recording: FolderName = ""
    digest: Digest = ""
    labels: Labels = ()
    """The evaluated classes that the configuration asks for; empty: all that the data set offers."""
    classes: Annotated[dict[Label, Labels], Meta(max_length=1000)] = {}
    """More of them, each with the model's labels that count for it; none: those that mean the same."""
    pacing_bound_ms: Milliseconds | None = None
    """The stream's run is invalid where the p99 of its pacing error exceeds this (realtime only)."""
    tracker: TrackerBirth | None = None
    geometry: dict[Label, Any] = {}
    """Of its camera (docs/ground.md), as configured, by which findings have places; empty: they have none."""


class ModelBirth(Message, frozen=True, kw_only=True):
    name: FolderName
    sha256: Digest
    artefact: Digest
    precision: Label
    labels: Labels
    calibration: dict[Digest, tuple[Number, ...]] = {}
    """Recording's digest -> frames that the artefact's quantiser saw: nothing may be scored on them."""


class BackendBirth(Message, frozen=True, kw_only=True):
    """`facts`: the tuple of board, driver, firmware, runtime and compiler, as far as the SDK tells."""

    name: Label
    device: Label
    device_kind: Label
    facts: Facts
    depth: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """How many frames are in work at once; None where an older node doesn't say."""


class PlaceBirth(Message, frozen=True, kw_only=True):
    """Metres east and north of the origin of the site's plan."""

    x_m: Annotated[float, Meta(ge=-1e7, le=1e7)]
    y_m: Annotated[float, Meta(ge=-1e7, le=1e7)]


class ShadowBirth(Message, frozen=True, kw_only=True):
    """A candidate that runs beside the active model, and what it may cost that one."""

    model: ModelBirth
    backend: Label
    device: Label
    max_p99_ratio: Annotated[float, Meta(ge=1, le=1e6)]
    """Of the active model's p99 with it to that without it."""
    max_share: Annotated[float, Meta(ge=0, le=1)]
    """Of the time it may be at work."""
    block_s: Annotated[float, Meta(ge=0, le=1e8)]


class Birth(Message, frozen=True, kw_only=True):
    """Who I am; retained."""

    schema: Count = SCHEMA
    site: TopicName
    node: TopicName
    session: Count
    session_id: SessionId = ""
    kind: NodeKind
    run: FolderName
    """The experiment this session belongs to."""
    resumes: SessionId = ""
    """The session that this one goes on from, in the same run and at the place where its streams would be by now."""
    stamp: Stamp
    boot: Label
    """Whose monotonic clock the stamps are of (`sensors.clock.boot_id`)."""
    place: PlaceBirth | None = None
    """Where it stands; None: it moves, or nobody told."""
    tags: Annotated[tuple[Label, ...], Meta(max_length=100)] = ()
    """Words by which it is chosen among others: for rollouts."""
    host: Facts
    software: Label
    stages: Annotated[tuple[Label, ...], Meta(max_length=32)] = STAGES
    streams: Annotated[tuple[StreamBirth, ...], Meta(max_length=1000)]
    model: ModelBirth
    backend: BackendBirth
    shadow: ShadowBirth | None = None
    """None: there is none, or its model isn't there."""


def decode_birth(payload: bytes) -> Birth:
    """Raises MessageWrong as `decode` does, and earlier where it is too large: a hub keeps every birth."""
    if len(payload) > MAX_BIRTH_BYTES:
        raise MessageWrong("oversize", f"a birth of {len(payload)} bytes, the limit is {MAX_BIRTH_BYTES}")
    return decode(payload, Birth)


def checked_birth(birth: Birth) -> bytes:
    """As it is said; raises BirthUnfit for one that every hub would refuse."""
    try:
        decode_birth(said := encode(birth))
    except MessageWrong as error:
        raise BirthUnfit(birth.node, error.what) from error
    return said
