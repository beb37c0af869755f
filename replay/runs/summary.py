"""A run's figures: frames, latency by stage, accuracy, the digest of all findings, and whether the books balance.

The hub and an offline run call the same functions on the same reports, so their numbers agree to the last digit.
"""

import contextlib
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from edge.wire.messages import STAGES, Birth, FrameReport, Pacing, StreamBirth, StreamCounters, encode
from replay.metrics.oneway import bounds_of
from replay.metrics.percentiles import Percentiles, percentiles
from replay.recording import Recording, remarks, unsound
from replay.scoring.classes import LabelsNotOffered, LabelsUnknownToModel, evaluated
from replay.scoring.summary import AccuracySummary, accuracy_summary, no_accuracy
from sensors.clock import NS_PER_MS, NS_PER_S
from sensors.record import Record

INTERRUPTED = "it was cut short: it holds what was done until then"


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecord:
    """Everything that is known of one stream of one node session, whoever kept it."""

    birth: Birth
    stream: StreamBirth
    reports: Sequence[FrameReport]
    """In order of n, each once."""
    counters: StreamCounters | None
    """The node's last word; None if it never spoke."""
    final: bool
    """Whether that word was its last on purpose."""
    hub_latency_ns: Sequence[int] | None
    """Capture to receipt at the hub, per ok report; None where that can't be told (`hub_unknown`)."""
    recording: Recording | None
    """With the truth of this stream; None where nobody knows it."""
    truth_unknown: str = ""
    """Why there is no recording."""
    hub_unknown: str = ""
    """Why there is no latency to the hub; empty also where there was no hub."""
    received_ns: Sequence[int] | None = None
    """When each report came in at the hub, on the clock of the frames' stamps; None where nobody knows."""
    received_bound_ns: Sequence[int] | None = None
    """How far each of them may be from the truth: 0 where node and hub share a clock."""
    clock_steps: int = 0
    """How often the node's clock or the hub's was set, or stood still, against the other."""


class Frames(Record, frozen=True, kw_only=True):
    captured: int
    ok: int
    failed: int
    dropped: int


class Books(Record, frozen=True, kw_only=True):
    balanced: bool
    complaints: tuple[str, ...]
    """A sentence for each place where they don't balance."""


class StreamSummary(Record, frozen=True, kw_only=True):
    node: str
    stream: str
    session: int
    model: str
    backend: str
    device: str
    device_kind: str
    pace: str
    recording: str
    valid: bool
    invalid_because: tuple[str, ...]
    frames: Frames
    fps: float
    """Reports per second, from the first frame's stamp to the last report's end."""
    latency_ns: dict[str, Percentiles]
    """`total`, each stage, and `hub` (capture to receipt): ok frames."""
    hub_bound_ns: Percentiles | None = None
    """How far each percentile of `hub` may be from the truth, systematically: 0 on one clock. None without `hub`."""
    hub_unknown: str = ""
    """Why there is no `hub`; empty also where there was no hub."""
    clock_steps: int = 0
    """How often the node's clock or the hub's was set, or stood still, against the other."""
    pacing: Pacing | None
    accuracy: AccuracySummary
    digest: dict[str, str]
    failures: dict[str, int]
    """Reason -> how many frames failed for it."""
    books: Books
    remarks: tuple[str, ...] = ()
    """What of the recording was read leniently, or is worth knowing."""


class Summary(Record, frozen=True, kw_only=True):
    """Of a whole run. With one stream, the top level repeats its figures; with several, frames and latencies pool."""

    run: str
    valid: bool
    invalid_because: tuple[str, ...]
    interrupted: bool = False
    """Whether a signal cut it short: then it isn't valid, and INTERRUPTED is the first reason."""
    frames: Frames
    latency_ns: dict[str, Percentiles]
    hub_bound_ns: Percentiles | None = None
    accuracy: AccuracySummary
    digest: dict[str, str]
    books: Books
    streams: tuple[StreamSummary, ...]
    troubles: tuple[str, ...] = ()
    """What went wrong beside the frames: a node that died, a message that was refused."""


