"""A run's summary as tables for a terminal."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from replay.metrics.freshness import Freshness
from replay.metrics.percentiles import QUANTILES, Percentiles, least_n
from replay.runs.same_frames.tables import render_pairs
from replay.runs.summary import StreamSummary, Summary
from replay.scoring.ap_interval import ApInterval
from replay.scoring.class_table import told
from replay.scoring.summary import AccuracySummary
from sensors.terminal.figures import between, ms, number
from sensors.terminal.text_table import Table, Text, numbers

ROW_NAMES = {
    "total": "capture to result",
    "publish": "result to publication",
    "failed": "failed frames, until given up",
    "hub": "capture to hub",
}
SHOWN_MS = 100
"""Which of the stated times (`replay.metrics.freshness.STATED_MS`) has a column."""


def render(summary: Summary) -> list[Text | Table]:
    """What ran, then frames, latency and accuracy per stream; then what is wrong, if anything is."""
    parts: list[Text | Table] = [
        *(Text(_what_ran(one)) for one in summary.streams),
        frames_table(summary.streams),
        latency_table(summary.streams),
        accuracy_table(summary.streams),
        *streaming_tables(summary.streams),
        *tracking_tables(summary.streams),
        *render_pairs(summary.same_frames),
    ]
    parts += [Text(f"{_name(one)}: {line}", "dim") for one in summary.streams for line in _classes(one)]
    parts += [
        Text(f"about {one.recording}: {one.accuracy.note}", "yellow") for one in summary.streams if one.accuracy.note
    ]
    parts += [Text(f"about {one.recording}: {remark}", "dim") for one in summary.streams for remark in one.remarks]
    parts += [Text(f"note: {_name(one)}: {late_note(one)}", "dim") for one in summary.streams if one.late]
    parts += [
        Text(f"{_name(one)}: no interval of AP: {sure.no_interval}", "dim")
        for one in summary.streams
        if (sure := one.accuracy.interval) is not None and sure.no_interval and not math.isnan(one.accuracy.coco["AP"])
    ]
    parts += [Text(f"note: {note}", "dim") for note in summary.notes]
    parts += [Text(line, "red") for line in _wrong(summary)]
    return parts


def frames_table(streams: Sequence[StreamSummary]) -> Table:
    # Of a node that died and came back: frames that were due and never captured.
    down = any(one.frames.down for one in streams)
    table = _table("Frames", "captured", "ok", "failed", "dropped", *["down"] * down, "fps", "books")
    for one in streams:
        counts = [one.frames.captured, one.frames.ok, one.frames.failed, one.frames.dropped, *[one.frames.down] * down]
        books = "balance" if one.books.balanced else Text("don't balance", "red")
        table.add(_name(one), *map(str, counts), number(one.fps, 1), books)
    return table


def latency_table(streams: Sequence[StreamSummary]) -> Table:
    table = _table("Latency of ok frames, ms", "p50", "p90", "p99", "p99.9", "max", "n")
    for one in streams:
        table.add(Text(_name(one), "bold"))
        for name, row in one.latency_ns.items():
            label = ROW_NAMES.get(name, f"  {name}")
            if name == "failed":
                label = f"{label} ({number(100 * row.n / (one.frames.ok + row.n), 1)} %)"
            table.add(label, *percentile_cells(row))
            if name == "hub" and one.hub_bound_ns is not None and one.hub_bound_ns.max:
                table.add("  ± (systematic)", *percentile_cells(one.hub_bound_ns))
        if one.hub_unknown:
            table.add("capture to hub", "-", "-", "-", "-", "-", "0")
        if one.pacing is not None:
            lateness = one.pacing
            least = least_n(QUANTILES["p99"])
            p99 = ms(lateness.p99_ns) if lateness.n >= least else f"n<{least}"
            cells = [ms(lateness.p50_ns), "", p99, "", ms(lateness.max_ns), str(lateness.n)]
            table.add("camera's lateness", *cells)
    return table


def accuracy_table(streams: Sequence[StreamSummary]) -> Table:
    title = "Accuracy (COCO; of all captured frames: dropped and failed ones count as misses)"
    table = _table(title, "AP50", "its 95 %", "AP50:95", "its 95 %", "AR100", "pictures", "boxes")
    for one in streams:
        known = one.accuracy
        if known.unknown:
            table.note(_name(one), Text(known.unknown, "dim"))
            continue
        table.add(Text(_name(one), "bold"))
        table.add("  all", *_accuracy_cells(known.coco, known.interval))
        if known.answered and known.answered["n_frames"] < known.coco["n_frames"]:
            table.add("  answered frames only", *_accuracy_cells(known.answered, known.interval_answered))
        for name, figures in known.per_class.items():
            table.add(f"  {name}", *_accuracy_cells(figures, known.interval, name))
    return table


def _classes(one: StreamSummary) -> list[str]:
    return told(one.accuracy.classes) if one.accuracy.classes else []


@dataclass(frozen=True, slots=True)
class StreamingRow:
    """AP of frames by one kind of answer."""

    name: str
    ap: float | None
    ap50: float | None
    sure: ApInterval | None
    n_frames: float | None
    n_truth: float | None
    fresh: Freshness | None
    """None: each frame by its own answer, where nothing is late."""

    def cells(self, number: Callable[[float | None], str], unknown: str, to: str = "..") -> list[str]:
        """AP and AP50 with their intervals, then pictures and boxes."""
        ends = [self.sure.of(figure=figure) if self.sure else (None, None) for figure in ("AP", "AP50")]
        aps = zip((self.ap, self.ap50), ends, strict=True)
        counts = [unknown if n is None or math.isnan(n) else f"{n:,.0f}" for n in (self.n_frames, self.n_truth)]
        cells = [cell for ap, (low, high) in aps for cell in (number(ap), between(low, high, to=to, unknown=unknown))]
        return [*cells, *counts]


def streaming_rows(accuracy: AccuracySummary) -> Iterator[StreamingRow]:
    """By the frames' own answers, at the node and, where there is one, at the hub."""
    known = accuracy.streaming
    if known is None or known.unknown:
        return
    for name, ap, key, figures, sure in (
        ("captured frames", known.ap_captured, "captured", accuracy.coco, accuracy.interval),
        ("answered frames", known.ap_answered, "answered", accuracy.answered, accuracy.interval_answered),
    ):
        counts = (figures.get("n_frames"), figures.get("n_truth"))
        yield StreamingRow(name, ap, known.ap50.get(key), sure, *counts, None)
    for name, ap, key, fresh in (
        ("at the node", known.sap_edge, "edge", known.edge),
        # An offline run has no hub: a row of its own would only say so.
        ("at the hub", known.sap_hub, "hub", known.hub),
    ):
        if key == "edge" or fresh is not None:
            sure = known.intervals.get(key)
            yield StreamingRow(name, ap, known.ap50.get(key), sure, known.n_frames, known.n_truth, fresh)


