"""`gilmok replay export`: a run folder for other programs."""

import argparse
from pathlib import Path


def register(parser: argparse.ArgumentParser) -> None:
    # What is in them is known without importing what writes them: tests/replay/export holds the two together.
    formats = ("coco", "csv", "fiftyone", "kitti", "mot", "openlabel", "parquet")
    parser.description = "Every column and file, and what reads it: docs/export.md."
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--to", required=True, choices=formats, help="what to write")
    parser.add_argument("--out", required=True, type=Path, metavar="PATH", help="the folder to make")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(call=_export)


def _export(chosen: argparse.Namespace) -> int:
    from replay.export.export import counts, export
    from replay.runs.loaded import read_run
    from sensors.terminal import console
    from sensors.terminal.figures import size
    from sensors.terminal.text_table import Text

    with console.waiting(f"writing {chosen.to}"):
        told = export(read_run(chosen.run), chosen.to, chosen.out)
    files = counts(chosen.out)
    if chosen.json:
        console.print_json({"format": chosen.to, "out": str(chosen.out), "files": dict(files), "notes": told})
        return 0
    shown = [f"{chosen.out / name} ({size(n)})" for name, n in files[:8]]
    more = [f"and {len(files) - 8} more files"] if len(files) > 8 else []
    console.show(*shown, *more, *(Text(f"note: {line}", "dim") for line in told))
    return 0
