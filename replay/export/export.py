"""A run folder written for other programs: whole or not at all, with what has to be told."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from replay.datasets.writing.whole_folder import check_free, whole_folder
from replay.export.arrow import EXTRA, write_parquet
from replay.export.columns import TABLES
from replay.export.fates import StreamFates
from replay.export.layouts import LAYOUTS
from replay.export.tables import Table, table
from replay.runs.loaded import LoadedRun
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.plugins import need

FORMATS = ("coco", "csv", "fiftyone", "kitti", "mot", "openlabel", "parquet")
FRAMES_CSV = "frames.csv"


class NoStreams(GilmokError):
    def __init__(self, run: str) -> None:
        super().__init__(f"the run {run} has no stream", "name a run that came as far as its first frame")


def export(run: LoadedRun, to: str, out: Path) -> list[str]:
    """Into the folder `out`, which isn't there yet or is empty; a sentence for each thing that has to be told.

    Raises NoStreams, CannotExport, PlaceTaken, FileUnwritable, or ExtraMissing for parquet.
    """
    check_free(out)
    if to == "parquet":
        need("pyarrow.parquet", EXTRA, "Parquet files")
    if not run.streams:
        raise NoStreams(run.identity.run)
    with whole_folder(out) as place:
        told = list(_unlisted(run))
        if to in ("csv", "parquet"):
            for name in TABLES:
                rows = table(run, name)
                if to == "csv":
                    atomic_files.write(place / f"{name}.csv", csv_of(rows))
                else:
                    write_parquet(place / f"{name}.parquet", name, rows)
            return told
        atomic_files.write(place / FRAMES_CSV, csv_of(table(run, "frames")))
        for stream in run.streams:
            inside = place
            if len(run.streams) > 1:
                inside = place / f"{stream.summary.node}.{stream.summary.stream}.{stream.summary.session}"
                inside.mkdir()
            told += LAYOUTS[to](StreamFates(stream), inside)
        return told


def csv_of(rows: Table) -> bytes:
    """UTF-8 with a line of names; nothing between commas where there is nothing."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows)
    writer.writerows(zip(*rows.values(), strict=True))
    return text.getvalue().encode(errors="backslashreplace")


def counts(out: Path) -> list[tuple[str, int]]:
    """Every file of an export with its bytes, by name."""
    files: Sequence[Any] = sorted(path for path in out.rglob("*") if path.is_file())
    return [(str(path.relative_to(out)), path.stat().st_size) for path in files]


def _unlisted(run: LoadedRun) -> Iterator[str]:
    for stream in run.streams:
        fates = StreamFates(stream)
        if fates.recording is None:
            yield f"{stream.name}: without its recording there is no truth and no class ({stream.absent})"
        if fates.unlisted:
            yield f"{stream.name}: {fates.unlisted} captured frames without a report have no row: nobody knows which"
