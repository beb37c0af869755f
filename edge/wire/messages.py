"""Everything that nodes say, in one place to import it from (docs/wire.md)."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from edge.wire.acknowledgements import Committed, Refusals
from edge.wire.births import (
    SCHEMA,
    STAGES,
    BackendBirth,
    Birth,
    ModelBirth,
    NodeKind,
    PaceName,
    PlaceBirth,
    ShadowBirth,
    StreamBirth,
    TrackerBirth,
    decode_birth,
)
from edge.wire.clock.exchange import ClockAnswer, ClockAsk, Exchange, HubClock
from edge.wire.findings import Findings, check_findings
from edge.wire.message import (
    MAX_BYTES,
    REASON_CHARACTERS,
    Count,
    Digest,
    Duration,
    Label,
    Measured,
    Message,
    MessageWrong,
    Number,
    SessionId,
    TopicName,
    decode,
    decode_as,
    encode,
)
from edge.wire.shadows import ShadowHealth
from sensors.clock import Stamp
from sensors.frame import StampKind

# fmt: off
__all__ = [
    "LATE_BYTES", "LATE_REPORTS", "MAX_BYTES", "SCHEMA", "STAGES", "BackendBirth", "Birth", "CameraCounters",
    "CameraStamp", "ClockAnswer", "ClockAsk", "Committed", "Conn", "ConnState", "Exchange", "Findings", "FrameReport",
    "Health", "HubClock", "Message", "MessageWrong", "ModelBirth", "NodeKind", "PaceName", "Pacing", "PlaceBirth",
    "Refusals", "ShadowBirth", "Spooled", "Status", "StreamBirth", "StreamCounters", "TrackerBirth", "check",
    "decode", "decode_birth", "encode", "split_late",
]
# fmt: on

LATE_REPORTS = 256
LATE_BYTES = 200_000
"""So much a node puts into one `late` message at most."""

Status: TypeAlias = Literal["ok", "failed"]
ConnState: TypeAlias = Literal["online", "offline", "lost"]


class CameraStamp(Message, frozen=True, kw_only=True):
    """A live frame on its camera's own clocks: beside `stamp`, they tell the camera's jitter from the network's."""

    pts_ns: Duration
    """On its encoder's time line, since the stream's first frame."""
    utc_ns: Number | None = None
    """When it was taken, by the camera's wall clock (RTCP sender reports)."""


class FrameReport(Message, frozen=True, kw_only=True):
    """What became of one frame."""

    session: Count
    """A count of its node's state folder; what names the session beyond doubt is"""
    session_id: SessionId = ""
    """its 128 random bits in hexadecimal. Empty: said offline, or by a node from before there were any."""
    n: Count
    """Publication number of this stream in this session, from 0, without holes."""
    stream: TopicName
    seq: Number
    stamp: Stamp
    """When the frame was taken; `kind` says the instant of what."""
    kind: StampKind
    stages: Annotated[dict[Label, Duration], Meta(max_length=32)]
    """Nanoseconds by stage, disjoint; the stages are named in the birth."""
    total_ns: Duration
    """From `stamp` to the end of the last stage: the sum of `stages`."""
    published: Stamp
    status: Status
    reason: Annotated[str, Meta(max_length=REASON_CHARACTERS)] = ""
    """Why the frame failed."""
    findings: Findings | None = None
    """None on a failed frame: a failure is never "no objects"."""
    events: Annotated[tuple[Label, ...], Meta(max_length=1000)] = ()
    """Names of the node's rules that the frame is an event by."""
    camera: CameraStamp | None = None
    """None: it is no live frame, or has no picture."""
    model: Digest
    """First 12 digits of the model's sha256."""
    artefact: Digest
    """First 12 digits of the sha256 of the file that ran."""


class Pacing(Message, frozen=True, kw_only=True):
    """How late frames were released against their schedule (realtime only): exact over the run so far."""

    p50_ns: Duration
    p99_ns: Duration
    max_ns: Duration
    n: Count


