"""A run, out of the ledger again: what a summary needs, and what is wrong beside the frames."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from edge.wire.clock.track import ClockTrack
from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import NOBODY, NodeKey, key_of
from fleet.ledger.reader import FrameRow, GapRow, LastHeard, LedgerReader
from fleet.reporting.listing import utc
from fleet.reporting.receipts import clock_tracks, hub_latency, receipts
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from replay.recording import Recording
from replay.runs.stream_record import StreamRecord
from sensors.clock import NS_PER_S
from sensors.errors import GilmokError

SHOWN_GAPS = 8


class RunUnknown(GilmokError):
    def __init__(self, run: str, known: Sequence[str]) -> None:
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        super().__init__(f"no node ever told this hub of a run {run!r}", f"it knows: {shown or 'no run at all'}")


def records(ledger: LedgerReader, births: Iterable[Birth]) -> Iterator[StreamRecord]:
    """Every stream of the sessions with these births, in their order; their truth: `with_truth`."""
    for birth in births:
        key = key_of(birth)
        last = ledger.last_heard(key)
        clocks = clock_tracks(ledger.healths(key))
        for stream in birth.streams:
            rows = list(ledger.frames(key, stream.name))
            yield _record(birth, stream, last, rows, clocks)


def with_truth(found: Iterable[StreamRecord], truths: TruthIndex) -> list[StreamRecord]:
    """Each with its recording, or with the reason why there is none."""
    with_reason = [(record, *_truth(record.stream, truths)) for record in found]
    return [replace(record, recording=recording, truth_unknown=unknown) for record, recording, unknown in with_reason]


def troubles(ledger: LedgerReader, births: Sequence[Birth]) -> list[str]:
    """What went wrong beside the frames, a sentence each: sessions without a goodbye, messages that were refused."""
    found: list[str] = []
    continued = {birth.resumes for birth in births if birth.resumes}
    for birth in births:
        # That it died is told with its restart.
        if birth.session_id in continued:
            continue
        last = ledger.last_heard(key_of(birth))
        if last.state == "lost":
            found.append(f"node {birth.node} (session {birth.session}) was lost at {utc(last.state_utc_ns)}")
        elif last.state != "offline":
            found.append(f"node {birth.node} (session {birth.session}) has not ended")
        if last.health is not None and last.health.shadow is not None and last.health.shadow.phase == "failed":
            found.append(f"the shadow of node {birth.node} could not run: {last.health.shadow.why}")
    missing = {key_of(birth).of_node for birth in births if not _complete(ledger, birth)}
    return [*found, *(f"the hub refused messages on the topics of {what}" for what in _refusals(ledger, missing))]


def notes(ledger: LedgerReader, births: Sequence[Birth]) -> list[str]:
    """What is worth knowing and no trouble, a sentence each: what strangers said that was refused, clocks that can't be
    right, rows that can't be read.

    Ask when the run has been read: rows are found unreadable by reading them.
    """
    complete = {key_of(birth).of_node for birth in births if _complete(ledger, birth)}
    found = [
        f"the hub refused messages on the topics of {what}; no report of this run is missing for it"
        for what in _refusals(ledger, complete)
    ]
    for birth in births:
        found += _gaps(birth.node, ledger.gaps(key_of(birth)))
        frames = ledger.count_unlabelled(key_of(birth))
        if frames:
            found.append(
                f"clock: unknown. The wall clock of node {birth.node} can't be right; "
                f"{frames} frames are labelled with the instants at which the hub received them"
            )
    strange = ", ".join(f"{count} ({reason})" for reason, count in ledger.refusals(NOBODY).items())
    if strange:
        found.append(f"the hub refused messages of nodes that it doesn't know: {strange}")
    for kind, count in ledger.unreadable.items():
        found.append(f"{count} of the ledger's rows are no {kind} to this gilmok, and left out")
    return found


def _gaps(node: str, gaps: Sequence[GapRow]) -> Iterator[str]:
    for gap in gaps[:SHOWN_GAPS]:
        since = f"{node}/{gap.stream}: reports {gap.first} to {gap.last} had not come by {utc(gap.opened_utc_ns)}"
        if gap.closed_utc_ns is None:
            yield f"{since}, and some of them never did"
        elif (later_ns := gap.closed_utc_ns - gap.opened_utc_ns) < 0:
            yield f"{since}; all of them came later, after the hub's clock had been set back"
        else:
            yield f"{since}; the last of them came {later_ns / NS_PER_S:.1f} s later"
    if len(gaps) > SHOWN_GAPS:
        yield f"{node}: {len(gaps) - SHOWN_GAPS} more such gaps"


def _complete(ledger: LedgerReader, birth: Birth) -> bool:
    """Whether every report that the session says it made is here."""
    health = ledger.last_heard(key_of(birth)).health
    if health is None or not health.final:
        return False
    said = sum(counted.ok + counted.failed for counted in health.streams.values())
    return ledger.count(key_of(birth)) == said


def _refusals(ledger: LedgerReader, nodes: Iterable[NodeKey]) -> Iterator[str]:
    """node pole: 3 (json), 2 (session)"""
    for key in sorted(nodes, key=lambda key: (key.site, key.node)):
        refused = ", ".join(f"{count} ({reason})" for reason, count in ledger.refusals(key).items())
        if refused:
            yield f"node {key.node}: {refused}"


def known_run(ledger: LedgerReader, run: str) -> str:
    """`run`, if it is one; raises RunUnknown."""
    known = [row.run for row in ledger.runs()]
    if run not in known:
        raise RunUnknown(run, known)
    return run


def _record(
    birth: Birth,
    stream: StreamBirth,
    last: LastHeard,
    rows: Sequence[FrameRow],
    clocks: Mapping[str, ClockTrack],
) -> StreamRecord:
    came = receipts(rows, clocks)
    to_hub = hub_latency(rows, came)
    return StreamRecord(
        birth=birth,
        stream=stream,
        reports=[row.report for row in rows],
        counters=last.health.streams.get(stream.name) if last.health else None,
        final=last.health is not None and last.health.final,
        hub_latency_ns=to_hub.latency_ns,
        hub_unknown=to_hub.unknown,
        received_ns=None if came.instants is None else [at.edge_ns for at in came.instants],
        received_bound_ns=None if came.instants is None else [at.bound_ns for at in came.instants],
        clock_steps=came.steps,
        late=[row.late for row in rows],
        recording=None,
    )


def _truth(stream: StreamBirth, truths: TruthIndex) -> tuple[Recording | None, str]:
    try:
        return truths.recording(stream), ""
    except TruthUnknown as error:
        return None, error.sentence
