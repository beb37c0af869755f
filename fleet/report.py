"""A run, out of the ledger again: what a summary needs, and what is wrong beside the frames."""

from collections.abc import Iterator, Mapping, Sequence

from edge.wire.clocktrack import ClockTrack
from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import key_of
from fleet.config import TruthRoot
from fleet.ledger.ledger import FrameRow, LastWord, Ledger
from fleet.listing import utc
from fleet.receipts import receipts, tracks, way_to_hub
from fleet.truth_index import AccuracyBook, TruthUnknown
from replay.recording import Recording
from replay.runs.summary import StreamRecord
from sensors.errors import GilmokError


class RunUnknown(GilmokError):
    def __init__(self, run: str, known: Sequence[str]) -> None:
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        super().__init__(f"no node ever told this hub of a run {run!r}", f"it knows: {shown or 'no run at all'}")


def records(ledger: Ledger, run: str, truth: Sequence[TruthRoot]) -> Iterator[StreamRecord]:
    """Every stream of every session of the run, oldest session first; nothing for a run that isn't known."""
    book = AccuracyBook(truth)
    for birth in ledger.births(run):
        key = key_of(birth)
        word = ledger.last_word(key, birth.session)
        clocks = tracks(ledger.healths(key, birth.session))
        for stream in birth.streams:
            rows = list(ledger.frames(key, birth.session, stream.name))
            yield _record(birth, stream, word, rows, clocks, book)


def troubles(ledger: Ledger, run: str) -> list[str]:
    """A sentence for each session of the run that didn't say goodbye, and for what the hub refused, ever."""
    found: list[str] = []
    for birth in ledger.births(run):
        word = ledger.last_word(key_of(birth), birth.session)
        if word.state == "lost":
            found.append(f"node {birth.node} (session {birth.session}) was lost at {utc(word.state_utc_ns)}")
        elif word.state != "offline":
            found.append(f"node {birth.node} (session {birth.session}) has not ended")
    found += [f"the hub refused {count} messages ({reason})" for reason, count in ledger.refusals().items()]
    return found


def known_run(ledger: Ledger, run: str) -> str:
    """`run`, if it is one; raises RunUnknown."""
    known = [row.run for row in ledger.runs()]
    if run not in known:
        raise RunUnknown(run, known)
    return run


def _record(
    birth: Birth,
    stream: StreamBirth,
    word: LastWord,
    rows: Sequence[FrameRow],
    clocks: Mapping[str, ClockTrack],
    book: AccuracyBook,
) -> StreamRecord:
    recording, unknown = _truth(stream, book)
    came = receipts(rows, clocks)
    way = way_to_hub(rows, came)
    return StreamRecord(
        birth=birth,
        stream=stream,
        reports=[row.report for row in rows],
        counters=word.health.streams.get(stream.name) if word.health else None,
        final=word.health is not None and word.health.final,
        hub_latency_ns=way.latency_ns,
        hub_unknown=way.unknown,
        received_ns=None if came.instants is None else [at.edge_ns for at in came.instants],
        received_bound_ns=None if came.instants is None else [at.bound_ns for at in came.instants],
        clock_steps=came.steps,
        recording=recording,
        truth_unknown=unknown,
    )


def _truth(stream: StreamBirth, book: AccuracyBook) -> tuple[Recording | None, str]:
    try:
        return book.recording(stream), ""
    except TruthUnknown as error:
        return None, error.sentence