class CameraCounters(Message, frozen=True, kw_only=True):
    """What a live camera did so far, as its node saw it."""

    lost: Count
    """How often it fell silent, ended its stream or refused the connection."""
    missing: Count
    """Frames that a camera of a steady rate did not send, or the network lost."""
    repeated: Count
    restarts: Count
    """How often its encoder's clock began anew."""
    jitter_ns: Duration
    """The camera's own: how far its periods are from the usual one, by its encoder's clock; p99 of the last frames."""
    network_ns: Duration
    """How much later than the quickest its frames came; p99 of the last frames."""


class StreamCounters(Message, frozen=True, kw_only=True):
    """captured = ok + failed + dropped + pending, at every health message; at the end nothing is pending."""

    captured: Count = 0
    ok: Count = 0
    failed: Count = 0
    dropped: Count = 0
    pending: Count = 0
    """Captured, and its fate not decided yet."""
    evicted: Count = 0
    """Reports (of ok and failed frames) that were given up: no hub had committed them, and there was no room."""
    spooled: Count = 0
    """Reports that the node still keeps, since no hub has committed them yet."""
    skipped: Count = 0
    """Not captured: due before a session that goes on from another one began."""
    pacing: Pacing | None = None
    camera: CameraCounters | None = None
    """None: it is no live camera."""


class Spooled(Message, frozen=True, kw_only=True):
    """What a node keeps until a hub has committed it, of all of its sessions."""

    reports: Count
    bytes: Count
    evicted: Count = 0
    """Given up by this process, for want of room or for their age."""
    unwritten: Count = 0
    """Of `reports`: in memory only, since the disk took them not."""
    unsendable: Count = 0
    """Of `reports`: larger than the broker takes."""
    refused: Count = 0
    """Messages that a hub told this process it refuses."""
    late: Count = 0
    """Reports that went out from the backlog."""


class Health(Message, frozen=True, kw_only=True):
    """1 Hz at QoS 0; the last one of a session is `final` and goes at QoS 1."""

    session: Count
    session_id: SessionId = ""
    stamp: Stamp
    streams: Annotated[dict[TopicName, StreamCounters], Meta(max_length=1000)]
    queued: Count
    """Reports that the broker has not acknowledged yet."""
    final: bool = False
    spool: Spooled | None = None
    """None: said by a node from before there was one."""
    temperature_c: Measured | None = None
    power_w: Measured | None = None
    utilisation: Measured | None = None
    broker: Annotated[str, Meta(max_length=2000)] = ""
    """The address it is connected to, without a login; of a cluster, the node. Empty: not told."""
    clocks: Annotated[dict[Label, HubClock], Meta(max_length=64)] = {}
    """By the boot id of each hub that answers and has not the node's own clock."""
    shadow: ShadowHealth | None = None
    """None: there is none."""


class Conn(Message, frozen=True, kw_only=True):
    """Retained, and the last will; `lost` is said by the broker, for a node that can't."""

    state: ConnState
    session: Count
    session_id: SessionId = ""


def split_late(payload: bytes) -> list[bytes]:
    """The FrameReports of a `late` message, each as it was written; raises MessageWrong: oversize, json, schema."""
    parts: list[msgspec.Raw] = decode_as(payload, list[msgspec.Raw])
    if len(parts) > LATE_REPORTS:
        raise MessageWrong("oversize", f"{len(parts)} late reports, the limit is {LATE_REPORTS}")
    return [bytes(part) for part in parts]


def check(report: FrameReport) -> None:
    """Refuse a report that contradicts itself: raises MessageWrong (books, stages, findings)."""
    if min(report.stages.values(), default=0) < 0 or sum(report.stages.values()) != report.total_ns:
        raise MessageWrong("stages", f"{dict(report.stages)} don't sum to {report.total_ns} ns")
    if (report.status == "ok") != (report.findings is not None):
        raise MessageWrong("findings", f"status {report.status!r} with findings {report.findings is not None}")
    if report.findings is not None:
        check_findings(report.findings)
