"""Everything that nodes say, in one place to import it from (docs/wire.md)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge.wire.births import (
    SCHEMA,
    STAGES,
    BackendBirth,
    Birth,
    ModelBirth,
    NodeKind,
    PaceName,
    StreamBirth,
    TrackerBirth,
    decode_birth,
)
from edge.wire.clock_messages import ClockAnswer, ClockAsk, Exchange, HubClock
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
    encode,
)
from sensors.clock import Stamp
from sensors.frame import StampKind

# fmt: off
__all__ = [
    "MAX_BYTES", "SCHEMA", "STAGES", "BackendBirth", "Birth", "ClockAnswer", "ClockAsk", "Conn",
    "ConnState", "Exchange", "Findings", "FrameReport", "Health", "HubClock", "Message", "MessageWrong",
    "ModelBirth", "NodeKind", "PaceName", "Pacing", "Status", "StreamBirth", "StreamCounters", "TrackerBirth",
    "check", "decode", "decode_birth", "encode",
]
# fmt: on

Status: TypeAlias = Literal["ok", "failed"]
ConnState: TypeAlias = Literal["online", "offline", "lost"]


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


class StreamCounters(Message, frozen=True, kw_only=True):
    """captured = ok + failed + dropped + pending, at every health message; at the end nothing is pending."""

    captured: Count = 0
    ok: Count = 0
    failed: Count = 0
    dropped: Count = 0
    pending: Count = 0
    """Captured, and its fate not decided yet."""
    evicted: Count = 0
    """Reports (of ok and failed frames) that were given up before any broker had them."""
    pacing: Pacing | None = None


class Health(Message, frozen=True, kw_only=True):
    """1 Hz at QoS 0; the last one of a session is `final` and goes at QoS 1."""

    session: Count
    session_id: SessionId = ""
    stamp: Stamp
    streams: Annotated[dict[TopicName, StreamCounters], Meta(max_length=1000)]
    queued: Count
    """Reports that the broker has not acknowledged yet."""
    final: bool = False
    temperature_c: Measured | None = None
    power_w: Measured | None = None
    utilisation: Measured | None = None
    clocks: Annotated[dict[Label, HubClock], Meta(max_length=64)] = {}
    """By the boot id of each hub that answers and has not the node's own clock."""


class Conn(Message, frozen=True, kw_only=True):
    """Retained, and the last will; `lost` is said by the broker, for a node that can't."""

    state: ConnState
    session: Count
    session_id: SessionId = ""


def check(report: FrameReport) -> None:
    """Refuse a report that contradicts itself: raises MessageWrong (books, stages, findings)."""
    if min(report.stages.values(), default=0) < 0 or sum(report.stages.values()) != report.total_ns:
        raise MessageWrong("stages", f"{dict(report.stages)} don't sum to {report.total_ns} ns")
    if (report.status == "ok") != (report.findings is not None):
        raise MessageWrong("findings", f"status {report.status!r} with findings {report.findings is not None}")
    if report.findings is not None:
        check_findings(report.findings)
