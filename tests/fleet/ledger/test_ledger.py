import sqlite3
from pathlib import Path

import pytest

from edge.wire.messages import encode
from fleet.arrivals import (
    KEPT_BYTES,
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    NodeKey,
    Refused,
    ReportArrived,
    key_of,
)
from fleet.ledger import ledger as ledgers
from fleet.ledger import store as stores
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.reader import FrameRow, LastHeard, LedgerReader, RunRow
from fleet.ledger.schema import ABOUT, VERSION
from fleet.ledger.store import StoreAbsent, StoreBroken, StoreUnreadable
from sensors.clock import Stamp
from tests.fakes import EPOCH_NS, ManualClock
from tests.speaker import Speaker

KEY = NodeKey("seoul", "pole")
CLOCK = ManualClock(tick_ns=1000)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def _birth(speaker: Speaker) -> BirthArrived:
    return BirthArrived(key_of(speaker.birth), speaker.birth, encode(speaker.birth), CLOCK.now())


def _report(speaker: Speaker, n: int, latency_ns: int | None = None) -> ReportArrived:
    report = speaker.report(n)
    return ReportArrived(key_of(speaker.birth), report, encode(report), CLOCK.now(), latency_ns)


def _refused(reason: str, payload: bytes = b"{") -> Refused:
    return Refused("t", reason, "why", payload, CLOCK.now())


def test_a_report_is_booked_once_however_often_it_comes(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        batch: list[Arrival] = [_birth(speaker), *(_report(speaker, n) for n in (0, 1, 1, 3))]
        assert ledger.commit(batch) == Booked(frames=3, repeats=1, refused=0)
        assert ledger.commit(batch) == Booked(frames=0, repeats=4, refused=0)
        assert ledger.count(KEY, 1, "camera") == 3
        assert [row.report.n for row in ledger.frames(KEY, 1, "camera")] == [0, 1, 3]
        assert ledger.births() == [speaker.birth]


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
        assert list(reader.frames(KEY, 1, "camera")) == [
            FrameRow(known.report, known.received, 41),
            FrameRow(unknown.report, unknown.received, None),
        ]


def test_the_last_word_is_the_newest_by_the_nodes_own_clock(store: Path) -> None:
    speaker = Speaker(CLOCK)
    early, late = speaker.health(1), speaker.health(2, final=True)
    with Ledger(store) as ledger:
        assert ledger.last_heard(KEY, 1) == LastHeard(None, 0, None, 0)
        ledger.commit([HealthArrived(KEY, one, encode(one), Stamp(0, n)) for n, one in enumerate((late, early))])
        ledger.commit([ConnArrived(KEY, 1, "online", Stamp(0, 5)), ConnArrived(KEY, 1, "lost", Stamp(0, 6))])
        assert ledger.last_heard(KEY, 1) == LastHeard("lost", 6, late, 0)


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
        assert ledger.births("monday") == [first.birth]
        assert ledger.births("sunday") == []


def test_refused_messages_are_counted_all_and_kept_aside_within_bounds(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "REFUSED_ROWS", 3)
    with Ledger(store) as ledger:
        ledger.commit([_refused("json", b"x" * 10_000), _refused("topic")])
        ledger.commit([_refused("json"), _refused("json"), _refused("future")])
        assert ledger.refusals() == {"future": 1, "json": 3, "topic": 1}
        kept = ledger.refused()
        assert [one.reason for one in kept] == ["json", "topic", "json"]
        assert kept[0].payload == b"x" * KEPT_BYTES
        assert kept[0].received.utc_ns > EPOCH_NS


def test_a_batch_is_booked_whole_or_not_at_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_S", 0.01)
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        other = sqlite3.connect(store)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBroken, match="locked"):
            ledger.commit([_birth(speaker), _report(speaker, 0)])
        other.close()
        assert ledger.births() == []
        assert ledger.commit([_birth(speaker), _report(speaker, 0)]).frames == 1


def test_a_second_process_reads_while_the_hub_writes(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as writing, LedgerReader(store) as reading:
        writing.commit([_report(speaker, 0)])
        assert reading.count(KEY, 1, "camera") == 1
        writing.commit([_report(speaker, 1)])
        assert reading.count(KEY, 1, "camera") == 2


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
    with pytest.raises(StoreUnreadable, match=f"version {VERSION + 1}, this gilmok's is {VERSION}"):
        Ledger(store)
