"""The ledger as Parquet files, however long it is: rows are read, turned and written a few thousand at a time."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.wire.messages import STAGES
from fleet.arrivals import SessionKey
from fleet.ledger.reader import FrameRow, LedgerReader, SessionRow
from fleet.ledger.rollups.history import History
from fleet.ledger.rollups.roll import HOUR_S
from fleet.reporting.parquet_columns import TABLES
from replay.datasets.writing.whole_folder import whole_folder
from replay.export.arrow import EXTRA, of_columns, schema_of
from replay.export.tables import found_rows
from sensors.plugins import need
from sensors.private_files import FOLDER, private_file

OF_A_POINT = (
    "begin_utc_s", "site", "node", "stream", "ok", "failed", "late", "captured", "dropped", "evicted", "down",
)  # fmt: skip
EVER_S = 0, 2**40
ROWS = 20_000
"""So many rows of a table are in memory, and are a row group of its file."""


def write_ledger(
    ledger: LedgerReader, out: Path, run: str | None = None, history: History | None = None
) -> dict[str, int]:
    """Into the folder `out`, which isn't there yet or is empty; it is its owner's alone, as the ledger is. Returns how
    many rows each table has: `history`'s, too.

    Raises PlaceTaken, FileUnwritable, StoreBroken or ExtraMissing.
    """
    need("pyarrow.parquet", EXTRA, "Parquet files")
    with whole_folder(out) as place:
        place.chmod(FOLDER)
        with ExitStack() as stack:
            tables = {name: stack.enter_context(_TableFile(name, place)) for name in TABLES}
            _write_sessions(ledger, tables, run)
            _write_frames(ledger, tables, run)
            if history is not None:
                _write_rollups(history, tables["rollups"])
        return {name: table.rows for name, table in tables.items()}


def _write_sessions(ledger: LedgerReader, tables: "dict[str, _TableFile]", run: str | None) -> None:
    for session in ledger.every_session(run):
        own = _of_session(session.key, session)
        tables["sessions"].add({**own, "born_utc_ns": session.born_utc_ns, "received_utc_ns": session.received_utc_ns})
        for gap in ledger.gaps(session.key):
            tables["gaps"].add(
                {
                    **own,
                    "stream": gap.stream,
                    "first": gap.first,
                    "last": gap.last,
                    "opened_utc_ns": gap.opened_utc_ns,
                    "closed_utc_ns": gap.closed_utc_ns,
                }
            )


def _write_frames(ledger: LedgerReader, tables: "dict[str, _TableFile]", run: str | None) -> None:
    # Reports come session by session: one birth at a time is remembered.
    at: SessionKey | None = None
    own: dict[str, Any] = {}
    labels: tuple[str, ...] = ()
    for key, row in ledger.every_frame(run):
        if key != at:
            at, session, birth = key, ledger.session(key), ledger.birth(key)
            own = _of_session(key, session)
            labels = birth.model.labels if birth is not None else ()
        of_stream = {**own, "stream": row.report.stream, "n": row.report.n, "seq": row.report.seq}
        tables["reports"].add({**of_stream, **_of_report(row)})
        for found in _findings(row, labels):
            tables["findings"].add({**of_stream, **found})


def _write_rollups(history: History, table: "_TableFile") -> None:
    for point in history.streams(*EVER_S, HOUR_S):
        row: dict[str, Any] = {name: getattr(point, name) for name in OF_A_POINT}
        for stage in ("total", "hub"):
            found = point.latency.get(stage)
            row[f"{stage}_p50_ns"] = None if found is None else found.p50_ns
            row[f"{stage}_p99_ns"] = None if found is None else found.p99_ns
        table.add(row)


def _of_session(key: SessionKey, session: SessionRow | None) -> dict[str, Any]:
    return {
        "run": session.run if session is not None else None,
        "site": key.site,
        "node": key.node,
        "session": session.count if session is not None else None,
        "session_id": key.id,
    }


def _of_report(row: FrameRow) -> dict[str, Any]:
    report = row.report
    return {
        "status": report.status,
        "reason": report.reason or None,
        "findings": None if report.findings is None else len(report.findings.scores),
        "capture_ns": report.stamp.mono_ns,
        "capture_utc_ns": report.stamp.utc_ns,
        "capture_kind": report.kind,
        "clock_known": row.clock_known,
        **{f"{stage}_ns": report.stages.get(stage) for stage in STAGES},
        "total_ns": report.total_ns,
        "published_ns": report.published.mono_ns,
        "received_ns": row.received.mono_ns,
        "received_utc_ns": row.received.utc_ns,
        "hub_latency_ns": row.hub_latency_ns,
        "late": row.late,
        "model": report.model,
        "artefact": report.artefact,
    }


def _findings(row: FrameRow, labels: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    findings = row.report.findings
    if findings is None:
        return
    for rank, index, score, (left, top, right, bottom), track in found_rows(findings):
        yield {
            "rank": rank,
            "label": labels[index] if index < len(labels) else None,
            "label_index": index,
            "score": score,
            "left_px": left,
            "top_px": top,
            "right_px": right,
            "bottom_px": bottom,
            "track_id": track,
        }


@dataclass(slots=True)
class _TableFile:
    """One table's file; rows are added one by one."""

    name: str
    folder: Path
    rows: int = 0
    _waiting: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    _file: Any = None

    def __enter__(self) -> "_TableFile":
        parquet = need("pyarrow.parquet", EXTRA, "Parquet files")
        path = private_file(self.folder / f"{self.name}.parquet")
        self._file = parquet.ParquetWriter(path, schema_of(TABLES[self.name]))
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()

    def add(self, row: dict[str, Any]) -> None:
        for column in TABLES[self.name]:
            self._waiting[column.name].append(row[column.name])
        self.rows += 1
        if self.rows % ROWS == 0:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(of_columns(TABLES[self.name], self._waiting))
            self._waiting.clear()
