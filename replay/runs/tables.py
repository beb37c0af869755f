"""A run's summary as tables for a terminal."""

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from replay.metrics.percentiles import QUANTILES, Percentiles, least_n
from replay.metrics.streaming import Freshness
from replay.runs.summary import StreamSummary, Summary
from sensors.clock import NS_PER_MS


def render(summary: Summary) -> RenderableType:
    """What ran, then frames, latency and accuracy per stream; then what is wrong, if anything is. Fits 80 columns."""
    parts: list[RenderableType] = [
        *(Text(_what_ran(one)) for one in summary.streams),
        frames_table(summary.streams),
        latency_table(summary.streams),
        accuracy_table(summary.streams),
        *streaming_tables(summary.streams),
        *tracking_tables(summary.streams),
    ]
    parts += [
        Text(f"about {one.recording}: {remark}", style="dim") for one in summary.streams for remark in one.remarks
    ]
    parts += [Text(line, style="red") for line in _wrong(summary)]
    return Group(*parts)


def frames_table(streams: Sequence[StreamSummary]) -> Table:
    table = _table("Frames", "captured", "ok", "failed", "dropped", "fps", "books")
    for one in streams:
        counts = (one.frames.captured, one.frames.ok, one.frames.failed, one.frames.dropped)
        books = "balance" if one.books.balanced else Text("don't balance", style="red")
        table.add_row(_name(one), *map(str, counts), number(one.fps, 1), books)
    return table


def latency_table(streams: Sequence[StreamSummary]) -> Table:
    table = _table("Latency of ok frames, ms", "p50", "p90", "p99", "p99.9", "max", "n")
    for one in streams:
        table.add_row(Text(_name(one), style="bold"), end_section=False)
        for name, row in one.latency_ns.items():
            label = {"total": "capture to result", "hub": "capture to hub"}.get(name, f"  {name}")
            table.add_row(label, *percentile_cells(row))
            if name == "hub" and one.hub_bound_ns is not None and one.hub_bound_ns.max:
                table.add_row("  ± (systematic)", *percentile_cells(one.hub_bound_ns))
        if one.hub_unknown:
            table.add_row("capture to hub", "-", "-", "-", "-", "-", "0")
        if one.pacing is not None:
            lateness = one.pacing
            cells = [_ms(lateness.p50_ns), "", _ms(lateness.p99_ns), "", _ms(lateness.max_ns), str(lateness.n)]
            table.add_row("camera's lateness", *cells)
    return table


def accuracy_table(streams: Sequence[StreamSummary]) -> Table:
    title = "Accuracy (COCO; dropped and failed frames count as misses)"
    table = _table(title, "AP50", "AP50:95", "AR100", "frames", "truth boxes")
    for one in streams:
        if one.accuracy.unknown:
            table.add_row(_name(one), Text(one.accuracy.unknown, style="dim"))
            continue
        table.add_row(Text(_name(one), style="bold"))
        table.add_row("  all", *_accuracy_cells(one.accuracy.coco))
        for name, figures in one.accuracy.per_class.items():
            table.add_row(f"  {name}", *_accuracy_cells(figures))
    return table


def streaming_tables(streams: Sequence[StreamSummary]) -> list[Table]:
    """One table, or none where no stream ran in real time."""
    timed = [(one, one.accuracy.streaming) for one in streams if one.pace == "realtime" and one.accuracy.streaming]
    if not timed:
        return []
    title = "Streaming accuracy (AP against the newest answer there was; age of it, ms)"
    table = _table(title, "AP", "AP50", "misses", "in time", "age p50", "p99", "n")
    for one, known in timed:
        table.add_row(Text(_name(one), style="bold"), Text(known.unknown, style="dim"))
        if known.unknown:
            continue
        table.add_row("  offline", figure(known.offline), figure(known.ap50["offline"]))
        table.add_row("  at the node", figure(known.sap_edge), figure(known.ap50["edge"]), *fresh_cells(known.edge))
        # An offline run has no hub: a row of its own would only say so.
        if known.hub is not None:
            table.add_row("  at the hub", figure(known.sap_hub), figure(known.ap50["hub"]), *fresh_cells(known.hub))
    return [table]


