"""A run, out of the ledger again: what a summary needs, and what is wrong beside the frames."""

from collections.abc import Iterator, Mapping, Sequence

from edge.wire.clocktrack import ClockTrack
from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import key_of
from fleet.config import TruthRoot
from fleet.ledger.reader import FrameRow, LastHeard, LedgerReader
from fleet.reporting.listing import utc
from fleet.reporting.receipts import clock_tracks, hub_latency, receipts
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from replay.recording import Recording
from replay.runs.stream_record import StreamRecord
from sensors.errors import GilmokError


class RunUnknown(GilmokError):
    def __init__(self, run: str, known: Sequence[str]) -> None:
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        super().__init__(f"no node ever told this hub of a run {run!r}", f"it knows: {shown or 'no run at all'}")


def records(ledger: LedgerReader, run: str, truth: Sequence[TruthRoot]) -> Iterator[StreamRecord]:
    """Every stream of every session of the run, oldest session first; nothing for a run that isn't known."""
    truths = TruthIndex(truth)
    for birth in ledger.births(run):
        key = key_of(birth)
        last = ledger.last_heard(key, birth.session)
        clocks = clock_tracks(ledger.healths(key, birth.session))
        for stream in birth.streams:
            rows = list(ledger.frames(key, birth.session, stream.name))
            yield _record(birth, stream, last, rows, clocks, truths)


def troubles(ledger: LedgerReader, run: str) -> list[str]:
    """A sentence for each session of the run that didn't say goodbye, and for what the hub refused, ever."""
    found: list[str] = []
    for birth in ledger.births(run):
        last = ledger.last_heard(key_of(birth), birth.session)
        if last.state == "lost":
            found.append(f"node {birth.node} (session {birth.session}) was lost at {utc(last.state_utc_ns)}")
        elif last.state != "offline":
            found.append(f"node {birth.node} (session {birth.session}) has not ended")
    found += [f"the hub refused {count} messages ({reason})" for reason, count in ledger.refusals().items()]
    return found


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
    truths: TruthIndex,
) -> StreamRecord:
    recording, unknown = _truth(stream, truths)
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
        recording=recording,
        truth_unknown=unknown,
    )


def _truth(stream: StreamBirth, truths: TruthIndex) -> tuple[Recording | None, str]:
    try:
        return truths.recording(stream), ""
    except TruthUnknown as error:
        return None, error.sentence
