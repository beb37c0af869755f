"""A campaign for other programs: a row a cell, and a row a cell and class."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from replay.campaign.record import CellRecord, Interval
from replay.export.arrow import EXTRA, of_columns
from replay.export.columns import Column
from sensors import atomic_files
from sensors.plugins import need

WHERE = (
    Column("key", "text", "sha256 over all that goes into the cell"),
    Column("work", "text", "lockstep, realtime or qualify"),
    Column("model", "text", "by its name in the campaign"),
    Column("precision", "text", ""),
    Column("backend", "text", ""),
    Column("device", "text", ""),
    Column("recording", "text", "by its name in the campaign"),
    Column("condition", "text", "what was done to the recording"),
    Column("seed", "int", "0 where nothing is left to chance"),
    Column("repeat", "int", "from 1"),
)
AP = (
    Column("ap", "float", "AP, IoU .50 to .95; null: undefined, as in all that follows"),
    Column("ap_low", "float", "of its 95 % interval"),
    Column("ap_high", "float", ""),
    Column("ap50", "float", "AP at IoU .50"),
    Column("ap50_low", "float", ""),
    Column("ap50_high", "float", ""),
    Column("n_truth", "int", "objects that were to be found"),
)
CELLS = (
    *WHERE,
    Column("ended", "text", "done, failed or interrupted; null: it has no end yet"),
    Column("required", "bool", ""),
    Column("blame", "text", "cell or engine, where it failed"),
    Column("why", "text", "why it failed"),
    Column("last_words", "text", "the end of what its process wrote, where it failed"),
    Column("tries", "int", ""),
    Column("flaky", "bool", "it failed and came through with the same inputs"),
    Column("took_s", "float", "the last try"),
    Column("host", "text", ""),
    Column("alone", "bool", "nothing else of the campaign ran on the machine"),
    Column("device_kind", "text", "cpu, gpu, npu, emulator, simulator, emulated"),
    Column("valid", "bool", "whether the run's figures may be used"),
    Column("digest", "text", "of all findings"),
    Column("captured", "int", "frames"),
    Column("ok", "int", "frames"),
    Column("failed", "int", "frames"),
    Column("dropped", "int", "frames"),
    *AP,
    Column("p50_ns", "int", "capture to result; of disturbed cells, too: see `alone`"),
    Column("p99_ns", "int", "null: too few frames for one"),
    Column("n_latencies", "int", ""),
    Column("fps", "float", "answered frames a second"),
    Column("streaming_ap", "float", "in real time"),
)
CLASSES = (*WHERE, Column("class", "text", "evaluated class"), *AP)


def write_tables(records: Sequence[CellRecord], folder: Path) -> list[Path]:
    """cells.parquet and classes.parquet; raises ExtraMissing or FileUnwritable."""
    parquet = need("pyarrow.parquet", EXTRA, "Parquet files")
    made = []
    for name, columns, rows in (
        ("cells", CELLS, [_cell(record) for record in records]),
        ("classes", CLASSES, [row for record in records for row in _classes(record)]),
    ):
        table = {column.name: [row.get(column.name) for row in rows] for column in columns}
        path = folder / f"{name}.parquet"
        with atomic_files.replacing(path) as file:
            parquet.write_table(of_columns(columns, table), file)
        made.append(path)
    return made


def _where(record: CellRecord) -> dict[str, Any]:
    at = record.at
    names = [column.name for column in WHERE if column.name != "key"]
    return {"key": record.key, **{name: getattr(at, name) for name in names}}


def _cell(record: CellRecord) -> dict[str, Any]:
    last, figures = record.last, record.figures
    row = _where(record) | {
        "ended": record.ended,
        "required": record.required,
        "blame": last.blame or None,
        "why": last.why or None,
        "last_words": last.last_words or None,
        "tries": len(record.attempts),
        "flaky": record.flaky,
        "took_s": last.took_s,
        "host": last.host,
        "alone": last.alone,
        "device_kind": record.chip.kind if record.chip else None,
    }
    if figures is None:
        return row
    latency = figures.latency_ns
    return row | {
        "valid": figures.valid,
        "digest": figures.digest,
        "captured": figures.frames.captured,
        "ok": figures.frames.ok,
        "failed": figures.frames.failed,
        "dropped": figures.frames.dropped,
        **_ap(figures.ap, figures.ap50, figures.n_truth),
        "p50_ns": latency.p50 if latency else None,
        "p99_ns": latency.p99 if latency else None,
        "n_latencies": latency.n if latency else None,
        "fps": _defined(figures.fps),
        "streaming_ap": _defined(figures.streaming_ap),
    }


def _classes(record: CellRecord) -> Iterator[dict[str, Any]]:
    for name, found in (record.figures.classes if record.figures else {}).items():
        yield _where(record) | {"class": name, **_ap(found.ap, found.ap50, found.n_truth)}


def _ap(ap: Interval, ap50: Interval, n_truth: int) -> dict[str, Any]:
    row: dict[str, Any] = {"n_truth": n_truth}
    for name, one in (("ap", ap), ("ap50", ap50)):
        ends = {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        row |= {key: _defined(value) for key, value in ends.items()}
    return row


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
