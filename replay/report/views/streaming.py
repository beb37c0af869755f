"""What the answers were worth when they came: streaming accuracy, its age, and what more latency would do to it."""

from collections.abc import Iterator

from replay.metrics.freshness import STATED_MS, Freshness
from replay.report import texts
from replay.report.charts.accuracy import accuracy_if_later
from replay.report.views.shapes import Figure, Row, Table
from replay.runs.loaded import LoadedStream
from replay.runs.supposition import Supposed
from replay.runs.tables import streaming_rows
from replay.runs.whatif import NothingToSuppose, suppose

ADDED_MS = (0.0, 20.0, 50.0, 100.0, 200.0, 400.0)
COLUMNS = (
    ("AP", "streaming"),
    ("its 95 %", "ap"),
    ("AP50", "streaming"),
    ("its 95 %", "ap"),
    ("pictures", ""),
    ("objects", ""),
    ("misses", "streaming"),
    *((f"≤ {ms} ms", "within") for ms in STATED_MS),
    ("of frames", "within"),
    ("mean age, ms", "age"),
    ("p50", "age"),
    ("p99", "age"),
    ("of answers", "age"),
)


def streaming_table(stream: LoadedStream) -> Table | None:
    """By the frames' own answers, at the node and at the hub; None where the stream wasn't in real time."""
    rows = [
        Row(row.name, (*row.cells(texts.figure, texts.UNKNOWN, " to "), *_fresh(row.fresh)))
        for row in streaming_rows(stream.summary.accuracy)
    ]
    return Table("Accuracy when it was asked for, and the age of the answers", COLUMNS, tuple(rows)) if rows else None


def later_figure(stream: LoadedStream, anchor: str) -> Iterator[Figure]:
    """The what-if curve, where there is one."""
    recorded = stream.summary.pace == "realtime"
    try:
        curve = suppose(stream, Supposed(added_ms=ADDED_MS, scales=() if recorded else (1.0,)))
    except NothingToSuppose:
        return
    points = curve.record if recorded else curve.points
    where = (
        "From the run as it was"
        if recorded
        else "Simulated for the recording's own frame rate: a node that takes the newest frame when it has room"
    )
    yield Figure(
        "What it would be worth if it came later",
        accuracy_if_later(points, curve.captured["AP50"], f"{anchor}-later"),
        "Whoever asks gets the newest answer there is, and the world has moved on. "
        f"{where}; every answer then takes so much longer on its way. "
        f"{texts.count(points[0].freshness.n // points[0].passes, 'labelled instant')}.",
        ("streaming", "age", "ap"),
        wide=True,
    )


def _fresh(fresh: Freshness | None) -> tuple[str, ...]:
    """Nothing for frames by their own answers: there nothing is late."""
    if fresh is None:
        return ()
    misses = (f"{fresh.miss:,}",)
    if fresh.age is None or fresh.captured is None:
        return misses
    shares = [fresh.answered_within.get(str(ms)) for ms in STATED_MS]
    ages = fresh.age.over_time_ns
    return (
        *misses,
        *(texts.UNKNOWN if share is None else texts.share(share, 1) for share in shares),
        f"{fresh.captured:,}",
        texts.ms(fresh.age.mean_ns),
        texts.percentile(ages, "p50"),
        texts.percentile(ages, "p99"),
        f"{ages.n:,}",
    )
