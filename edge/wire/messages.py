"""What nodes say: the types of the wire, their encoding, and what makes a message refusable.

JSON; readers ignore unknown fields, writers only ever add (docs/wire.md).
"""

import math
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np

from models.detections import Detections
from sensors.clock import Stamp
from sensors.errors import GilmokError
from sensors.frame import StampKind

SCHEMA = 1
MAX_BYTES = 1_000_000
"""No honest message is larger: a full frame of 100 findings takes about 5 kB."""

BOX_DECIMALS = 2
"""One decimal costs small objects: .4000 AP becomes .3996 on PETS09-S2L1."""
SCORE_DECIMALS = 5

STAGES = ("wait", "prepare", "infer", "decode", "track")
"""Disjoint and in order; their sum is a frame's total."""

Status: TypeAlias = Literal["ok", "failed"]
ConnState: TypeAlias = Literal["online", "offline", "lost"]
NodeKind: TypeAlias = Literal["vehicle", "roadside"]
PaceName: TypeAlias = Literal["lockstep", "realtime", "live"]

Reading: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**61)]
"""A monotonic clock in nanoseconds; the bound (73 years) keeps sums of two in 63 bits."""


class MessageWrong(GilmokError):
    """A message that the hub refuses; `reason` is the short word it is counted under."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"refused ({reason}): {what}")
        self.reason = reason
        self.what = what


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is said over MQTT, and nothing else (type checkers want the two keywords repeated)."""


class Findings(Message, frozen=True, kw_only=True):
    """Parallel arrays, best first; boxes (left, top, right, bottom) in image pixels."""

    boxes: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    labels: tuple[int, ...]
    """Indices into the birth's label table."""
    tracks: tuple[int, ...] | None = None
    """Track ids, -1 = no track; None where the node runs no tracker."""

    @classmethod
    def of(cls, found: Detections, tracks: tuple[int, ...] | None = None) -> "Findings":
        """`found` as the wire rounds it, so that every reader scores the same numbers."""
        boxes = np.round(found.boxes.astype(np.float64), BOX_DECIMALS)
        scores = np.round(found.scores.astype(np.float64), SCORE_DECIMALS)
        return cls(
            boxes=tuple(map(tuple, boxes.tolist())),
            scores=tuple(scores.tolist()),
            labels=tuple(found.labels.tolist()),
            tracks=tracks,
        )

    def detections(self) -> Detections:
        """What was found, as arrays, to the wire's precision."""
        return Detections(
            np.array(self.boxes, np.float32).reshape(-1, 4),
            np.array(self.scores, np.float32),
            np.array(self.labels, np.int64),
        )


class FrameReport(Message, frozen=True, kw_only=True):
    """What became of one frame."""

    session: int
    """A count of its node's state folder; what names the session beyond doubt is"""
    session_id: str = ""
    """its 128 random bits in hexadecimal. Empty: said offline, or by a node from before there were any."""
    n: int
    """Publication number of this stream in this session, from 0, without holes."""
    stream: str
    seq: int
    stamp: Stamp
    """When the frame was taken; `kind` says the instant of what."""
    kind: StampKind
    stages: dict[str, int]
    """Nanoseconds by stage, disjoint; the stages are named in the birth."""
    total_ns: int
    """From `stamp` to the end of the last stage: the sum of `stages`."""
    published: Stamp
    status: Status
    reason: str = ""
    """Why the frame failed."""
    findings: Findings | None = None
    """None on a failed frame: a failure is never "no objects"."""
    model: str
    """First 12 digits of the model's sha256."""
    artefact: str
    """First 12 digits of the sha256 of the file that ran."""


class TrackerBirth(Message, frozen=True, kw_only=True):
    """`options`: those that were set; the others are as `software` has them."""

    name: str
    options: dict[str, Any] = {}


class StreamBirth(Message, frozen=True, kw_only=True):
    """`dataset`, `recording` and `digest` are empty where the stream is no recording with a truth."""

    name: str
    source: str
    pace: PaceName
    fps: float | None
    dataset: str = ""
    recording: str = ""
    digest: str = ""
    labels: tuple[str, ...] = ()
    """The evaluated classes that the configuration asks for; empty: all that the data set offers."""
    pacing_bound_ms: float | None = None
    """The stream's run is invalid where the p99 of its pacing error exceeds this (realtime only)."""
    tracker: TrackerBirth | None = None


class ModelBirth(Message, frozen=True, kw_only=True):
    name: str
    sha256: str
    artefact: str
    precision: str
    labels: tuple[str, ...]
    calibration: dict[str, tuple[int, ...]] = {}
    """Recording's digest -> frames that the artefact's quantiser saw: nothing may be scored on them."""


class BackendBirth(Message, frozen=True, kw_only=True):
    """`facts`: the tuple of board, driver, firmware, runtime and compiler, as far as the SDK tells."""

    name: str
    device: str
    device_kind: str
    facts: dict[str, str]


