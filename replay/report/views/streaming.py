"""What the answers were worth when they came: streaming accuracy, its age, and what more latency would do to it."""

from collections.abc import Iterator

from replay.metrics.freshness import STATED_MS, Freshness
from replay.report import texts
from replay.report.charts.accuracy import accuracy_if_later
from replay.report.views.shapes import Figure, Row, Table
from replay.runs.loaded import LoadedStream
from replay.runs.supposition import Supposed
from replay.runs.tables import StreamingRow, streaming_rows
from replay.runs.whatif import NothingToSuppose, suppose

ADDED_MS = (0.0, 20.0, 50.0, 100.0, 200.0, 400.0)
AP_COLUMNS = (
    ("AP (its 95 %)", "streaming"),
    ("AP50 (its 95 %)", "streaming"),
    ("pictures", ""),
    ("objects", ""),
    ("misses", "streaming"),
)
AGE_COLUMNS = (
    *((f"≤ {ms} ms", "within") for ms in STATED_MS),
    ("of frames", "within"),
    ("mean age, ms", "age"),
    ("p50", "age"),
    ("p99", "age"),
    ("of answers", "age"),
)


def streaming_tables(stream: LoadedStream) -> Iterator[Table]:
    """By the frames' own answers, at the node and at the hub; none where the stream wasn't in real time."""
    rows = list(streaming_rows(stream.summary.accuracy))
    if not rows:
        return
    aps = tuple(
        Row(row.name, (*_own(row), texts.UNKNOWN if row.fresh is None else f"{row.fresh.miss:,}")) for row in rows
    )
    yield Table("Accuracy when it was asked for", AP_COLUMNS, aps)
    ages = tuple(Row(row.name, cells) for row in rows if row.fresh is not None and (cells := _fresh(row.fresh)))
    if ages:
        yield Table("The age of the answers, and how many frames were answered in time", AGE_COLUMNS, ages)


def _own(row: StreamingRow) -> tuple[str, ...]:
    ap, ap_ends, ap50, ap50_ends, *counts = row.cells(texts.figure, texts.UNKNOWN, " to ")
    return (f"{ap} ({ap_ends})", f"{ap50} ({ap50_ends})", *counts)


def later_figure(stream: LoadedStream, anchor: str) -> Iterator[Figure]:
    """The what-if curve, where there is one."""
    recorded = stream.summary.pace == "realtime"
    try:
        curve = suppose(stream, Supposed(added_ms=ADDED_MS, scales=() if recorded else (1.0,), sure=True))
    except NothingToSuppose:
        return
    points = curve.record if recorded else curve.points
    where = (
        "From the run as it was"
        if recorded
        else "Simulated for the recording's own frame rate: a node that takes the newest frame when it has room"
    )
    sure = "; bars: 95 %" if any(point.figures.get("AP50_low") is not None for point in points) else ""
    yield Figure(
        "What it would be worth if it came later",
        accuracy_if_later(points, curve.captured["AP50"], f"{anchor}-later"),
        "Whoever asks gets the newest answer there is, and the world has moved on. "
        f"{where}; every answer then takes so much longer on its way. "
        f"{texts.count(points[0].freshness.n // points[0].passes, 'labelled instant')}{sure}.",
        ("streaming", "age", "ap"),
        wide=True,
    )


def _fresh(fresh: Freshness) -> tuple[str, ...]:
    """Empty where answers' ages can't be told."""
    if fresh.age is None or fresh.captured is None:
        return ()
    shares = [fresh.answered_within.get(str(ms)) for ms in STATED_MS]
    ages = fresh.age.over_time_ns
    return (
        *(texts.UNKNOWN if share is None else texts.share(share, 1) for share in shares),
        f"{fresh.captured:,}",
        texts.ms(fresh.age.mean_ns),
        texts.percentile(ages, "p50"),
        texts.percentile(ages, "p99"),
        f"{ages.n:,}",
    )