def summarise(
    run: str, records: Sequence[StreamRecord], troubles: Sequence[str] = (), *, interrupted: bool = False
) -> Summary:
    """Every figure of the run; `records` in the order in which they shall be shown.

    `interrupted`: a signal ended it before its own end.
    """
    streams = tuple(_stream(record) for record in records)
    because = tuple(f"{one.node}/{one.stream}: {why}" for one in streams for why in one.invalid_because)
    because = (INTERRUPTED, *because) if interrupted else because
    complaints = tuple(f"{one.node}/{one.stream}: {what}" for one in streams for what in one.books.complaints)
    return Summary(
        run=run,
        valid=not because and not troubles,
        invalid_because=because,
        interrupted=interrupted,
        frames=_sum([one.frames for one in streams]),
        latency_ns=_latencies(records),
        hub_bound_ns=_hub_bounds(records),
        accuracy=streams[0].accuracy if len(streams) == 1 else no_accuracy("several streams: see each one's own"),
        digest=streams[0].digest if len(streams) == 1 else {"detections": _joint_digest(streams)},
        books=Books(balanced=not complaints, complaints=complaints),
        streams=streams,
        troubles=tuple(troubles),
    )


def _stream(record: StreamRecord) -> StreamSummary:
    complaints = tuple(_complaints(record))
    because = tuple(_invalid_because(record))
    return StreamSummary(
        node=record.birth.node,
        stream=record.stream.name,
        session=record.birth.session,
        model=record.birth.model.name,
        backend=record.birth.backend.name,
        device=record.birth.backend.device,
        device_kind=record.birth.backend.device_kind,
        pace=record.stream.pace,
        recording=f"{record.stream.dataset} {record.stream.recording}".strip(),
        valid=not because,
        invalid_because=because,
        frames=_frames(record),
        fps=_fps(record.reports),
        latency_ns=_latencies([record]),
        hub_bound_ns=_hub_bounds([record]),
        hub_unknown=record.hub_unknown,
        clock_steps=record.clock_steps,
        pacing=record.counters.pacing if record.counters else None,
        accuracy=_accuracy(record),
        digest={"detections": findings_digest(record.reports)},
        failures=_failures(record.reports),
        books=Books(balanced=not complaints, complaints=complaints),
        remarks=tuple(_remarks(record)),
    )


def _remarks(record: StreamRecord) -> Iterator[str]:
    if record.recording is None:
        return
    yield from remarks(record.recording)
    # Why nothing can be scored, if so, the accuracy tells itself.
    with contextlib.suppress(LabelsNotOffered, LabelsUnknownToModel):
        yield from evaluated(record.recording, record.birth.model.labels, record.stream.labels).matched


def findings_digest(reports: Sequence[FrameReport]) -> str:
    """sha256 over every frame's number, status and findings as the wire rounds them, in order."""
    whole = hashlib.sha256()
    for report in reports:
        whole.update(msgspec.json.encode((report.seq, report.status)))
        if report.findings is not None:
            whole.update(encode(report.findings))
    return whole.hexdigest()


def _joint_digest(streams: Sequence[StreamSummary]) -> str:
    parts = sorted(f"{one.node}/{one.stream} {one.digest['detections']}\n" for one in streams)
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _frames(record: StreamRecord) -> Frames:
    ok = sum(report.status == "ok" for report in record.reports)
    failed = len(record.reports) - ok
    if record.counters is None:
        return Frames(captured=ok + failed, ok=ok, failed=failed, dropped=0)
    counted = record.counters
    return Frames(captured=counted.captured, ok=ok, failed=failed, dropped=counted.dropped)


