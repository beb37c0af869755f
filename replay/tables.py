"""A run's summary as tables for a terminal."""

import math
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from replay.metrics.percentiles import QUANTILES, Percentiles, least_n
from replay.summary import StreamSummary, Summary
from sensors.clock import NS_PER_MS


def render(summary: Summary) -> RenderableType:
    """Frames, latency and accuracy per node and stream; then what is wrong, if anything is."""
    parts: list[RenderableType] = [
        frames_table(summary.streams),
        latency_table(summary.streams),
        accuracy_table(summary.streams),
    ]
    parts += [Text(line, style="red") for line in _wrong(summary)]
    return Group(*parts)


def frames_table(streams: Sequence[StreamSummary]) -> Table:
    table = Table(title="Frames", title_justify="left", caption_justify="left")
    for column in ("node", "stream", "model", "device", "recording", "pace"):
        table.add_column(column, overflow="fold")
    for column in ("captured", "ok", "failed", "dropped", "fps"):
        table.add_column(column, justify="right")
    table.add_column("books")
    for one in streams:
        table.add_row(
            one.node,
            one.stream,
            one.model,
            f"{one.backend}:{one.device}",
            one.recording,
            one.pace,
            str(one.frames.captured),
            str(one.frames.ok),
            str(one.frames.failed),
            str(one.frames.dropped),
            number(one.fps, 1),
            "balance" if one.books.balanced else Text("don't balance", style="red"),
        )
    return table


def latency_table(streams: Sequence[StreamSummary]) -> Table:
    table = Table(title="Latency of ok frames, ms", title_justify="left")
    for column in ("node", "stream", "stage"):
        table.add_column(column)
    for column in ("p50", "p90", "p99", "p99.9", "max", "n"):
        table.add_column(column, justify="right")
    for one in streams:
        for name, row in one.latency_ns.items():
            label = {"total": "capture to result", "hub": "capture to hub"}.get(name, f"  {name}")
            table.add_row(one.node, one.stream, label, *_percentile_cells(row))
        if one.pacing is not None:
            lateness = one.pacing
            cells = [_ms(lateness.p50_ns), "", _ms(lateness.p99_ns), "", _ms(lateness.max_ns), str(lateness.n)]
            table.add_row(one.node, one.stream, "pacing error", *cells)
    return table


def accuracy_table(streams: Sequence[StreamSummary]) -> Table:
    table = Table(title="Accuracy (COCO AP, dropped and failed frames count as misses)", title_justify="left")
    for column in ("node", "stream", "class"):
        table.add_column(column)
    for column in ("AP50", "AP50:95", "small", "medium", "large", "AR100", "frames", "truth"):
        table.add_column(column, justify="right")
    for one in streams:
        if one.accuracy.unknown:
            table.add_row(one.node, one.stream, Text(one.accuracy.unknown, style="dim"))
            continue
        table.add_row(one.node, one.stream, "all", *_accuracy_cells(one.accuracy.coco))
        for name, figures in one.accuracy.per_class.items():
            table.add_row(one.node, one.stream, f"  {name}", *_accuracy_cells(figures))
    return table


def number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _percentile_cells(row: Percentiles) -> list[str]:
    values = {"p50": row.p50, "p90": row.p90, "p99": row.p99, "p999": row.p999}
    cells = [f"n<{least_n(QUANTILES[name])}" if value is None else _ms(value) for name, value in values.items()]
    return [*cells, "-" if row.max is None else _ms(row.max), str(row.n)]


def _accuracy_cells(figures: Mapping[str, float]) -> list[str]:
    shown = [number(figures.get(key, math.nan), 4) for key in ("AP50", "AP", "APs", "APm", "APl", "AR100")]
    return [*shown, number(figures.get("n_frames", math.nan), 0), number(figures.get("n_truth", math.nan), 0)]


def _ms(value_ns: int) -> str:
    return f"{value_ns / NS_PER_MS:.2f}"


def _wrong(summary: Summary) -> list[str]:
    failures = [
        f"{one.node}/{one.stream}: {count} frames failed: {reason}"
        for one in summary.streams
        for reason, count in one.failures.items()
    ]
    lines = [*summary.troubles, *failures, *summary.books.complaints]
    lines += [f"this run is invalid: {why}" for why in summary.invalid_because]
    return lines
