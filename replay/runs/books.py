"""The books of a stream: what became of every captured frame, and whether that adds up."""

from collections.abc import Iterator, Sequence

from edge.wire.messages import FrameReport
from replay.runs.stream_record import StreamRecord
from sensors.record import Record

SHOWN_GAPS = 8


class Frames(Record, frozen=True, kw_only=True):
    captured: int
    ok: int
    failed: int
    dropped: int


class Books(Record, frozen=True, kw_only=True):
    balanced: bool
    complaints: tuple[str, ...]
    """A sentence for each place where they don't balance."""


def frames_of(record: StreamRecord) -> Frames:
    """Ok and failed by the reports that are here; captured and dropped by the node's count, if there is one."""
    ok = sum(report.status == "ok" for report in record.reports)
    failed = len(record.reports) - ok
    if record.counters is None:
        return Frames(captured=ok + failed, ok=ok, failed=failed, dropped=0)
    counted = record.counters
    return Frames(captured=counted.captured, ok=ok, failed=failed, dropped=counted.dropped)


def added_up(parts: Sequence[Frames]) -> Frames:
    return Frames(
        captured=sum(part.captured for part in parts),
        ok=sum(part.ok for part in parts),
        failed=sum(part.failed for part in parts),
        dropped=sum(part.dropped for part in parts),
    )


def failures(reports: Sequence[FrameReport]) -> dict[str, int]:
    """Reason -> how many frames failed for it."""
    counted: dict[str, int] = {}
    for report in reports:
        if report.status == "failed":
            counted[report.reason] = counted.get(report.reason, 0) + 1
    return counted


def books_of(record: StreamRecord) -> Books:
    complaints = tuple(_complaints(record))
    return Books(balanced=not complaints, complaints=complaints)


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
    """The missing publication numbers as ranges, the first few of them; takes no longer for a count that is absurd."""
    gaps: list[tuple[int, int]] = []
    awaited = 0
    for n in [*sorted(report.n for report in reports if report.n < published), published]:
        if n > awaited:
            gaps.append((awaited, n - 1))
        awaited = max(awaited, n + 1)
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in gaps[:SHOWN_GAPS])
    return shown + (", ..." if len(gaps) > SHOWN_GAPS else "")
