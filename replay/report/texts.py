"""Numbers and sentences as people read them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from replay.metrics.percentiles import QUANTILES, Percentiles, least_n
from replay.runs.books import Frames
from replay.runs.loaded import LoadedStream
from replay.runs.summary import decisive_lateness
from sensors.clock import NS_PER_MS, NS_PER_S
from sensors.terminal import figures

UNKNOWN = "–"


def ms(value_ns: float | None) -> str:
    """Milliseconds to two places, as the tables of the terminal have them."""
    return figures.ms(value_ns, thousands=True, unknown=UNKNOWN)


def figure(value: float | None, digits: int = 4) -> str:
    return figures.number(value, digits, thousands=True, unknown=UNKNOWN)


def between(low: float | None, high: float | None) -> str:
    """An interval."""
    return figures.between(low, high, to=" to ", unknown=UNKNOWN)


def sure(of: Mapping[str, float | None], name: str) -> str:
    """A figure of a score, with its interval where it has one."""
    return figures.sure(of, name, to=" to ", unknown=UNKNOWN)


def percentile(row: Percentiles, name: str) -> str:
    """In milliseconds; `name` is a field of the row: p50, p99, ..."""
    value: int | None = getattr(row, name)
    return too_few(least_n(QUANTILES[name])) if value is None else ms(value)


def too_few(needed: int) -> str:
    """Instead of a number that takes so many values."""
    return f"n<{needed:,}"


def count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def share(part: float, whole: float) -> str:
    """A percentage; a part that is there is never rounded to nothing, nor a rest to nought."""
    if not whole:
        return UNKNOWN
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1 %"
    return ">99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %".replace(".0 %", " %")


def moment(utc_ns: int) -> str:
    return f"{datetime.fromtimestamp(utc_ns / NS_PER_S, UTC):%d %B %Y, %H:%M:%S} UTC"


def listing(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def fates(frames: Frames) -> str:
    """What became of the frames, in a sentence."""
    ways = (
        (frames.dropped, "dropped"),
        (frames.failed, "failed"),
        (frames.down, "missed while their node was down"),
    )
    lost = [f"{number:,} {word}" for number, word in ways if number]
    if not frames.captured:
        return "The camera released no frame."
    if not lost:
        return f"Every one of the {frames.captured:,} frames was answered."
    return (
        f"Of {count(frames.captured, 'frame')} {frames.ok:,} were answered "
        f"({share(frames.ok, frames.captured)}); {listing(lost)}."
    )


def what_ran(stream: LoadedStream) -> str:
    one = stream.summary
    kind = "" if one.device_kind == "cpu" else f" ({one.device_kind})"
    source = f"the recording {one.recording}" if one.recording else f"a source of kind {stream.stream.source!r}"
    rate = f" at {stream.stream.fps:g} frames per second" if stream.stream.fps else ""
    condition = f" ({stream.condition})" if stream.condition else ""
    return f"{one.model} on {one.backend}:{one.device}{kind}, over {source}{condition}{rate}, {one.pace}."


def speed(stream: LoadedStream) -> str:
    """The latency in a sentence, held against the camera's period."""
    total = stream.summary.latency_ns["total"]
    if total.p50 is None or total.max is None:
        return "Too few frames came out ok to speak of a latency."
    told = f"Half of the {total.n:,} ok frames had their result within {_rounded(total.p50)}"
    if total.p99 is not None:
        told += f", 99 in 100 within {_rounded(total.p99)}"
    told += f"; the slowest took {_rounded(total.max)}."
    if stream.stream.fps and stream.summary.pace == "realtime":
        period_ns = NS_PER_S / stream.stream.fps
        late = sum(report.total_ns > period_ns for report in stream.reports if report.status == "ok")
        told += (
            f" {share(late, total.n) if late else 'None'} took longer than the camera's {_rounded(period_ns)} period."
        )
    return told


def lateness(stream: LoadedStream) -> str:
    """Empty where the stream isn't paced."""
    late, bound_ms = stream.summary.pacing, stream.stream.pacing_bound_ms
    if late is None:
        return ""
    mark, decisive_ns = decisive_lateness(late)
    p99 = f"{ms(late.p99_ns)} ms (p99), " if mark == "p99" else ""
    told = (
        f"The replaying camera itself was late by {ms(late.p50_ns)} ms (p50), {p99}{ms(late.max_ns)} ms (max) "
        f"over {late.n:,} frames"
    )
    if bound_ms is None:
        return f"{told}."
    kept = decisive_ns <= bound_ms * NS_PER_MS
    return f"{told}; its {mark} {'kept to' if kept else 'broke'} the bound of {bound_ms:g} ms."


def clocks(stream: LoadedStream) -> str:
    """What the clocks of node and hub don't allow to be told; empty where there is nothing to say."""
    one = stream.summary
    told = f"The time from capture to hub can't be told: {one.hub_unknown}." if one.hub_unknown else ""
    if one.clock_steps:
        told += f" The node's clock or the hub's was set, or stood still, {count(one.clock_steps, 'time')}."
    return told.strip()


def _rounded(value_ns: float) -> str:
    value = value_ns / NS_PER_MS
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:,.0f} ms" if value >= 99.5 else f"{value:.1f} ms" if value >= 0.95 else f"{value:.2f} ms"
