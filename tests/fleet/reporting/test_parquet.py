from pathlib import Path

import msgspec
import pyarrow.parquet as parquet
import pytest

from edge.wire.messages import encode
from fleet.arrivals import ReportArrived
from fleet.ledger.ledger import Ledger
from fleet.ledger.rollups.history import History
from fleet.ledger.rollups.roll import Rollups
from fleet.reporting import parquet as writing
from fleet.reporting.parquet import write_ledger
from tests.fleet.ledger.arriving import CLOCK, birth_of, report_of
from tests.speaker import Speaker


def test_every_report_finding_session_and_gap_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS", 4)
    first, second = Speaker(CLOCK, run="monday"), Speaker(CLOCK, node="car", run="tuesday")
    failed = msgspec.structs.replace(second.report(0), status="failed", findings=None, reason="why")
    with Ledger(tmp_path / "hub.db") as ledger:
        ledger.commit([birth_of(first), *(report_of(first, n, 41) for n in (0, 1, 2, 5))])
        ledger.commit([birth_of(second), ReportArrived(second.key, failed, encode(failed), CLOCK.now(), None)])
        with Rollups(tmp_path / "hub.db") as rollups, History(tmp_path / "hub.db") as history:
            rollups.roll()
            counts = write_ledger(ledger, tmp_path / "all", history=history)
        assert write_ledger(ledger, tmp_path / "one", "tuesday") == {
            "reports": 1,
            "findings": 0,
            "sessions": 1,
            "gaps": 0,
            "rollups": 0,
        }
    assert counts == {"reports": 5, "findings": 48, "sessions": 2, "gaps": 1, "rollups": 2}
    reports = parquet.read_table(tmp_path / "all" / "reports.parquet")
    assert reports.num_rows == 5
    assert [(row["run"], row["n"], row["findings"]) for row in reports.to_pylist()] == [
        ("tuesday", 0, None),
        *(("monday", n, 12) for n in (0, 1, 2, 5)),
    ]
    assert reports["hub_latency_ns"].to_pylist() == [None, 41, 41, 41, 41]
    assert reports.schema.field("total_ns").metadata[b"about"].startswith(b"from `capture_ns`")
    found = parquet.read_table(tmp_path / "all" / "findings.parquet").to_pylist()[0]
    of_first = first.report(0).findings
    assert of_first is not None
    assert found["label"] == first.birth.model.labels[0]
    assert (found["score"], found["right_px"]) == (of_first.scores[0], of_first.boxes[0][2])
    hours = parquet.read_table(tmp_path / "all" / "rollups.parquet").to_pylist()
    assert [(row["node"], row["ok"], row["failed"], row["captured"]) for row in hours] == [
        ("car", 0, 1, None),
        ("pole", 4, 0, None),
    ]
    (gap,) = parquet.read_table(tmp_path / "all" / "gaps.parquet").to_pylist()
    assert (gap["first"], gap["last"], gap["closed_utc_ns"]) == (3, 4, None)
