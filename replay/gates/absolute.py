"""Bars that a run clears, or doesn't, by its own figures."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from replay.gates.bar_results import BarResult
from replay.gates.bars import STREAMED, TRACKED, AccuracyBar, Bar, FramesBar, Gates, LatencyBar, RateBar
from replay.metrics.percentiles import QUANTILES, least_n
from replay.runs.loaded import LoadedRun
from replay.runs.summary import INTERRUPTED, StreamSummary
from replay.scoring.ap_interval import ApInterval
from sensors.clock import NS_PER_MS
from sensors.terminal.figures import UNKNOWN, between, of_set

STAGE_NAMES = {"total": "latency", "hub": "latency to the hub"}

B = TypeVar("B", bound=Bar)


@dataclass(frozen=True, slots=True)
class Reading:
    value: float
    undefined: str = ""
    """Why there is no value."""
    rests_on: str = ""
    """Of an AP: how sure it is, and of how much."""


@dataclass(frozen=True, slots=True)
class Limit:
    bound: float
    most: bool = False
    """The greatest that is allowed; else the least."""

    def cleared(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound

    def __str__(self) -> str:
        return f"{'<=' if self.most else '>='} {self.bound:g}"


def undefined(why: str) -> Reading:
    return Reading(math.nan, why or "nobody says why")


def results(gates: Gates, runs: Sequence[LoadedRun], *, interrupted_too: bool = False) -> Iterator[BarResult]:
    """In the order of the file; every bar is held against every stream that it names, of every run.

    `interrupted_too`: having been cut short makes no run invalid.
    """
    if gates.valid:
        yield _sound("the run is valid", runs, lambda run: _invalid(run, interrupted_too))
    if gates.books:
        yield _sound("the books balance", runs, lambda run: list(run.summary.books.complaints))
    for accuracy in gates.accuracy:
        of = f" of {accuracy.label}" if accuracy.label else ""
        yield _held(accuracy, "accuracy", f"{accuracy.figure}{of}", Limit(accuracy.at_least), runs, read_accuracy)
    for latency in gates.latency:
        what = f"{STAGE_NAMES.get(latency.stage, latency.stage)} {latency.percentile}, ms"
        most = Limit(latency.at_most_ms, most=True)
        yield _held(latency, "latency", what, most, runs, read_latency)
    for frames in gates.frames:
        yield _held(
            frames, "frames", f"share of frames {frames.fate}", Limit(frames.at_most, most=True), runs, read_frames
        )
    for rate in gates.rate:
        yield _held(rate, "rate", "frames per second", Limit(rate.at_least_fps), runs, read_rate)


def read_accuracy(bar: AccuracyBar, one: StreamSummary) -> Reading:
    known = one.accuracy
    if known.unknown:
        return undefined(known.unknown)
    if bar.figure in STREAMED:
        return _streamed(bar, one)
    if bar.figure in TRACKED:
        return _tracked(bar, one)
    if bar.label and bar.label not in known.per_class:
        return undefined(_no_class(bar.label, known.per_class))
    figures = known.per_class[bar.label] if bar.label else known.coco
    value = figures.get(bar.figure, math.nan)
    if math.isnan(value):
        return undefined("the truth holds nothing to find")
    return Reading(
        value,
        rests_on=_rests_on(known.interval, bar.figure, figures.get("n_frames"), figures.get("n_truth"), bar.label),
    )


def _rests_on(
    interval: ApInterval | None, figure: str, n_frames: float | None, n_truth: float | None, label: str = ""
) -> str:
    ends = between(*interval.of(label or None, figure)) if interval else UNKNOWN
    return f"95 %: {ends}; {of_set(n_frames, n_truth)}"


def _streamed(bar: AccuracyBar, one: StreamSummary) -> Reading:
    known = one.accuracy.streaming
    if known is None:
        return undefined("the run's summary has no streaming accuracy")
    value = known.sap_edge if bar.figure == "sAP_edge" else known.sap_hub
    if value is None or math.isnan(value):
        return undefined(known.unknown or (known.hub_unknown if bar.figure == "sAP_hub" else "") or "nothing to find")
    sure = known.intervals.get("edge" if bar.figure == "sAP_edge" else "hub")
    return Reading(value, rests_on=_rests_on(sure, "AP", known.n_frames, known.n_truth))


def _tracked(bar: AccuracyBar, one: StreamSummary) -> Reading:
    known = one.accuracy.tracking
    if known is None or known.unknown:
        return undefined("the node ran no tracker" if known is None else known.unknown)
    if bar.label not in known.per_class:
        return undefined(_no_class(bar.label, known.per_class))
    value = known.per_class[bar.label].get(bar.figure)
    return undefined("the truth holds no track of it") if value is None or math.isnan(value) else Reading(value)


def _no_class(label: str, there: Iterable[str]) -> str:
    return f"no class {label!r} was evaluated; there are {', '.join(there)}"


def read_latency(bar: LatencyBar, one: StreamSummary) -> Reading:
    row = one.latency_ns.get(bar.stage)
    if row is None:
        why = one.hub_unknown if bar.stage == "hub" else ""
        return undefined(why or f"there is no time for {bar.stage!r}; there are {', '.join(one.latency_ns)}")
    mark = bar.percentile.replace(".", "")
    value: int | None = getattr(row, mark)
    if value is None:
        needs = least_n(QUANTILES[mark]) if mark in QUANTILES else 1
        return undefined(f"n too small: {row.n} ok frames, and {bar.percentile} needs {needs}")
    # Between machines a time is known up to the clocks' bound: the bar must be cleared wherever in it the truth lies.
    doubt = getattr(one.hub_bound_ns, mark) if bar.stage == "hub" and one.hub_bound_ns is not None else 0
    return undefined("the clocks' bound is not known") if doubt is None else Reading((value + doubt) / NS_PER_MS)


def read_frames(bar: FramesBar, one: StreamSummary) -> Reading:
    if not one.frames.captured:
        return undefined("no frame was captured")
    lost: int = getattr(one.frames, bar.fate)
    return Reading(lost / one.frames.captured)


def read_rate(bar: RateBar, one: StreamSummary) -> Reading:  # noqa: ARG001 - readers are called alike
    return undefined("fewer than two frames were answered") if math.isnan(one.fps) else Reading(one.fps)


def _sound(name: str, runs: Sequence[LoadedRun], complaints: Callable[[LoadedRun], list[str]]) -> BarResult:
    why = [f"{run.identity.run}: {one}" for run in runs for one in complaints(run)]
    return BarResult(kind="validity", name=name, passed=not why, why="; ".join(why))


def _invalid(run: LoadedRun, interrupted_too: bool) -> list[str]:
    summary = run.summary
    excused = interrupted_too and summary.interrupted
    why = [one for one in (*summary.invalid_because, *summary.troubles) if not (excused and one == INTERRUPTED)]
    if not summary.streams:
        why.append("it has no stream")
    return why or ([] if summary.valid or excused else ["it is marked invalid"])


def _held(
    bar: B,
    kind: str,
    what: str,
    limit: Limit,
    runs: Sequence[LoadedRun],
    read: Callable[[B, StreamSummary], Reading],
) -> BarResult:
    asked = f"{what} {limit}"
    name = bar.name or (f"{asked} on {bar.stream}" if bar.stream else asked)

    def result(why: str, value: float = math.nan, where: str = "", rests_on: str = "") -> BarResult:
        return BarResult(
            kind=kind,
            name=name,
            passed=not why,
            value=value,
            bound=limit.bound,
            where=where,
            rests_on=rests_on,
            why=why,
        )

    readings: list[tuple[str, Reading]] = []
    for run in runs:
        streams = [one.summary for one in run.streams if bar.stream in ("", one.name, one.summary.stream)]
        if not streams:
            there = ", ".join(one.name for one in run.streams) or "none"
            return result(f"undefined: {run.identity.run} has no stream {bar.stream!r}; there are {there}")
        readings += [(_place(run, one, len(runs)), read(bar, one)) for one in streams]
    blind = [f"{place}: {reading.undefined}" for place, reading in readings if reading.undefined]
    if blind:
        return result(f"undefined: {'; '.join(blind)}")
    place, worst = (max if limit.most else min)(readings, key=lambda one: one[1].value)
    cleared = limit.cleared(worst.value)
    return result(
        "" if cleared else f"{worst.value:.6g} on {place}, the bar is {limit}", worst.value, place, worst.rests_on
    )


def _place(run: LoadedRun, one: StreamSummary, n_runs: int) -> str:
    name = f"{one.node}/{one.stream}"
    return name if n_runs == 1 else f"{run.identity.run}: {name}"
