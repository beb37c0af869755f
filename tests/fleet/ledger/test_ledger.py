import sqlite3
from pathlib import Path

import msgspec
import pytest

from edge.wire.messages import encode
from fleet.arrivals import (
    KEPT_BYTES,
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    Refused,
    ReportArrived,
    key_of,
)
from fleet.ledger import ledger as ledgers
from fleet.ledger import store as stores
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.reader import FrameRow, LastHeard, LedgerReader, RunRow
from fleet.ledger.schema import ABOUT, VERSION
from fleet.ledger.store import StoreAbsent, StoreBroken, StoreGone, StoreOutdated, StoreUnreadable, StoreUnwritable
from sensors.clock import Stamp
from tests.fakes import EPOCH_NS, ManualClock
from tests.speaker import Speaker

CLOCK = ManualClock(tick_ns=1000)
KEY = Speaker(CLOCK).key


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def _birth(speaker: Speaker) -> BirthArrived:
    return BirthArrived(key_of(speaker.birth), speaker.birth, encode(speaker.birth), CLOCK.now())


def _report(speaker: Speaker, n: int, latency_ns: int | None = None) -> ReportArrived:
    report = speaker.report(n)
    return ReportArrived(key_of(speaker.birth), report, encode(report), CLOCK.now(), latency_ns)


def _refused(reason: str, payload: bytes = b"{") -> Refused:
    return Refused.of("t", reason, "why", payload, CLOCK.now())


