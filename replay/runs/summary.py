"""A run's figures: frames, latency by stage, accuracy, the digest of all findings, and whether the books balance.

The hub and an offline run call the same functions on the same reports, so their numbers agree to the last digit.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from edge.wire.messages import STAGES, Pacing
from replay.metrics.oneway import bounds_of
from replay.metrics.percentiles import QUANTILES, Percentiles, least_n, percentiles
from replay.recording import Recording, remarks, unsound
from replay.runs.books import Books, Frames, added_up, books_of, failures, fps_of, frames_of, missing, unreported
from replay.runs.digests import findings_digest, joint_digest
from replay.runs.same_frames.figures import OnSameFrames
from replay.runs.stream_record import StreamRecord, live_only
from replay.scoring.classes import ClassesContradict, LabelsNotOffered, LabelsUnknownToModel, evaluated
from replay.scoring.summary import AccuracySummary, accuracy_summary, no_accuracy
from sensors.clock import NS_PER_MS
from sensors.record import Record

INTERRUPTED = "it was cut short: it holds what was done until then"


class SessionOf(Record, frozen=True, kw_only=True):
    count: int
    id: str


class Restart(Record, frozen=True, kw_only=True):
    """A part of the run that died and was started again."""

    part: str
    why: str
    """In its own words, as far as it had some."""
    utc_ns: int
    """When it was found dead."""
    away_s: float | None
    """From then until it was ready again; None: it never was."""


def _check_latencies(latency_ns: Mapping[str, Percentiles]) -> None:
    """Of a summary that somebody changed: whoever reads one counts on it."""
    if "total" not in latency_ns:
        raise ValueError("its latencies lack `total`")


class StreamSummary(Record, frozen=True, kw_only=True):
    node: str
    stream: str
    session: int
    """Its count; with `session_id` (empty offline, and in runs of the first versions) it names the session."""
    session_id: str = ""
    continued_by: tuple[SessionOf, ...] = ()
    """The sessions that went on from it, where its node died and was started again."""
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
    """Of ok frames `total`, each stage, `publish` (result to publication, beyond the total) and `hub` (capture to
    receipt). `failed`: capture to giving up, where any failed: no tail of the others knows of them."""
    hub_bound_ns: Percentiles | None = None
    """How far each percentile of `hub` may be from the truth, systematically: 0 on one clock. None without `hub`."""
    hub_unknown: str = ""
    """Why there is no `hub`; empty also where there was no hub."""
    clock_steps: int = 0
    """How often the node's clock or the hub's was set, or stood still, against the other."""
    late: int = 0
    """Reports that came out of a backlog; no latency to the hub is told of them."""
    missing: int = 0
    """Reports that the node made and that are not here: every figure is of the others."""
    unreported: tuple[int, ...] = ()
    """Frames that may have had one of them: they are not scored."""
    pacing: Pacing | None
    accuracy: AccuracySummary
    digest: dict[str, str]
    failures: dict[str, int]
    """Reason -> how many frames failed for it."""
    books: Books
    remarks: tuple[str, ...] = ()
    """What of the recording was read leniently, or is worth knowing."""

    def __post_init__(self) -> None:
        _check_latencies(self.latency_ns)


class Summary(Record, frozen=True, kw_only=True):
    """Of a whole run. With one stream, the top level repeats its figures; with several, frames and latencies pool."""

    run: str
    valid: bool
    invalid_because: tuple[str, ...]
    interrupted: bool = False
    """Whether a signal cut it short: then it isn't valid, and INTERRUPTED is the first reason."""
    restarts: tuple[Restart, ...] = ()
    """Each makes the run invalid: its figures hold an outage that was no part of the load."""
    frames: Frames
    latency_ns: dict[str, Percentiles]
    hub_bound_ns: Percentiles | None = None
    accuracy: AccuracySummary
    digest: dict[str, str]
    books: Books
    streams: tuple[StreamSummary, ...]
    same_frames: tuple[OnSameFrames, ...] = ()
    """Candidates that ran beside the active models, held against these; no part of any other figure."""
    troubles: tuple[str, ...] = ()
    """What went wrong beside the frames: a node that died, a message that was refused."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and no trouble: who else spoke on the broker, a wall clock that can't be right."""

    def __post_init__(self) -> None:
        _check_latencies(self.latency_ns)


def summarise(
    run: str,
    records: Sequence[StreamRecord],
    troubles: Sequence[str] = (),
    *,
    interrupted: bool = False,
    restarts: Sequence[Restart] = (),
    notes: Sequence[str] = (),
    same_frames: Sequence[OnSameFrames] = (),
) -> Summary:
    """Every figure of the run; `records` in the order in which they shall be shown.

    `interrupted`: a signal ended it before its own end.
    """
    streams = tuple(_stream(record) for record in records)
    because = _because(streams, interrupted, restarts)
    complaints = tuple(f"{one.node}/{one.stream}: {what}" for one in streams for what in one.books.complaints)
    return Summary(
        run=run,
        valid=not because and not troubles,
        invalid_because=because,
        interrupted=interrupted,
        restarts=tuple(restarts),
        frames=added_up([one.frames for one in streams]),
        latency_ns=_latencies(records),
        hub_bound_ns=_hub_bounds(records),
        accuracy=_joint_accuracy(streams),
        digest=streams[0].digest if len(streams) == 1 else {"detections": _joint_digest(streams)},
        books=Books(balanced=not complaints, complaints=complaints),
        streams=streams,
        same_frames=tuple(same_frames),
        troubles=tuple(troubles),
        notes=tuple(notes),
    )


def restart_line(restart: Restart) -> str:
    back = "and never came back" if restart.away_s is None else f"ready after {restart.away_s:.1f} s"
    return f"{restart.why}; it was started again, {back}"


