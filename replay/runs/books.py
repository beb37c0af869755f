"""The books of a stream: what became of every captured frame, and whether that adds up."""

import math
from collections.abc import Iterator, Sequence

from edge.wire.messages import FrameReport, StreamCounters
from replay.runs.stream_record import StreamRecord
from sensors.clock import NS_PER_S
from sensors.record import Record

SHOWN_GAPS = 8


class Frames(Record, frozen=True, kw_only=True):
    captured: int
    ok: int
    failed: int
    dropped: int
    down: int = 0
    """Due while the node was dead, before it was started again; captured holds them, too."""


class Books(Record, frozen=True, kw_only=True):
    balanced: bool
    complaints: tuple[str, ...]
    """A sentence for each place where they don't balance."""


def frames_of(record: StreamRecord) -> Frames:
    """Ok and failed by the reports that are here; captured and dropped by the node's count, if there is one.

    A node that had no last word told its count before its last frames: those that were reported were captured, too.
    """
    ok = sum(report.status == "ok" for report in record.reports)
    failed = len(record.reports) - ok
    if record.counters is None:
        return Frames(captured=ok + failed, ok=ok, failed=failed, dropped=0)
    counted = record.counters
    made = ok + failed if record.parts else _published(record)
    captured = max(counted.captured, made + counted.dropped)
    return Frames(captured=captured, ok=ok, failed=failed, dropped=counted.dropped, down=record.down)


def fps_of(reports: Sequence[FrameReport]) -> float:
    """Reports per second, from the first frame's stamp to the last report's end."""
    if len(reports) < 2:
        return math.nan
    begin = min(report.stamp.mono_ns for report in reports)
    end = max(report.stamp.mono_ns + report.total_ns for report in reports)
    return len(reports) * NS_PER_S / (end - begin) if end > begin else math.nan


def added_up(parts: Sequence[Frames]) -> Frames:
    return Frames(
        captured=sum(part.captured for part in parts),
        ok=sum(part.ok for part in parts),
        failed=sum(part.failed for part in parts),
        dropped=sum(part.dropped for part in parts),
        down=sum(part.down for part in parts),
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
    if record.parts:
        yield from _joined_complaints(record)
        return
    counted = record.counters
    if counted is None:
        yield "the node never told its counters: what is missing is unknown"
        return
    if not record.final:
        yield f"the node ended without its last word; {counted.pending} frames were pending at the one before"
    fates = counted.ok + counted.failed + counted.dropped + counted.pending
    if counted.captured != fates:
        yield f"captured {counted.captured} frames, but ok, failed, dropped and pending make {fates}"
    yield from _missing(record, counted)


def _missing(record: StreamRecord, counted: StreamCounters) -> Iterator[str]:
    published = _published(record)
    missing = published - len(record.reports)
    surplus = len(record.reports) - counted.ok - counted.failed
    if missing > 0:
        gaps = _gaps(record.reports, published)
        kept = f", {counted.spooled} still with the node" if counted.spooled else ""
        yield f"{missing} of {published} reports are missing ({counted.evicted} evicted{kept}); n = {gaps}"
    elif surplus > 0 and record.final:
        yield f"{len(record.reports)} reports are here, {surplus} more than the node counted"


def _joined_complaints(record: StreamRecord) -> Iterator[str]:
    """captured = ok + failed + dropped + down (+ pending) over all sessions; what one said, it still has to keep."""
    for part in record.parts[:-1]:
        # That it ended without a word is known: what it didn't tell of is down.
        said = _missing(part, part.counters) if part.counters is not None else ()
        yield from (f"session {part.birth.session}: {what}" for what in said)
    last = record.parts[-1]
    yield from (f"session {last.birth.session}: {what}" for what in _complaints(last))
    if (counted := record.counters) is not None:
        fates = counted.ok + counted.failed + counted.dropped + counted.pending + record.down
        if counted.captured != fates:
            yield f"{counted.captured} frames were due, but ok, failed, dropped, down and pending make {fates}"


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


def missing(record: StreamRecord) -> int:
    """How many reports the node says it made that are not here."""
    return sum(max(_published(part) - len(part.reports), 0) for part in record.parts or [record])


def unreported(record: StreamRecord) -> tuple[int, ...]:
    """The recording's own numbers of the frames that may have had one of the missing reports, ascending.

    A dropped frame is known to have no answer, and misses what was there; what became of these nobody knows, so they
    count neither for nor against anything. Which frame a missing report was of, its neighbours in `n` bound: of the
    frames between theirs without a report each may have been dropped as well, and so all of them are unknown.
    """
    if record.recording is None:
        return ()
    here = {report.seq for report in record.reports}
    numbers = record.recording.numbers
    found = {frame for part in record.parts or [record] for frame in _unreported_of(part, numbers)}
    return tuple(sorted(found - here))


def _unreported_of(part: StreamRecord, numbers: Sequence[int]) -> Iterator[int]:
    counted = part.counters
    places = {number: place for place, number in enumerate(numbers)}
    begin = 0 if counted is None else counted.skipped
    awaited = 0
    for report in sorted(part.reports, key=lambda report: report.n):
        if report.seq not in places:
            continue
        if report.n > awaited:
            yield from numbers[begin : places[report.seq]]
        awaited, begin = report.n + 1, places[report.seq] + 1
    if counted is not None and _published(part) > awaited:
        yield from numbers[begin : counted.skipped + counted.captured]


def _published(part: StreamRecord) -> int:
    """By its counters, and by the numbers of its reports: those made after its last word are numbered, too."""
    told = 0 if part.counters is None else part.counters.ok + part.counters.failed
    return max([told, *(report.n + 1 for report in part.reports)])