class Birth(Message, frozen=True, kw_only=True):
    """Who I am; retained."""

    schema: int = SCHEMA
    site: str
    node: str
    session: int
    session_id: str = ""
    kind: NodeKind
    run: str
    """The experiment this session belongs to."""
    stamp: Stamp
    boot: str
    """Whose monotonic clock the stamps are of (`sensors.clock.boot_id`)."""
    host: dict[str, str]
    software: str
    stages: tuple[str, ...] = STAGES
    streams: tuple[StreamBirth, ...]
    model: ModelBirth
    backend: BackendBirth


class Pacing(Message, frozen=True, kw_only=True):
    """How late frames were released against their schedule (realtime only): exact over the run so far."""

    p50_ns: int
    p99_ns: int
    max_ns: int
    n: int


class StreamCounters(Message, frozen=True, kw_only=True):
    """captured = ok + failed + dropped + pending, at every health message; at the end nothing is pending."""

    captured: int = 0
    ok: int = 0
    failed: int = 0
    dropped: int = 0
    pending: int = 0
    """Captured, and its fate not decided yet."""
    evicted: int = 0
    """Reports (of ok and failed frames) that were given up before any broker had them."""
    pacing: Pacing | None = None


class Exchange(NamedTuple):
    """One comparison of two clocks: 1 and 4 are read on the node's, 2 and 3 on the hub's."""

    t1_ns: Reading
    """The question leaves."""
    t2_ns: Reading
    """It is there."""
    t3_ns: Reading
    """The answer leaves."""
    t4_ns: Reading
    """It is there."""


class HubClock(Message, frozen=True, kw_only=True):
    """What a node knows of a hub's clock: hub - node is `offset_ns` ± `bound_ns` when it says so. None: unknown."""

    offset_ns: int | None
    bound_ns: int | None
    steps: int
    """How often one of the two was set, or stood still, in this session."""
    exchanges: tuple[Exchange, ...]
    """Those since the last health message, so that the hub can reckon for itself, also afterwards."""


class ClockAsk(Message, frozen=True, kw_only=True):
    """A node asks every hub for its clock."""

    session: int
    t1_ns: Reading


class ClockAnswer(Message, frozen=True, kw_only=True):
    """A hub answers; `session` and `t1_ns` are the question's."""

    session: int
    t1_ns: Reading
    t2_ns: Reading
    t3_ns: Reading
    boot: str
    """Whose clock t2 and t3 are of (`sensors.clock.boot_id`)."""


class Health(Message, frozen=True, kw_only=True):
    """1 Hz at QoS 0; the last one of a session is `final` and goes at QoS 1."""

    session: int
    session_id: str = ""
    stamp: Stamp
    streams: dict[str, StreamCounters]
    queued: int
    """Reports that the broker has not acknowledged yet."""
    final: bool = False
    temperature_c: float | None = None
    power_w: float | None = None
    utilisation: float | None = None
    clocks: dict[str, HubClock] = {}
    """By the boot id of each hub that answers and has not the node's own clock."""


class Conn(Message, frozen=True, kw_only=True):
    """Retained, and the last will; `lost` is said by the broker, for a node that can't."""

    state: ConnState
    session: int
    session_id: str = ""


M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    return msgspec.json.encode(message)


def decode(payload: bytes, kind: type[M]) -> M:
    """`payload` as a `kind`; raises MessageWrong: oversize, json, schema."""
    if len(payload) > MAX_BYTES:
        raise MessageWrong("oversize", f"{len(payload)} bytes, the limit is {MAX_BYTES}")
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        raise MessageWrong("schema", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageWrong("json", str(error)) from error


def check(report: FrameReport) -> None:
    """Refuse a report that contradicts itself: raises MessageWrong (books, stages, findings)."""
    if min(report.stages.values(), default=0) < 0 or sum(report.stages.values()) != report.total_ns:
        raise MessageWrong("stages", f"{dict(report.stages)} don't sum to {report.total_ns} ns")
    if (report.status == "ok") != (report.findings is not None):
        raise MessageWrong("findings", f"status {report.status!r} with findings {report.findings is not None}")
    if report.findings is not None:
        _check_findings(report.findings)


def _check_findings(findings: Findings) -> None:
    n = len(findings.scores)
    tracks = n if findings.tracks is None else len(findings.tracks)
    if not len(findings.boxes) == len(findings.labels) == tracks == n:
        raise MessageWrong("findings", "boxes, scores, labels and tracks differ in length")
    if min(findings.labels, default=0) < 0:
        raise MessageWrong("findings", "a label index is negative")
    for (left, top, right, bottom), score in zip(findings.boxes, findings.scores, strict=True):
        if not all(map(math.isfinite, (left, top, right, bottom, score))):
            raise MessageWrong("findings", "a box or score is not a finite number")
        if right < left or bottom < top:
            raise MessageWrong("findings", f"the box {left, top, right, bottom} is inside out")
