from pathlib import Path

import pytest

from fleet.config import LedgerAt
from fleet.ledger.backup import BackupFailed, BackupTaken, BackupUnfit, back_up, restore
from fleet.ledger.errors import StoreAbsent, StoreUnreadable
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.store import Where
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, report_of
from tests.postgres import Cluster
from tests.speaker import Speaker

SPEAKER = Speaker(CLOCK)


@pytest.mark.parametrize("kind", ["file", "database"])
def test_a_copy_that_is_made_while_a_hub_writes_is_a_ledger_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    places: list[Where] = [tmp_path / "hub.db", tmp_path / "again.db"]
    if kind == "database":
        cluster: Cluster = request.getfixturevalue("postgres")
        places = [cluster.database(), cluster.database()]
    copy = tmp_path / "copy"
    with Ledger(places[0]) as ledger:
        ledger.commit([birth_of(SPEAKER), *(report_of(SPEAKER, n) for n in (0, 1, 3))])
        back_up(places[0], copy)
        with pytest.raises(BackupTaken):
            back_up(places[0], copy)
        ledger.commit([report_of(SPEAKER, 4)])
    assert copy.stat().st_mode & 0o777 == 0o600
    restore(copy, places[1])
    with pytest.raises(BackupTaken):
        restore(copy, places[1])
    with Ledger(places[1]) as ledger:
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [0, 1, 3]
        assert ledger.commit([report_of(SPEAKER, n) for n in (3, 6)]) == Booked(1, 1, 0)
        assert [(gap.first, gap.last) for gap in ledger.gaps(KEY)] == [(2, 2), (4, 5)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_is_no_copy_or_not_of_its_kind_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(StoreAbsent):
        restore(tmp_path / "none", tmp_path / "hub.db")
    photographs, dump = tmp_path / "a", tmp_path / "b"
    photographs.write_bytes(b"holidays" * 1000)
    dump.write_bytes(b"PGDMP")
    with pytest.raises(StoreUnreadable, match="not a database"):
        restore(photographs, tmp_path / "hub.db")
    with pytest.raises(BackupUnfit, match="is a PostgreSQL dump"):
        restore(dump, tmp_path / "hub.db")
    with pytest.raises(BackupUnfit, match="no PostgreSQL dump"):
        restore(photographs, LedgerAt(url="postgresql://db/ledger"))
    (tmp_path / "hub.db-wal").write_bytes(b"of a store that was deleted")
    with Ledger(tmp_path / "own.db"):
        back_up(tmp_path / "own.db", tmp_path / "copy")
    with pytest.raises(BackupTaken, match="wal"):
        restore(tmp_path / "copy", tmp_path / "hub.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "copy", "hub.db-wal", "own.db"]


def test_what_the_servers_own_programs_say_is_told(postgres: Cluster, tmp_path: Path) -> None:
    where = postgres.database()
    Ledger(where).close()
    dump = tmp_path / "dump"
    dump.write_bytes(b"PGDMP and no more")
    with pytest.raises(BackupFailed, match="pg_restore failed: error"):
        restore(dump, postgres.database())


def test_a_damaged_store_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    store = tmp_path / "hub.db"
    with Ledger(store) as ledger:
        ledger.commit([birth_of(SPEAKER), *(report_of(SPEAKER, n) for n in range(200))])
    content = bytearray(store.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    store.write_bytes(content)
    with pytest.raises(StoreUnreadable, match=r"damaged|malformed"):
        back_up(store, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