def streaming_tables(streams: Sequence[StreamSummary]) -> list[Table]:
    """What the answers were worth, and how old they were; none where no stream ran in real time."""
    timed = [(one, one.accuracy.streaming) for one in streams if one.pace == "realtime" and one.accuracy.streaming]
    if not timed:
        return []
    title = "Streaming accuracy (AP of frames by their own answers, then against the newest answer there was)"
    aps = _table(title, "AP", "its 95 %", "AP50", "its 95 %", "pictures", "boxes", "misses")
    title = f"Age of the newest answer over time, ms (and share of frames answered within {SHOWN_MS} ms)"
    ages = _table(title, f"≤{SHOWN_MS} ms", "of", "age p50", "p99", "n")
    for one, known in timed:
        if known.unknown:
            aps.note(_name(one), Text(known.unknown, "dim"))
            continue
        aps.add(Text(_name(one), "bold"))
        ages.add(Text(_name(one), "bold"))
        for row in streaming_rows(one.accuracy):
            misses, *fresh = fresh_cells(row.fresh) or [""]
            aps.add(f"  {row.name}", *row.cells(number, "-"), misses)
            if row.fresh is not None:
                ages.add(f"  {row.name}", *fresh[1:])
    return [aps, ages] if ages.rows else [aps]


def fresh_cells(fresh: Freshness | None, digits: int = 1) -> list[str]:
    """Misses, of instants; share answered in time, of frames; age p50 and p99 in ms, of answers."""
    if fresh is None:
        return []
    misses = [str(fresh.miss), str(fresh.n)]
    if fresh.age is None or fresh.captured is None:
        return misses
    within = number(100 * fresh.answered_within.get(str(SHOWN_MS), math.nan), 1)
    ages = fresh.age.over_time_ns
    return [*misses, f"{within} %", str(fresh.captured), *percentile_cells(ages, digits)[0:3:2], str(ages.n)]