def _complaints(record: StreamRecord) -> Iterator[str]:
    """captured = ok + failed + dropped (+ pending), by the node's count; and its reports all here, each once."""
    counted = record.counters
    if counted is None:
        yield "the node never told its counters: what is missing is unknown"
        return
    if not record.final:
        yield f"the node ended without its last word; {counted.pending} frames were pending at the one before"
    fates = counted.ok + counted.failed + counted.dropped + counted.pending
    if counted.captured != fates:
        yield f"captured {counted.captured} frames, but ok, failed, dropped and pending make {fates}"
    published = counted.ok + counted.failed
    missing = published - len(record.reports)
    if missing > 0:
        gaps = _gaps(record.reports, published)
        yield f"{missing} of {published} reports are missing ({counted.evicted} evicted); n = {gaps}"
    elif missing < 0 and record.final:
        yield f"{len(record.reports)} reports are here, {-missing} more than the node counted"


def _gaps(reports: Sequence[FrameReport], published: int) -> str:
    """The missing publication numbers as ranges, the first few of them."""
    missing = sorted(set(range(published)) - {report.n for report in reports})
    ranges: list[list[int]] = []
    for n in missing:
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:8])
    return shown + (", ..." if len(ranges) > 8 else "")


def _invalid_because(record: StreamRecord) -> Iterator[str]:
    bound_ms = record.stream.pacing_bound_ms
    lateness = record.counters.pacing if record.counters else None
    if bound_ms is not None and lateness is not None and lateness.p99_ns > bound_ms * NS_PER_MS:
        yield (
            f"the camera was late: pacing error p99 {lateness.p99_ns / NS_PER_MS:.2f} ms exceeds {bound_ms:g} ms "
            f"(n={lateness.n})"
        )
    for why in unsound(record.recording) if record.recording else ():
        yield f"its recording is not sound: {why}"


def _latencies(records: Sequence[StreamRecord]) -> dict[str, Percentiles]:
    ok = [report for record in records for report in record.reports if report.status == "ok"]
    found = {"total": percentiles(report.total_ns for report in ok)}
    for stage in STAGES:
        if any(stage in report.stages for report in ok):
            found[stage] = percentiles(report.stages[stage] for report in ok if stage in report.stages)
    hub = [record.hub_latency_ns for record in records]
    if hub and all(latencies is not None for latencies in hub):
        found["hub"] = percentiles(latency for latencies in hub for latency in latencies or ())
    return found


def _hub_bounds(records: Sequence[StreamRecord]) -> Percentiles | None:
    values: list[int] = []
    bounds: list[int] = []
    for record in records:
        if record.hub_latency_ns is None or record.received_bound_ns is None:
            return None
        pairs = zip(record.reports, record.received_bound_ns, strict=True)
        values += record.hub_latency_ns
        bounds += [bound for report, bound in pairs if report.status == "ok"]
    return bounds_of(values, bounds)


def _fps(reports: Sequence[FrameReport]) -> float:
    if len(reports) < 2:
        return math.nan
    begin = min(report.stamp.mono_ns for report in reports)
    end = max(report.stamp.mono_ns + report.total_ns for report in reports)
    return len(reports) * NS_PER_S / (end - begin) if end > begin else math.nan


def _failures(reports: Sequence[FrameReport]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for report in reports:
        if report.status == "failed":
            counted[report.reason] = counted.get(report.reason, 0) + 1
    return counted


def _sum(parts: Sequence[Frames]) -> Frames:
    return Frames(
        captured=sum(part.captured for part in parts),
        ok=sum(part.ok for part in parts),
        failed=sum(part.failed for part in parts),
        dropped=sum(part.dropped for part in parts),
    )


def _accuracy(record: StreamRecord) -> AccuracySummary:
    if record.recording is None:
        return no_accuracy(record.truth_unknown or "no truth is known for this stream")
    return accuracy_summary(
        record.birth,
        record.stream,
        record.reports,
        record.recording,
        captured=record.counters.captured if record.counters else None,
        hub_latency_ns=record.hub_latency_ns,
        hub_unknown=record.hub_unknown,
    )
