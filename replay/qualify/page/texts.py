"""A qualification's numbers as people read them."""

import math

from replay.qualify.parts.accuracy import Accuracy
from replay.qualify.parts.identity import Side
from replay.qualify.parts.latency import Estimated, ScenarioResult
from replay.qualify.parts.ratio import Ratio
from replay.qualify.parts.streams import Trial
from replay.qualify.qualification import Qualification
from replay.qualify.verdict import cosine_text, percent, sureness
from replay.report.texts import UNKNOWN, figure, ms, percentile, too_few
from replay.scoring.ap_interval import ApInterval
from sensors.clock import NS_PER_S
from sensors.terminal import figures

__all__ = ["cosine_text", "figure", "ms", "percent", "percentile"]
"""What the templates ask this module for, whoever wrote it."""

MEGA = 1e6


def estimate(one: Estimated) -> str:
    return too_few(one.n_needed) if one.latency_ns is None else ms(one.latency_ns)


def sure(ap: float, interval: ApInterval | None, name: str | None = None, figure_name: str = "AP") -> str:
    """An AP with its 95 % interval, over all classes or of one."""
    low, high = interval.of(name, figure_name) if interval else (None, None)
    return figures.sure({"AP": ap, "AP_low": low, "AP_high": high}, "AP", to=" to ", unknown=UNKNOWN)


def kept(ratio: Ratio) -> str:
    """With its interval, where enough recordings give one."""
    ends = figures.between(ratio.low, ratio.high, to=" to ", unknown="")
    return f"{figure(ratio.value)} ({ends})" if ends else figure(ratio.value)


def of_set(accuracy: Accuracy) -> str:
    """On how much an accuracy rests."""
    return figures.of_set(accuracy.frames, accuracy.n_truth)


def signed(value: float) -> str:
    return figures.signed(value, unknown=UNKNOWN)


def small(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value:.2g}"


def megabytes(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value / MEGA:,.0f} MB"


def seconds(value_ns: float) -> str:
    return f"{value_ns / NS_PER_S:.2f} s"


def median(values: tuple[int, ...]) -> int:
    """The ceil(n/2)-th smallest, as the percentiles are."""
    return sorted(values)[(len(values) + 1) // 2 - 1]


def duration(value_s: float) -> str:
    minutes, rest = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def within(one: ScenarioResult) -> str:
    """Whether the deadline is kept, and how sure that is."""
    if one.over_bound is None:
        return ""
    if one.deadline is not None:
        return sureness(one.deadline)
    word = {True: "kept", False: "broken", None: "open"}[one.holds]
    return f"{word}, {one.over_bound:,} of {one.latency_ns.n:,} late"


def trial(one: Trial) -> str:
    """Likewise, of so many cameras."""
    told = ("kept" if one.held else "broken") if one.deadline is None else sureness(one.deadline)
    return f"{told}, ended early" if one.cut_short else told


def title(found: Qualification) -> str:
    side = found.measured.identity.candidate
    return f"{side.model} on {device(side)}"


def device(side: Side) -> str:
    """What people call it: the silicon's name, or the profile's of what is none."""
    return side.device if side.device_kind == "emulated" else side.description


def subject(found: Qualification) -> str:
    side = found.measured.identity.candidate
    return f"{side.backend}:{side.device} ({side.device_kind}), {side.precision}"
