"""A ledger in a database: what may happen to servers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from edge.wire.messages import encode
from fleet.arrivals import Arrival, BirthArrived
from fleet.config import LedgerAt, LedgerUrlWrong
from fleet.ledger.errors import StoreAbsent, StoreBroken, StoreUnreachable, StoreUnreadable
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.postgres import PasswordUnreadable
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rows import frame_row
from fleet.ledger.schema import ABOUT, FRAMES
from fleet.ledger.store import Store
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, refused_for, report_of
from tests.postgres import SECRET, Cluster
from tests.secret_files import secret_file
from tests.speaker import Speaker
from tests.waiting import wait_until


def test_what_a_server_that_dies_did_not_commit_is_booked_when_it_is_back(postgres: Cluster) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(postgres.database()) as ledger:
        ledger.commit([birth_of(speaker), report_of(speaker, 0)])
        postgres.stop()
        try:
            with pytest.raises(StoreBroken, match="failed: connection"):
                ledger.commit([report_of(speaker, 1)])
            with pytest.raises(StoreBroken):
                ledger.birth(KEY)
        finally:
            postgres.start()
        assert ledger.commit([report_of(speaker, 0), report_of(speaker, 1)]) == Booked(1, 1, 0)
        assert ledger.count(KEY) == 2


def test_only_a_hub_makes_its_tables_and_a_reader_can_not_write(database: LedgerAt) -> None:
    with pytest.raises(StoreAbsent, match="ledger"):
        LedgerReader(database)
    Ledger(database).close()
    store = Store(database, write=False)
    with pytest.raises(StoreBroken, match="read-only"), store.writing() as connection:
        connection.execute(sa.delete(ABOUT))
    store.close()


def test_a_server_that_refuses_says_why_and_never_with_the_password(postgres: Cluster, tmp_path: Path) -> None:
    wrong = secret_file(tmp_path / "secret", f"not-{SECRET}\n")
    for at, why in (
        (msgspec.structs.replace(postgres.at("postgres"), password_file=wrong), "password authentication failed"),
        (postgres.at("nowhere"), 'database "nowhere" does not exist'),
        (LedgerAt(url="postgresql://fleet@127.0.0.1:1/ledger"), "refused"),
    ):
        with pytest.raises(StoreUnreachable, match=why) as caught:
            Ledger(at)
        assert SECRET not in str(caught.value)
    with pytest.raises(PasswordUnreadable, match="No such file"):
        Ledger(LedgerAt(url="postgresql://fleet@127.0.0.1:1/ledger", password_file=tmp_path / "none"))


def test_a_database_that_can_not_hold_every_text_or_has_tables_of_our_names_is_refused(postgres: Cluster) -> None:
    with pytest.raises(StoreUnreadable, match="its encoding is SQL_ASCII"):
        Ledger(postgres.database("SQL_ASCII"))
    other = postgres.database()
    postgres.sql("CREATE TABLE frames (name TEXT)", other.url.rpartition("/")[2])
    with pytest.raises(StoreUnreadable, match="not a hub's"):
        Ledger(other)


def test_a_run_whose_name_no_text_can_hold_does_not_stop_the_hub(database: LedgerAt) -> None:
    speaker = Speaker(CLOCK)
    birth = msgspec.structs.replace(speaker.birth, run="a\0b")
    with Ledger(database) as ledger:
        ledger.commit([BirthArrived(speaker.key, birth, encode(birth), CLOCK.now())])
        (row,) = ledger.runs()
        assert list(ledger.births(row.run)) == [birth]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"postgresql://fleet:{SECRET}@db/ledger", "it holds a password"),
        (f"postgresql://fleet@db/ledger?password={SECRET}", "not password"),
        ("mysql://fleet@db/ledger", "does not begin with"),
        ("postgresql://fleet@db", "a database"),
        ("postgresql:///ledger", "no host"),
        ("postgresql://fleet@db:x/ledger", "no number"),
    ],
)
def test_an_address_that_is_wrong_is_refused_without_its_password(url: str, why: str) -> None:
    with pytest.raises(LedgerUrlWrong, match=why) as caught:
        LedgerAt(url=url)
    assert SECRET not in str(caught.value)


def test_two_hubs_book_the_same_reports_at_once_each_in_an_order_of_its_own(database: LedgerAt) -> None:
    speaker = Speaker(CLOCK)
    reports = [report_of(speaker, n) for n in range(100)]
    refused = [refused_for(reason) for reason in ("json", "schema", "topic")]
    batch: list[Arrival] = [*reports, *refused]
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with Ledger(database) as one, Ledger(database) as other, ThreadPoolExecutor() as pool:
        one.commit([birth_of(speaker)])
        store = Store(database, write=True)
        with suppress(KeyError), store.writing() as connection:
            # Somebody holds one in their middle until both have come so far, and then lets go.
            connection.execute(sa.insert(FRAMES), frame_row(reports[50]))
            booked = [pool.submit(one.commit, batch), pool.submit(other.commit, batch[::-1])]
            wait_until(lambda: connection.scalar(waiting) == 2, "both hubs to wait")
            raise KeyError
        store.close()
        assert sorted(each.result().frames for each in booked) == [0, 100]
        assert one.count(KEY) == 100