def with_streams(summary: Summary, streams: Sequence[StreamSummary]) -> Summary:
    """The same run, where more has become known of its streams."""
    because = _because(streams, summary.interrupted, summary.restarts)
    return msgspec.structs.replace(
        summary,
        streams=tuple(streams),
        accuracy=_joint_accuracy(streams),
        invalid_because=because,
        valid=not because and not summary.troubles,
    )


def _because(streams: Sequence[StreamSummary], interrupted: bool, restarts: Sequence[Restart]) -> tuple[str, ...]:
    because = tuple(f"{one.node}/{one.stream}: {why}" for one in streams for why in one.invalid_because)
    because = (*map(restart_line, restarts), *because)
    return (INTERRUPTED, *because) if interrupted else because


def _joint_accuracy(streams: Sequence[StreamSummary]) -> AccuracySummary:
    return streams[0].accuracy if len(streams) == 1 else no_accuracy("several streams: see each one's own")


def _joint_digest(streams: Sequence[StreamSummary]) -> str:
    return joint_digest((f"{one.node}/{one.stream}", one.digest["detections"]) for one in streams)


def _stream(record: StreamRecord) -> StreamSummary:
    because = tuple(_invalid_because(record))
    return StreamSummary(
        node=record.birth.node,
        stream=record.stream.name,
        session=record.birth.session,
        session_id=record.birth.session_id,
        continued_by=tuple(SessionOf(count=part.birth.session, id=part.birth.session_id) for part in record.parts[1:]),
        model=record.birth.model.name,
        backend=record.birth.backend.name,
        device=record.birth.backend.device,
        device_kind=record.birth.backend.device_kind,
        pace=record.stream.pace,
        recording=f"{record.stream.dataset} {record.stream.recording}".strip(),
        valid=not because,
        invalid_because=because,
        frames=frames_of(record),
        fps=fps_of(record.reports),
        latency_ns=_latencies([record]),
        hub_bound_ns=_hub_bounds([record]),
        hub_unknown=record.hub_unknown,
        clock_steps=record.clock_steps,
        late=sum(record.late),
        missing=missing(record),
        unreported=unreported(record),
        pacing=record.counters.pacing if record.counters else None,
        accuracy=_accuracy(record),
        digest={"detections": findings_digest(record.reports)},
        failures=failures(record.reports),
        books=books_of(record),
        remarks=tuple(_remarks(record)),
    )


def _remarks(record: StreamRecord) -> Iterator[str]:
    if record.recording is None:
        return
    yield from remarks(record.recording)
    # Why nothing can be scored, if so, the accuracy tells itself.
    with contextlib.suppress(LabelsNotOffered, LabelsUnknownToModel, ClassesContradict):
        stream = record.stream
        yield from evaluated(record.recording, record.birth.model.labels, stream.labels, stream.classes).matched


def _invalid_because(record: StreamRecord) -> Iterator[str]:
    bound_ms = record.stream.pacing_bound_ms
    lateness = record.counters.pacing if record.counters else None
    mark, late_ns = decisive_lateness(lateness) if lateness is not None else ("", 0)
    if bound_ms is not None and late_ns > bound_ms * NS_PER_MS:
        assert lateness is not None
        yield (
            f"the camera was late: pacing error {mark} {late_ns / NS_PER_MS:.2f} ms exceeds {bound_ms:g} ms "
            f"(n={lateness.n})"
        )
    yield from not_sound(record.recording) if record.recording else ()


def not_sound(recording: Recording) -> Iterator[str]:
    """What makes a run over it invalid, if it was scored all the same."""
    yield from (f"its recording is not sound: {why}" for why in unsound(recording))


def decisive_lateness(lateness: Pacing) -> tuple[str, int]:
    """What a paced run's validity goes by, and its name: the p99 where there are enough for one, else the max."""
    if lateness.n >= least_n(QUANTILES["p99"]):
        return "p99", lateness.p99_ns
    return "max", lateness.max_ns


def _latencies(records: Sequence[StreamRecord]) -> dict[str, Percentiles]:
    ok = [report for record in records for report in record.reports if report.status == "ok"]
    found = {"total": percentiles(report.total_ns for report in ok)}
    for stage in STAGES:
        if any(stage in report.stages for report in ok):
            found[stage] = percentiles(report.stages[stage] for report in ok if stage in report.stages)
    found["publish"] = percentiles(max(one.published.mono_ns - one.stamp.mono_ns - one.total_ns, 0) for one in ok)
    failed = [one.total_ns for record in records for one in record.reports if one.status == "failed"]
    if failed:
        found["failed"] = percentiles(failed)
    if records and all(record.hub_latency_ns is not None for record in records):
        found["hub"] = percentiles(value for one in records for value in live_only(one, one.hub_latency_ns or ()))
    return found


def _hub_bounds(records: Sequence[StreamRecord]) -> Percentiles | None:
    values: list[int] = []
    bounds: list[int] = []
    for record in records:
        if record.hub_latency_ns is None or record.received_bound_ns is None:
            return None
        pairs = zip(record.reports, record.received_bound_ns, strict=True)
        values += live_only(record, record.hub_latency_ns)
        bounds += live_only(record, [bound for report, bound in pairs if report.status == "ok"])
    return bounds_of(values, bounds)


def _accuracy(record: StreamRecord) -> AccuracySummary:
    if record.recording is None:
        return no_accuracy(record.truth_unknown or "no truth is known for this stream")
    return accuracy_summary(
        record.birth,
        record.stream,
        record.reports,
        record.recording,
        captured=frames_of(record).captured if record.counters else None,
        hub_latency_ns=record.hub_latency_ns,
        hub_unknown=record.hub_unknown,
        unreported=unreported(record),
    )