def test_a_report_is_booked_once_however_often_it_comes(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        batch: list[Arrival] = [_birth(speaker), *(_report(speaker, n) for n in (0, 1, 1, 3))]
        assert ledger.commit(batch) == Booked(frames=3, repeats=1, refused=0)
        assert ledger.commit(batch) == Booked(frames=0, repeats=4, refused=0)
        assert ledger.count(KEY, "camera") == 3
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [0, 1, 3]
        assert list(ledger.births(speaker.birth.run)) == [speaker.birth]


def test_the_key_is_site_node_session_stream_and_n(store: Path) -> None:
    speakers = [
        Speaker(CLOCK),
        Speaker(CLOCK, site="busan"),
        Speaker(CLOCK, node="car"),
        Speaker(CLOCK, session=2),
    ]
    with Ledger(store) as ledger:
        assert ledger.commit([_report(speaker, 0) for speaker in speakers]).frames == 4


def test_what_is_booked_comes_out_as_it_went_in(store: Path) -> None:
    speaker = Speaker(CLOCK)
    known, unknown = _report(speaker, 0, latency_ns=41), _report(speaker, 1)
    with Ledger(store) as ledger:
        ledger.commit([known, unknown])
    with LedgerReader(store) as reader:
        assert list(reader.frames(KEY, "camera")) == [
            FrameRow(known.report, known.received, 41),
            FrameRow(unknown.report, unknown.received, None),
        ]


def test_the_last_word_is_the_newest_by_the_nodes_own_clock(store: Path) -> None:
    speaker = Speaker(CLOCK)
    early, late = speaker.health(1), speaker.health(2, final=True)
    with Ledger(store) as ledger:
        assert ledger.last_heard(KEY) == LastHeard(None, 0, None, 0)
        ledger.commit([HealthArrived(KEY, one, encode(one), Stamp(0, n)) for n, one in enumerate((late, early))])
        ledger.commit([ConnArrived(KEY, "online", Stamp(0, 5)), ConnArrived(KEY, "lost", Stamp(0, 6))])
        assert ledger.last_heard(KEY) == LastHeard("lost", 6, late, 0)


def test_runs_are_listed_the_newest_first(store: Path) -> None:
    first, second = Speaker(CLOCK, run="monday"), Speaker(CLOCK, node="car", run="tuesday")
    third = Speaker(CLOCK, node="van", run="tuesday")
    with Ledger(store) as ledger:
        assert ledger.runs() == []
        ledger.commit([_birth(one) for one in (third, second, first)])
        ledger.commit([_report(first, 0), _report(second, 0), _report(second, 1)])
        assert ledger.runs() == [
            RunRow("tuesday", 2, 2, second.birth.stamp.utc_ns),
            RunRow("monday", 1, 1, first.birth.stamp.utc_ns),
        ]
        assert list(ledger.births("monday")) == [first.birth]
        assert list(ledger.births("sunday")) == []


def test_refused_messages_are_counted_all_and_the_newest_kept_aside(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "KEPT_OF_A_REASON", 2)
    with Ledger(store) as ledger:
        ledger.commit([_refused("json", b"x" * 10_000), _refused("topic")])
        assert ledger.refused()[0].payload == b"x" * KEPT_BYTES
        assert ledger.refused()[0].received.utc_ns > EPOCH_NS
        ledger.commit([_refused("json", b"2"), _refused("json", b"3"), _refused("future")])
        assert ledger.refusals() == {"future": 1, "json": 3, "topic": 1}
        ledger.commit([_refused("json", b"4"), *[_refused("topic")] * 5])
        assert ledger.refusals() == {"future": 1, "json": 4, "topic": 6}
        assert [one.payload for one in ledger.refused() if one.reason == "json"] == [b"3", b"4"]
        assert [one.reason for one in ledger.refused()].count("topic") == 2


def test_what_is_kept_of_a_refused_message_is_cut_and_can_not_act(store: Path) -> None:
    refused = Refused.of("t\x1b[2J" + "x" * 60_000, "schema", "y" * 900_000, b"z" * 900_000, CLOCK.now())
    with Ledger(store) as ledger:
        ledger.commit([refused])
        (kept,) = ledger.refused()
    assert "\x1b" not in kept.topic
    assert max(len(kept.topic), len(kept.what)) < 400
    assert len(kept.payload) == KEPT_BYTES


def test_refusals_are_counted_by_the_node_whose_topic_it_was(store: Path) -> None:
    of_pole = Refused.of("t", "json", "why", b"{", CLOCK.now(), KEY.of_node)
    with Ledger(store) as ledger:
        ledger.commit([of_pole, of_pole, _refused("json")])
        assert ledger.refusals(KEY.of_node) == {"json": 2}
        assert ledger.refusals() == {"json": 3}


def test_a_frame_whose_clock_is_not_believed_is_labelled_by_its_receipt(store: Path) -> None:
    speaker = Speaker(CLOCK)
    arrived = msgspec.structs.replace(speaker.report(0), stamp=Stamp(7, 2**62))
    received = CLOCK.now()
    with Ledger(store) as ledger:
        ledger.commit([ReportArrived(KEY, arrived, encode(arrived), received, None, clock_known=False)])
        (row,) = ledger.frames(KEY, "camera")
        assert row.report.stamp == Stamp(7, received.utc_ns)
        assert not row.clock_known
        assert ledger.count_unlabelled(KEY) == 1


def test_rows_that_are_no_messages_any_more_are_counted_and_left_out(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([_birth(speaker), _report(speaker, 0), _report(speaker, 1)])
        spoilt = sqlite3.connect(store)
        spoilt.execute("UPDATE frames SET payload = '{}' WHERE n = 0")
        spoilt.commit()
        spoilt.close()
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [1]
        assert ledger.unreadable == {"FrameReport": 1}


@pytest.mark.parametrize("damaged", ["text", 7])
def test_a_damaged_row_is_counted_and_left_out_whatever_is_in_it(store: Path, damaged: object) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([_birth(speaker), _report(speaker, 0)])
    spoilt = sqlite3.connect(store)
    spoilt.execute("UPDATE frames SET payload = ?", (damaged,))
    spoilt.commit()
    spoilt.close()
    with LedgerReader(store) as reader:
        assert list(reader.frames(KEY, "camera")) == []
        assert reader.unreadable == {"FrameReport": 1}


def test_a_nodes_newest_session_is_the_one_that_came_last_whatever_it_counts(store: Path) -> None:
    old, replaced, other = Speaker(CLOCK, session=7), Speaker(CLOCK, session=1), Speaker(CLOCK, node="van")
    with Ledger(store) as ledger:
        ledger.commit([_birth(one) for one in (old, other, replaced)])
        assert list(ledger.newest_births()) == [replaced.birth, other.birth]
        assert ledger.sessions("seoul") == [old.key, other.key, replaced.key]


def test_a_batch_is_booked_whole_or_not_at_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_S", 0.01)
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        other = sqlite3.connect(store)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBroken, match="locked"):
            ledger.commit([_birth(speaker), _report(speaker, 0)])
        other.close()
        assert ledger.birth(speaker.key) is None
        assert ledger.commit([_birth(speaker), _report(speaker, 0)]).frames == 1


def test_a_second_process_reads_while_the_hub_writes(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as writing, LedgerReader(store) as reading:
        writing.commit([_report(speaker, 0)])
        assert reading.count(KEY, "camera") == 1
        writing.commit([_report(speaker, 1)])
        assert reading.count(KEY, "camera") == 2


@pytest.mark.parametrize("how", ["deleted", "cut", "replaced", "robbed of its journal"])
def test_a_store_that_is_lost_while_the_hub_writes_is_noticed(store: Path, how: str) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([_report(speaker, 0)])
        if how == "deleted":
            store.unlink()
        elif how == "cut":
            store.write_bytes(b"")
        elif how == "replaced":
            store.rename(store.with_suffix(".old"))
            Ledger(store).close()
        else:
            store.with_name(f"{store.name}-wal").unlink()
        with pytest.raises(StoreGone, match=how):
            ledger.check_whole()
        with pytest.raises(StoreGone, match=how):
            ledger.commit([_report(speaker, 1)])


def test_a_store_that_can_not_be_written_is_told_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_S", 0.01)
    Ledger(store).close()
    other = sqlite3.connect(store)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnwritable, match="locked"):
        Ledger(store)
    other.close()


def test_only_a_hub_makes_a_store(store: Path) -> None:
    with pytest.raises(StoreAbsent, match=str(store)):
        LedgerReader(store)
    assert not store.exists()


@pytest.mark.parametrize("opened", [Ledger, LedgerReader])
def test_what_is_no_store_is_refused_and_left_as_it_is(store: Path, opened: type[LedgerReader]) -> None:
    store.write_bytes(b"these are my holiday photographs" * 100)
    with pytest.raises(StoreUnreadable, match="not a database"):
        opened(store)
    assert store.read_bytes() == b"these are my holiday photographs" * 100
    assert list(store.parent.iterdir()) == [store]


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreadable, match="unable to open"):
        Ledger(tmp_path)


def test_a_strangers_database_is_refused(store: Path) -> None:
    with sqlite3.connect(store) as other:
        other.execute("CREATE TABLE photographs (name TEXT)")
    other.close()
    with pytest.raises(StoreUnreadable, match="not a hub's"):
        Ledger(store)


def test_a_store_of_another_version_is_refused(store: Path) -> None:
    Ledger(store).close()
    with sqlite3.connect(store) as other:
        other.execute(f"UPDATE {ABOUT.name} SET version = {VERSION + 1}")
    other.close()
    with pytest.raises(StoreOutdated, match=f"version {VERSION + 1}, this gilmok's is {VERSION}"):
        Ledger(store)
