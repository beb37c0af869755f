"""One stream's section of the page: everything that its template shows, ready to be shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.pool import Numbers
from replay.report import texts
from replay.report.charts.latency import over_time, stage_boxes, tail
from replay.report.charts.style import STAGE_COLOURS
from replay.report.timeline import timeline
from replay.report.views.accuracy import AccuracyView, accuracy_view
from replay.report.views.same_frames import shadow_tables
from replay.report.views.shapes import Figure, Row, Table
from replay.report.views.tile import Tile
from replay.runs.loaded import LoadedStream
from replay.runs.same_frames.figures import OnSameFrames
from replay.scoring.ap_interval import ApInterval
from sensors.clock import NS_PER_MS
from sensors.terminal.figures import of_set

LATENCY_COLUMNS = (*((mark, "percentile") for mark in ("p50", "p90", "p99", "p99.9")), ("max", ""), ("n", ""))
ROW_NAMES = {
    "total": ("capture to result", "latency"),
    "publish": ("result to publication", "publish"),
    "failed": ("failed frames, until given up", "frames"),
    "hub": ("capture to hub", "hub"),
}


@dataclass(frozen=True, slots=True)
class StageShare:
    stage: str
    percent: float
    mean_ms: str
    colour: str


@dataclass(frozen=True, slots=True, eq=False)
class StreamView:
    anchor: str
    name: str
    material: LoadedStream
    what_ran: str
    fates: str
    speed: str
    lateness: str
    clocks: str
    tiles: tuple[Tile, ...]
    shares: tuple[StageShare, ...]
    latency: Table
    figures: tuple[Figure, ...]
    accuracy: AccuracyView
    shadows: tuple[Table, ...]
    """Of what ran beside its model; none where nothing did."""


def stream_view(
    stream: LoadedStream, anchor: str, picture_bytes: int, beside: Sequence[OnSameFrames] = ()
) -> StreamView:
    """Every picture of a frame within `picture_bytes`."""
    return StreamView(
        anchor=anchor,
        name=stream.name,
        material=stream,
        what_ran=texts.what_ran(stream),
        fates=texts.fates(stream.summary.frames),
        speed=texts.speed(stream),
        lateness=texts.lateness(stream),
        clocks=texts.clocks(stream),
        tiles=tuple(_tiles(stream)),
        shares=tuple(_shares(stream)),
        latency=Table("Latency of ok frames, ms", LATENCY_COLUMNS, tuple(_latency_rows(stream))),
        figures=tuple(_figures(stream, anchor)),
        accuracy=accuracy_view(stream, anchor, picture_bytes),
        shadows=tuple(table for pair in beside for table in shadow_tables(pair)),
    )


def _tiles(stream: LoadedStream) -> Iterator[Tile]:
    one = stream.summary
    total = one.latency_ns["total"]
    frames = one.frames
    yield Tile("frames answered", texts.share(frames.ok, frames.captured), f"{frames.ok:,} of {frames.captured:,}",
               "frames")  # fmt: skip
    rate = f"of the camera's {stream.stream.fps:g}" if stream.stream.fps and one.pace == "realtime" else one.pace
    yield Tile("fps", texts.figure(one.fps, 1), rate, "fps")
    yield Tile("latency, median", texts.percentile(total, "p50"), "ms to the result", "latency")
    yield Tile("latency, p99", texts.percentile(total, "p99"), f"ms, n={total.n:,}", "percentile")
    if not one.accuracy.unknown:
        coco, sure = one.accuracy.coco, one.accuracy.interval
        size = of_set(coco.get("n_frames"), coco.get("n_truth"))
        for figure in ("AP50", "AP"):
            yield Tile(figure, texts.figure(coco.get(figure), 3), f"{_sure(sure, figure)}; {size}", "ap")
        streaming = one.accuracy.streaming
        if streaming is not None and streaming.edge is not None:
            size = of_set(streaming.n_frames, streaming.n_truth)
            detail = f"at the node; {_sure(streaming.intervals.get('edge'), 'AP50')}; {size}"
            yield Tile("streaming AP50", texts.figure(streaming.ap50.get("edge"), 3), detail, "streaming")


def _sure(interval: ApInterval | None, figure: str) -> str:
    told = texts.between(*interval.of(figure=figure)) if interval else texts.UNKNOWN
    return "no interval" if told == texts.UNKNOWN else f"95 %: {told}"


def _shares(stream: LoadedStream) -> Iterator[StageShare]:
    """Of the mean: only means add up to the whole."""
    means = {stage: float(values.mean()) for stage, values in _stages(stream).items()}
    whole = sum(means.values())
    for stage, mean_ms in means.items():
        if whole:
            colour = STAGE_COLOURS.get(stage, "#66727f")
            yield StageShare(stage, 100 * mean_ms / whole, f"{mean_ms:.2f}", colour)


def _latency_rows(stream: LoadedStream) -> Iterator[Row]:
    for name, row in stream.summary.latency_ns.items():
        label, term = ROW_NAMES.get(name, (name, "stages"))
        cells = [texts.percentile(row, mark) for mark in ("p50", "p90", "p99", "p999")]
        yield Row(label, (*cells, texts.ms(row.max), f"{row.n:,}"), term, inner=name not in ROW_NAMES)
    bound = stream.summary.hub_bound_ns
    if bound is not None and bound.max:
        cells = [texts.percentile(bound, mark) for mark in ("p50", "p90", "p99", "p999")]
        yield Row("± (systematic)", (*cells, texts.ms(bound.max), f"{bound.n:,}"), "bound", inner=True)


def _figures(stream: LoadedStream, anchor: str) -> Iterator[Figure]:
    stages = _stages(stream)
    if not stages:
        return
    total, published = _totals(stream)
    paced = bool(stream.stream.fps) and stream.summary.pace == "realtime"
    period_ms = 1000 / stream.stream.fps if stream.stream.fps and paced else np.nan
    yield Figure(
        "Where the time goes",
        stage_boxes({"capture to result": total, **stages}, f"{anchor}-stages"),
        f"Box: the middle half of {texts.count(len(total), 'ok frame')}; dark line and number: the median; line: p10 "
        "to p90; dot: the slowest.",
        ("stages", "latency", "percentile"),
    )
    yield Figure(
        "How bad it gets",
        tail({"capture to result": total, "capture to publish": published}, period_ms, f"{anchor}-tail"),
        "Each curve tells what share of the frames took longer than the time below it.",
        ("tail", "publish", *(["period"] if paced else [])),
    )
    recording = stream.recording
    frames = stream.summary.frames
    numbers: Sequence[int] | None = recording.numbers[: frames.captured] if recording else None
    time = timeline(stream.reports, numbers, frames.dropped)
    yield Figure(
        "When it happened",
        over_time(time, period_ms, f"{anchor}-time"),
        f"Each dot is an ok frame, at the instant it was taken. {_losses(stream, len(time.dropped_s))}",
        ("latency", "frames", *(["period"] if paced else [])),
        wide=True,
    )


def _losses(stream: LoadedStream, placed: int) -> str:
    frames = stream.summary.frames
    if not frames.dropped and not frames.failed:
        return "No frame was dropped, none failed."
    if frames.dropped and not placed:
        return f"When the {texts.count(frames.dropped, 'dropped frame')} came is not known."
    return "The bars below count the frames that were lost."


def _stages(stream: LoadedStream) -> dict[str, Numbers]:
    """Milliseconds of every ok frame by stage, in the birth's order; stages that never ran are left out."""
    ok = [report for report in stream.reports if report.status == "ok"]
    return {
        stage: np.array([report.stages.get(stage, 0) for report in ok]) / NS_PER_MS
        for stage in stream.birth.stages
        if any(stage in report.stages for report in ok)
    }


def _totals(stream: LoadedStream) -> tuple[Numbers, Numbers]:
    """Milliseconds of every ok frame from its stamp: to its result, and until it was published."""
    ok = [report for report in stream.reports if report.status == "ok"]
    total = np.array([report.total_ns for report in ok]) / NS_PER_MS
    published = np.array([report.published.mono_ns - report.stamp.mono_ns for report in ok]) / NS_PER_MS
    return total, published