def tracking_tables(streams: Sequence[StreamSummary]) -> list[Table]:
    """One table, or none where no node ran a tracker."""
    tracked = [(one, one.accuracy.tracking) for one in streams if one.accuracy.tracking]
    if not tracked:
        return []
    title = "Tracking (misses counted as above; IDSW: identity switches)"
    table = _table(title, "HOTA", "AssA", "MOTA", "IDF1", "IDSW", "frames", "tracks")
    for one, known in tracked:
        if known.unknown:
            table.note(_name(one), Text(known.unknown, "dim"))
            continue
        table.add(Text(_name(one), "bold"))
        for name, figures in known.per_class.items():
            ratios = [number(figures[key]) for key in ("HOTA", "AssA", "MOTA", "IDF1")]
            counts = [number(figures[key], 0) for key in ("IDSW", "n_frames", "n_truth_tracks")]
            table.add(f"  {name}", *ratios, *counts)
    return [table]


def _table(title: str, *columns: str) -> Table:
    """The stream on the left, numbers on the right."""
    return Table(title, ["stream", *numbers(*columns)])


def _name(one: StreamSummary) -> str:
    return f"{one.node}/{one.stream}"


def _what_ran(one: StreamSummary) -> str:
    kind = "" if one.device_kind == "cpu" else f" ({one.device_kind})"
    recording = one.recording or "a source without truth"
    return f"{_name(one)}: {one.model} on {one.backend}:{one.device}{kind}, {recording}, {one.pace}"


def percentile_cells(row: Percentiles, digits: int = 2) -> list[str]:
    """p50, p90, p99, p99.9 and the greatest in ms, and n."""
    values = {"p50": row.p50, "p90": row.p90, "p99": row.p99, "p999": row.p999}
    cells = [f"n<{least_n(QUANTILES[name])}" if value is None else ms(value, digits) for name, value in values.items()]
    return [*cells, ms(row.max, digits), str(row.n)]


def _accuracy_cells(figures: Mapping[str, float], sure: ApInterval | None, name: str | None = None) -> list[str]:
    """AP50 and AP with their intervals, AR100, and of how much that is."""
    aps = [
        cell
        for figure in ("AP50", "AP")
        for cell in (number(figures.get(figure)), between(*(sure.of(name, figure) if sure else (math.nan, math.nan))))
    ]
    return [*aps, number(figures.get("AR100")), *(number(figures.get(key), 0) for key in ("n_frames", "n_truth"))]


def _wrong(summary: Summary) -> list[str]:
    failures = [
        f"{one.node}/{one.stream}: {count} frames failed: {reason}"
        for one in summary.streams
        for reason, count in one.failures.items()
    ]
    clocks = [line for one in summary.streams for line in [*_incomplete(one), *_clock_notes(one)]]
    lines = [*summary.troubles, *failures, *clocks, *summary.books.complaints]
    lines += [f"this run is invalid: {why}" for why in summary.invalid_because]
    return lines


def late_note(one: StreamSummary) -> str:
    return f"{one.late} reports came late, out of a backlog; the time from capture to hub is of the others"


def _incomplete(one: StreamSummary) -> list[str]:
    notes = []
    if one.missing:
        here = one.frames.ok + one.frames.failed
        share = number(100 * (1 - len(one.unreported) / one.frames.captured), 1) if one.frames.captured else "-"
        notes.append(
            f"{_name(one)}: every figure rests on {here} of {here + one.missing} reports; what became of "
            f"{len(one.unreported)} of {one.frames.captured} frames is unknown, and accuracy is of the other {share} %"
        )
    return notes


def _clock_notes(one: StreamSummary) -> list[str]:
    notes = []
    if one.hub_unknown:
        notes.append(f"{_name(one)}: the time from capture to hub can't be told: {one.hub_unknown}")
    if one.clock_steps:
        notes.append(f"{_name(one)}: the node's clock or the hub's was set, or stood still, {one.clock_steps} times")
    return notes
