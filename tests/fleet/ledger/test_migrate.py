"""Ledgers of older formats, made by the gilmoks that wrote them."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.wire.spans import Spans
from fleet.ledger import migrate
from fleet.ledger.errors import StoreOutdated, StoreUnreadable
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.reader import LedgerReader
from fleet.ledger.schema import VERSION
from tests.fleet.ledger.arriving import CLOCK, KEY, report_of
from tests.speaker import Speaker


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Reports 0, 1 and 4 of a stream, booked by format 4."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as made:
        made.executescript(Path(__file__).with_name("format4.sql").read_text(encoding="utf-8"))
    made.close()
    return path


def _tables(path: Path) -> dict[str, object]:
    engine = sa.create_engine(f"sqlite:///{path}")
    seen = sa.inspect(engine)
    found: dict[str, object] = {
        table: (
            {one["name"]: (str(one["type"]), one["nullable"]) for one in seen.get_columns(table)},
            seen.get_pk_constraint(table)["constrained_columns"],
            sorted(str(one["name"]) for one in seen.get_indexes(table)),
        )
        for table in seen.get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    return found


def test_a_hub_brings_an_older_ledger_up_to_date_and_goes_on_in_it(old: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreOutdated, match="version 4") as caught:
        LedgerReader(old)
    assert "gilmok hub migrate" in (caught.value.hint or "")
    speaker = Speaker(CLOCK)
    with Ledger(old) as ledger:
        assert [row.report.n for row in ledger.frames(KEY, "camera")] == [0, 1, 4]
        assert ledger.booked([(KEY, "camera")]) == {(KEY, "camera"): Spans([(0, 1), (4, 4)])}
        assert ledger.commit([report_of(speaker, n) for n in range(5)]) == Booked(2, 3, 0)
        assert ledger.booked([(KEY, "camera")]) == {(KEY, "camera"): Spans([(0, 4)])}
    Ledger(tmp_path / "new.db").close()
    assert _tables(old) == _tables(tmp_path / "new.db")
    with LedgerReader(old) as reader:
        assert reader.count(KEY) == 5


def test_a_migration_that_breaks_off_leaves_the_ledger_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _tables(old)
    with monkeypatch.context() as broken:
        broken.setattr(migrate, "VERSION", "no number")
        with pytest.raises(StoreUnreadable, match="datatype mismatch"):
            Ledger(old)
    assert _tables(old) == before
    Ledger(old).close()


def test_a_ledger_from_before_the_oldest_format_is_refused(old: Path) -> None:
    with sqlite3.connect(old) as other:
        other.execute("UPDATE about SET version = 3")
    other.close()
    with pytest.raises(StoreOutdated, match=f"version 3, this gilmok's is {VERSION}"):
        Ledger(old)
