"""How well a node's tracker kept apart who is who, as a table."""

import math

from replay.report import texts
from replay.report.views.shapes import Row, Table
from replay.runs.loaded import LoadedStream

RATIOS, COUNTS = ("HOTA", "DetA", "AssA", "MOTA", "IDF1"), ("IDSW", "n_frames", "n_truth_tracks")
COLUMNS = (*((name, "tracking") for name in (*RATIOS, "IDSW")), ("frames", ""), ("tracks", ""))


def tracking_table(stream: LoadedStream) -> Table | None:
    """None where the node ran no tracker, or nothing is known of it."""
    known = stream.summary.accuracy.tracking
    if known is None or not known.per_class:
        return None
    rows = []
    for name, figures in known.per_class.items():
        told = {key: math.nan if value is None else value for key, value in figures.items()}
        ratios = [texts.figure(told.get(key, math.nan)) for key in RATIOS]
        counts = [texts.figure(told.get(key, math.nan), 0) for key in COUNTS]
        rows.append(Row(name, (*ratios, *counts)))
    return Table("Tracking", COLUMNS, tuple(rows))
