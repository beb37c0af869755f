"""GATES.toml: which bars there are, and what each one asks (docs/gates.md)."""

from typing import ClassVar, Literal

import msgspec

from replay.comparison.result import Margins
from replay.statistics.bootstrap import RESAMPLES
from sensors.config import Settings
from sensors.ranges import ClassKey, Growth, Milliseconds, Name, NameOrNone, Positive, Resamples, Seed, Share, Text

STREAMED = ("sAP_edge", "sAP_hub")
TRACKED = ("HOTA", "MOTA", "IDF1")


class Bar(Settings, frozen=True, kw_only=True):
    name: Text = ""
    """What the bar is called in tables and in JUnit; empty: what it asks."""
    stream: Text = ""
    """`node/stream`, or a stream's own name; empty: every stream must clear the bar."""


class AccuracyBar(Bar, frozen=True, kw_only=True):
    figure: Literal["AP", "AP50", "AP75", "APs", "APm", "APl", "AR100", "sAP_edge", "sAP_hub", "HOTA", "MOTA", "IDF1"]
    label: NameOrNone = msgspec.field(name="class", default="")
    """Empty: the mean over the evaluated classes."""
    at_least: Share

    def __post_init__(self) -> None:
        if self.label and self.figure in STREAMED:
            raise ValueError(f"{self.figure} is a mean over classes: leave `class` out")
        if self.figure in TRACKED and not self.label:
            raise ValueError(f"{self.figure} is of one class: name it with `class`")


class LatencyBar(Bar, frozen=True, kw_only=True):
    stage: Literal["total", "hub", "wait", "prepare", "infer", "decode", "track"] = "total"
    """`total`: from capture to result; `hub`: from capture to receipt at the hub."""
    percentile: Literal["p50", "p90", "p99", "p99.9", "max"] = "p99"
    at_most_ms: Milliseconds


class FramesBar(Bar, frozen=True, kw_only=True):
    fate: Literal["dropped", "failed"]
    at_most: Share
    """Of the captured frames."""


class RateBar(Bar, frozen=True, kw_only=True):
    at_least_fps: Positive


class RelativeBar(Settings, frozen=True, kw_only=True):
    name: Text = ""
    figure: Literal["AP", "sAP_edge", "latency p99", "latency to the hub p99"]
    label: NameOrNone = msgspec.field(name="class", default="")
    """Of AP only; empty: the mean over the evaluated classes."""
    inconclusive: Literal["fails", "passes"] = "fails"
    """What too few sequences or runs, or too wide an interval, mean."""

    def __post_init__(self) -> None:
        if self.label and self.figure != "AP":
            raise ValueError(f"{self.figure} is compared over all classes: leave `class` out")


class HereBar(Settings, frozen=True, kw_only=True):
    """Not worse on one recording by itself: it says nothing about other roads, so it is asked for by name only."""

    name: Text = ""
    figure: Literal["AP", "sAP_edge"]
    recording: Text = ""
    """Its name; empty: every recording in common."""
    cant_tell: Literal["fails", "passes"] = "fails"
    """What too few blocks of time, or too wide an interval, mean."""


class BaselineBars(Settings, frozen=True, kw_only=True):
    """Bars against --baseline: the run must not be worse."""

    margin_ap: Share = Margins().ap
    margin_sap: Share = Margins().sap
    margin_p99: Growth = Margins().p99
    labels: tuple[Name, ...] = ()
    classes: dict[ClassKey, tuple[Name, ...]] = {}
    resamples: Resamples = RESAMPLES
    seed: Seed = 1
    not_worse: tuple[RelativeBar, ...] = ()
    not_worse_here: tuple[HereBar, ...] = ()


class Gates(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/gates.md"
    valid: bool = True
    """The run must be valid: the load was as stated, no part died."""
    books: bool = True
    """Its books must balance."""
    accuracy: tuple[AccuracyBar, ...] = ()
    latency: tuple[LatencyBar, ...] = ()
    frames: tuple[FramesBar, ...] = ()
    rate: tuple[RateBar, ...] = ()
    baseline: BaselineBars = BaselineBars()

    def __post_init__(self) -> None:
        relative = (*self.baseline.not_worse, *self.baseline.not_worse_here)
        listed = (*self.accuracy, *self.latency, *self.frames, *self.rate, *relative)
        if not (listed or self.valid or self.books):
            raise ValueError("there is no bar in it: whatever ran would pass")