def fresh_cells(fresh: Freshness | None, digits: int = 2) -> list[str]:
    """Misses, in time, age p50 and p99 in ms, and the n of the ages."""
    if fresh is None:
        return []
    return [str(fresh.miss), str(fresh.in_time), *percentile_cells(fresh.age_ns, digits)[0:3:2], str(fresh.age_ns.n)]


def figure(value: float | None) -> str:
    return number(math.nan if value is None else value, 4)


def tracking_tables(streams: Sequence[StreamSummary]) -> list[Table]:
    """One table, or none where no node ran a tracker."""
    tracked = [(one, one.accuracy.tracking) for one in streams if one.accuracy.tracking]
    if not tracked:
        return []
    title = "Tracking (misses counted as above; IDSW: identity switches)"
    table = _table(title, "HOTA", "AssA", "MOTA", "IDF1", "IDSW", "frames", "tracks")
    for one, known in tracked:
        table.add_row(Text(_name(one), style="bold"), Text(known.unknown, style="dim"))
        for name, figures in known.per_class.items():
            told = {key: math.nan if value is None else value for key, value in figures.items()}
            ratios = [number(told[key], 4) for key in ("HOTA", "AssA", "MOTA", "IDF1")]
            counts = [number(told[key], 0) for key in ("IDSW", "n_frames", "n_truth_tracks")]
            table.add_row(f"  {name}", *ratios, *counts)
    return [table]


def _table(title: str, *columns: str) -> Table:
    """The stream on the left, numbers on the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stream", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _name(one: StreamSummary) -> str:
    return f"{one.node}/{one.stream}"


def _what_ran(one: StreamSummary) -> str:
    kind = "" if one.device_kind == "cpu" else f" ({one.device_kind})"
    recording = one.recording or "a source without truth"
    return f"{_name(one)}: {one.model} on {one.backend}:{one.device}{kind}, {recording}, {one.pace}"


def number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def percentile_cells(row: Percentiles, digits: int = 2) -> list[str]:
    """p50, p90, p99, p99.9 and the greatest in ms, and n."""
    values = {"p50": row.p50, "p90": row.p90, "p99": row.p99, "p999": row.p999}
    cells = [f"n<{least_n(QUANTILES[name])}" if value is None else _ms(value, digits) for name, value in values.items()]
    return [*cells, "-" if row.max is None else _ms(row.max, digits), str(row.n)]


def _accuracy_cells(figures: Mapping[str, float]) -> list[str]:
    shown = [number(figures.get(key, math.nan), 4) for key in ("AP50", "AP", "AR100")]
    return [*shown, number(figures.get("n_frames", math.nan), 0), number(figures.get("n_truth", math.nan), 0)]


def _ms(value_ns: int, digits: int = 2) -> str:
    return f"{value_ns / NS_PER_MS:.{digits}f}"


def _wrong(summary: Summary) -> list[str]:
    failures = [
        f"{one.node}/{one.stream}: {count} frames failed: {reason}"
        for one in summary.streams
        for reason, count in one.failures.items()
    ]
    clocks = [line for one in summary.streams for line in _clock_notes(one)]
    lines = [*summary.troubles, *failures, *clocks, *summary.books.complaints]
    lines += [f"this run is invalid: {why}" for why in summary.invalid_because]
    return lines


def _clock_notes(one: StreamSummary) -> list[str]:
    notes = []
    if one.hub_unknown:
        notes.append(f"{_name(one)}: the time from capture to hub can't be told: {one.hub_unknown}")
    if one.clock_steps:
        notes.append(f"{_name(one)}: the node's clock or the hub's was set, or stood still, {one.clock_steps} times")
    return notes
