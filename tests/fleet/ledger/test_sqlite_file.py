"""A ledger in a file: what may happen to files."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.wire.messages import encode
from fleet.arrivals import ConnArrived, HealthArrived
from fleet.ledger import sqlite_file
from fleet.ledger import store as stores
from fleet.ledger.errors import (
    StoreAbsent,
    StoreBroken,
    StoreDamaged,
    StoreForbidden,
    StoreGone,
    StoreNewer,
    StoreUnreadable,
    StoreUnwritable,
)
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.ledger import Ledger
from fleet.ledger.reader import LedgerReader
from fleet.ledger.schema import ABOUT, VERSION
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, report_of
from tests.speaker import Speaker


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def test_rows_that_are_no_messages_any_more_are_counted_and_left_out(store: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), report_of(speaker, 0), report_of(speaker, 1)])
        spoilt = sqlite3.connect(store)
        spoilt.execute("UPDATE frames SET payload = '{}' WHERE n = 0")
        spoilt.commit()
        spoilt.close()
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [1]
        assert ledger.unreadable == {"FrameReport": 1}


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("sessions.count = 'x'", "'x' where a whole number belongs"),
        ("sessions.run = x'00'", "b'.x00' where a text belongs"),
        ("conns.state = 'gone'", "'gone' where one of online, offline, lost belongs"),
        ("health.received_utc_ns = 1.5", "1.5 where a whole number belongs"),
    ],
)
def test_a_cell_that_no_hub_writes_is_told_and_ends_nothing_else(store: Path, cell: str, what: str) -> None:
    speaker = Speaker(CLOCK)
    health, now = speaker.health(1), CLOCK.now()
    with Ledger(store) as ledger:
        said = HealthArrived(speaker.key, health, encode(health), now)
        ledger.commit([birth_of(speaker), ConnArrived(speaker.key, "online", now), said])
    with closing(sqlite3.connect(store)) as spoilt:
        table, change = cell.split(".", 1)
        spoilt.execute(f"UPDATE {table} SET {change}")
        spoilt.commit()
    with FleetReader(store) as reader, pytest.raises(StoreDamaged, match=what):
        _ = reader.every_session(), reader.standing()


@pytest.mark.parametrize("damaged", ["text", 7])
def test_a_damaged_row_is_counted_and_left_out_whatever_is_in_it(store: Path, damaged: object) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), report_of(speaker, 0)])
    spoilt = sqlite3.connect(store)
    spoilt.execute("UPDATE frames SET payload = ?", (damaged,))
    spoilt.commit()
    spoilt.close()
    with LedgerReader(store) as reader:
        assert list(reader.frames(KEY, "camera")) == []
        assert reader.unreadable == {"FrameReport": 1}


def test_a_batch_is_booked_whole_or_not_at_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        other = sqlite3.connect(store)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBroken, match="locked"):
            ledger.commit([birth_of(speaker), report_of(speaker, 0)])
        other.close()
        assert ledger.birth(speaker.key) is None
        assert ledger.commit([birth_of(speaker), report_of(speaker, 0)]).frames == 1


@pytest.mark.parametrize("how", ["deleted", "cut", "replaced", "robbed of its journal"])
def test_a_store_that_is_lost_while_the_hub_writes_is_noticed(store: Path, how: str) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([report_of(speaker, 0)])
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
            ledger.commit([report_of(speaker, 1)])


def test_a_store_that_can_not_be_written_is_told_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
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


def test_a_store_whose_damage_cant_even_be_quoted_is_refused(store: Path) -> None:
    Ledger(store).close()
    with sqlite3.connect(store) as other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute("UPDATE sqlite_master SET name = CAST(X'CCCC' AS TEXT) WHERE type = 'table'")
    other.close()
    with pytest.raises(StoreUnreadable, match="damaged"):
        LedgerReader(store)


def test_a_store_in_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreForbidden, match="No such file") as caught:
        Ledger(tmp_path / "none" / "hub.sqlite")
    assert caught.value.hint.startswith("make its folder first")


def test_a_strangers_database_is_refused(store: Path) -> None:
    with sqlite3.connect(store) as other:
        other.execute("CREATE TABLE photographs (name TEXT)")
    other.close()
    with pytest.raises(StoreUnreadable, match="not a hub's"):
        Ledger(store)


@pytest.mark.parametrize("opened", [Ledger, LedgerReader])
def test_a_newer_gilmoks_store_is_refused(store: Path, opened: type[LedgerReader]) -> None:
    Ledger(store).close()
    with sqlite3.connect(store) as other:
        other.execute(f"UPDATE {ABOUT.name} SET version = {VERSION + 1}")
    other.close()
    with pytest.raises(StoreNewer, match=f"version {VERSION + 1}, this gilmok's is {VERSION}"):
        opened(store)


def test_a_store_whose_making_broke_off_is_made_by_the_next_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(stores, "VERSION", "no number")
        with pytest.raises(StoreUnreadable, match="datatype mismatch"):
            Ledger(tmp_path / "hub.db")
    with Ledger(tmp_path / "hub.db") as ledger:
        assert ledger.runs() == []
