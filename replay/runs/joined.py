"""Sessions of a node that died and was started again, as the one run that they are.

A session that goes on from another one (`Birth.resumes`) takes up the recording where it would be by then. What was
due meanwhile is counted as `down`: due, and nobody there. It is missed, as a dropped frame is: the street was there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from edge.wire.messages import FrameReport, StreamCounters
from replay.runs.stream_record import StreamRecord


def joined(records: Iterable[StreamRecord]) -> list[StreamRecord]:
    """One record a stream that was gone on with, in the place of its first session's; the others as they are."""
    roots: dict[str, tuple[int, str]] = {}
    lives: dict[tuple[str, tuple[int, str], str], list[StreamRecord]] = {}
    for record in records:
        birth = record.birth
        root = roots.get(birth.resumes) if birth.resumes else None
        root = root or (birth.session, birth.session_id)
        roots[birth.session_id] = root
        lives.setdefault((birth.node, root, record.stream.name), []).append(record)
    return [parts[0] if len(parts) == 1 else _one(parts) for parts in lives.values()]


def _one(parts: Sequence[StreamRecord]) -> StreamRecord:
    kept = _first_of_each_frame(parts)
    counters, down = _counted(parts, kept)
    parallel = all(part.received_ns is not None and part.received_bound_ns is not None for part in parts)
    timed = all(part.hub_latency_ns is not None for part in parts)
    return replace(
        parts[0],
        reports=_reports(parts, kept),
        counters=counters,
        final=parts[-1].final,
        hub_latency_ns=_of_ok([part.hub_latency_ns or () for part in parts], parts, kept) if timed else None,
        hub_unknown=next((part.hub_unknown for part in parts if part.hub_unknown), ""),
        received_ns=_picked([part.received_ns or () for part in parts], kept) if parallel else None,
        received_bound_ns=_picked([part.received_bound_ns or () for part in parts], kept) if parallel else None,
        late=[bool(flag) for flag in _picked([part.late or [False] * len(part.reports) for part in parts], kept)],
        clock_steps=sum(part.clock_steps for part in parts),
        parts=tuple(parts),
        down=down,
    )


def _first_of_each_frame(parts: Sequence[StreamRecord]) -> list[list[int]]:
    """Which reports of each part stand: a frame that was done again, as it is in lockstep, counts once."""
    seen: set[int] = set()
    kept: list[list[int]] = []
    for part in parts:
        kept.append([row for row, report in enumerate(part.reports) if report.seq not in seen])
        seen.update(report.seq for report in part.reports)
    return kept


def _counted(parts: Sequence[StreamRecord], kept: Sequence[Sequence[int]]) -> tuple[StreamCounters | None, int]:
    """The counters of the whole, and how many frames were down.

    A session that died may have captured or dropped some that it had no time to tell: those are down with it.
    """
    counted = [part.counters for part in parts if part.counters is not None]
    if not counted:
        return None, 0
    captured = max(one.skipped + one.captured for one in counted)
    ok = failed = dropped = 0
    for part, rows in zip(parts, kept, strict=True):
        told = part.counters or StreamCounters()
        here = sum(part.reports[row].status == "ok" for row in rows)
        missing = max(told.ok + told.failed - len(part.reports), 0)
        ok, failed = ok + here + missing, failed + len(rows) - here
        dropped += told.dropped
    pending = 0 if parts[-1].counters is None else parts[-1].counters.pending
    down = captured - ok - failed - dropped - pending
    whole = msgspec.structs.replace(
        counted[-1],
        captured=captured if down >= 0 else captured - down,
        ok=ok,
        failed=failed,
        dropped=dropped,
        pending=pending,
        evicted=sum(one.evicted for one in counted),
        skipped=0,
    )
    return whole, max(down, 0)


def _reports(parts: Sequence[StreamRecord], kept: Sequence[Sequence[int]]) -> list[FrameReport]:
    """In order; the track ids of a later session follow those of the ones before: they are other tracks."""
    found: list[FrameReport] = []
    free = 0
    for part, rows in zip(parts, kept, strict=True):
        moved = [_with_tracks_from(free, part.reports[row]) for row in rows]
        highest = (max(one.findings.tracks, default=-1) for one in moved if one.findings and one.findings.tracks)
        free = max(free, max(highest, default=-1) + 1)
        found += moved
    return found


def _with_tracks_from(free: int, report: FrameReport) -> FrameReport:
    if not free or report.findings is None or report.findings.tracks is None:
        return report
    tracks = tuple(track if track < 0 else track + free for track in report.findings.tracks)
    return msgspec.structs.replace(report, findings=msgspec.structs.replace(report.findings, tracks=tracks))


def _picked(values: Sequence[Sequence[int]], kept: Sequence[Sequence[int]]) -> list[int]:
    return [one[row] for one, rows in zip(values, kept, strict=True) for row in rows]


def _of_ok(values: Sequence[Sequence[int]], parts: Sequence[StreamRecord], kept: Sequence[Sequence[int]]) -> list[int]:
    """`values` are of ok reports alone."""
    found: list[int] = []
    for one, part, rows in zip(values, parts, kept, strict=True):
        ok = [row for row, report in enumerate(part.reports) if report.status == "ok"]
        standing = set(rows)
        found += [value for row, value in zip(ok, one, strict=True) if row in standing]
    return found
