"""What a ledger promises, in a file and in a database alike."""

from pathlib import Path

import msgspec
import pytest

from edge.wire.messages import encode
from edge.wire.spans import Spans
from fleet.arrivals import KEPT_BYTES, Arrival, ConnArrived, HealthArrived, Refused, ReportArrived
from fleet.ledger import ledger as ledgers
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.reader import FrameRow, LastHeard, LedgerReader, RunRow
from fleet.ledger.store import Where
from sensors.clock import Stamp
from tests.fakes import EPOCH_NS
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, refused_for, report_of
from tests.speaker import Speaker


@pytest.fixture(params=["file", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """Where a ledger may be made."""
    if request.param == "file":
        return tmp_path / "hub.db"
    database: Where = request.getfixturevalue("database")
    return database


def test_a_report_is_booked_once_however_often_it_comes(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        batch: list[Arrival] = [birth_of(speaker), *(report_of(speaker, n) for n in (0, 1, 1, 3))]
        assert ledger.commit(batch) == Booked(frames=3, repeats=1, refused=0)
        assert ledger.commit(batch) == Booked(frames=0, repeats=4, refused=0)
        assert ledger.count(KEY, "camera") == 3
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [0, 1, 3]
        assert list(ledger.births(speaker.birth.run)) == [speaker.birth]


def test_the_key_is_site_node_session_stream_and_n(store: Where) -> None:
    speakers = [
        Speaker(CLOCK),
        Speaker(CLOCK, site="busan"),
        Speaker(CLOCK, node="car"),
        Speaker(CLOCK, session=2),
    ]
    with Ledger(store) as ledger:
        assert ledger.commit([report_of(speaker, 0) for speaker in speakers]).frames == 4


def test_what_is_booked_comes_out_as_it_went_in(store: Where) -> None:
    speaker = Speaker(CLOCK)
    known, unknown = report_of(speaker, 0, latency_ns=41), report_of(speaker, 1)
    with Ledger(store) as ledger:
        ledger.commit([known, unknown])
    with LedgerReader(store) as reader:
        assert list(reader.frames(KEY, "camera")) == [
            FrameRow(known.report, known.received, 41),
            FrameRow(unknown.report, unknown.received, None),
        ]


def test_the_last_word_is_the_newest_by_the_nodes_own_clock(store: Where) -> None:
    speaker = Speaker(CLOCK)
    early, late = speaker.health(1), speaker.health(2, final=True)
    with Ledger(store) as ledger:
        assert ledger.last_heard(KEY) == LastHeard(None, 0, None, 0)
        ledger.commit([HealthArrived(KEY, one, encode(one), Stamp(0, n)) for n, one in enumerate((late, early))])
        ledger.commit([ConnArrived(KEY, "online", Stamp(0, 5)), ConnArrived(KEY, "lost", Stamp(0, 6))])
        assert ledger.last_heard(KEY) == LastHeard("lost", 6, late, 0)


def test_runs_are_listed_the_newest_first(store: Where) -> None:
    first, second = Speaker(CLOCK, run="monday"), Speaker(CLOCK, node="car", run="tuesday")
    third = Speaker(CLOCK, node="van", run="tuesday")
    with Ledger(store) as ledger:
        assert ledger.runs() == []
        ledger.commit([birth_of(one) for one in (third, second, first)])
        ledger.commit([report_of(first, 0), report_of(second, 0), report_of(second, 1)])
        assert ledger.runs() == [
            RunRow("tuesday", 2, 2, second.birth.stamp.utc_ns),
            RunRow("monday", 1, 1, first.birth.stamp.utc_ns),
        ]
        assert list(ledger.births("monday")) == [first.birth]
        assert list(ledger.births("sunday")) == []


def test_refused_messages_are_counted_all_and_the_newest_kept_aside(
    store: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "KEPT_OF_A_REASON", 2)
    with Ledger(store) as ledger:
        ledger.commit([refused_for("json", b"x" * 10_000), refused_for("topic")])
        assert ledger.refused()[0].payload == b"x" * KEPT_BYTES
        assert ledger.refused()[0].received.utc_ns > EPOCH_NS
        ledger.commit([refused_for("json", b"2"), refused_for("json", b"3"), refused_for("future")])
        assert ledger.refusals() == {"future": 1, "json": 3, "topic": 1}
        ledger.commit([refused_for("json", b"4"), *[refused_for("topic")] * 5])
        assert ledger.refusals() == {"future": 1, "json": 4, "topic": 6}
        assert [one.payload for one in ledger.refused() if one.reason == "json"] == [b"3", b"4"]
        assert [one.reason for one in ledger.refused()].count("topic") == 2


def test_what_is_kept_of_a_refused_message_is_cut_and_can_not_act(store: Where) -> None:
    refused = Refused.of("t\x1b[2J" + "x" * 60_000, "schema", "y" * 900_000, b"z" * 900_000, CLOCK.now())
    with Ledger(store) as ledger:
        ledger.commit([refused])
        (kept,) = ledger.refused()
    assert "\x1b" not in kept.topic
    assert max(len(kept.topic), len(kept.what)) < 400
    assert len(kept.payload) == KEPT_BYTES


def test_refusals_are_counted_by_the_node_whose_topic_it_was(store: Where) -> None:
    of_pole = Refused.of("t", "json", "why", b"{", CLOCK.now(), KEY.of_node)
    with Ledger(store) as ledger:
        ledger.commit([of_pole, of_pole, refused_for("json")])
        assert ledger.refusals(KEY.of_node) == {"json": 2}
        assert ledger.refusals() == {"json": 3}


def test_a_frame_whose_clock_is_not_believed_is_labelled_by_its_receipt(store: Where) -> None:
    speaker = Speaker(CLOCK)
    arrived = msgspec.structs.replace(speaker.report(0), stamp=Stamp(7, 2**62))
    received = CLOCK.now()
    with Ledger(store) as ledger:
        ledger.commit([ReportArrived(KEY, arrived, encode(arrived), received, None, clock_known=False)])
        (row,) = ledger.frames(KEY, "camera")
        assert row.report.stamp == Stamp(7, received.utc_ns)
        assert not row.clock_known
        assert ledger.count_unlabelled(KEY) == 1


def test_a_nodes_newest_session_is_the_one_that_came_last_whatever_it_counts(store: Where) -> None:
    old, replaced, other = Speaker(CLOCK, session=7), Speaker(CLOCK, session=1), Speaker(CLOCK, node="van")
    with Ledger(store) as ledger:
        ledger.commit([birth_of(one) for one in (old, other, replaced)])
        assert list(ledger.newest_births()) == [replaced.birth, other.birth]
        assert ledger.sessions("seoul") == [old.key, other.key, replaced.key]


def test_a_second_process_reads_while_the_hub_writes(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as writing, LedgerReader(store) as reading:
        writing.commit([report_of(speaker, 0)])
        assert reading.count(KEY, "camera") == 1
        writing.commit([report_of(speaker, 1)])
        assert reading.count(KEY, "camera") == 2


def test_a_hole_in_the_numbers_opens_an_entry_and_the_backlog_closes_it(store: Where) -> None:
    speaker = Speaker(CLOCK)
    camera = (KEY, "camera")

    def commit(ledger: Ledger, *numbers: int) -> list[tuple[int, int, bool]]:
        ledger.commit([report_of(speaker, n) for n in numbers])
        return [(gap.first, gap.last, gap.closed_utc_ns is None) for gap in ledger.gaps(KEY, "camera")]

    with Ledger(store) as ledger:
        assert ledger.booked([camera]) == {camera: Spans()}
        assert commit(ledger, 0, 1, 2) == []
        assert commit(ledger, 7, 9) == [(3, 6, True), (8, 8, True)]
        assert commit(ledger, 3, 4, 8) == [(3, 6, True), (8, 8, False)]
    with Ledger(store) as ledger:
        assert ledger.booked([camera]) == {camera: Spans([(0, 4), (7, 9)])}
        assert commit(ledger, 6) == [(3, 6, True), (8, 8, False)]
        assert commit(ledger, 5, 10) == [(3, 6, False), (8, 8, False)]
        assert ledger.booked([camera]) == {camera: Spans([(0, 10)])}
