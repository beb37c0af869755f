"""What is supposed of a run's latencies, and what it would have been worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from replay.metrics.freshness import Freshness
from replay.metrics.percentiles import Percentiles
from replay.runs.loaded import LoadedStream
from sensors.record import Record

ADDED_MS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
Policy: TypeAlias = Literal["as-recorded", "one-at-a-time", "pipelined"]
"""How many frames a node has in work: as many as the recorded one had; one; every one as it comes."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """Latencies in place of the measured ones."""

    added_ms: Sequence[float] = ADDED_MS
    """Delays on the way, one point of the curve each: the node goes on meanwhile."""
    scales: Sequence[float] = (1.0,)
    """Factors on what a frame takes of the node, one curve each; none: the record alone."""
    constant_ns: int | None = None
    """Every frame takes so long of the node, instead of as long as it did."""
    other: LoadedStream | None = None
    """The node is this stream's: its frames' times in turn, its depth."""
    policy: Policy = "as-recorded"
    sure: bool = False
    """With the 95 % intervals of AP and AP50, which take as long again."""


class Point(Record, frozen=True, kw_only=True):
    """Streaming accuracy under one supposition; None: undefined."""

    added_ms: float
    scale: float
    latency_ns: Percentiles
    """Capture to answer, of the frames that were worked on."""
    figures: dict[str, float | None]
    """AP, AP50, AP75, n_frames, n_truth, n_found; of the model the means over its passes. Where they are asked for, the
    ends of the intervals: `AP_low`, `AP_high`, `AP50_low`, `AP50_high`."""
    freshness: Freshness
    passes: int = 1
    """How many of the model `latency_ns` and `freshness` pool."""


class Distance(Record, frozen=True, kw_only=True):
    """How far the model at ×1 is from the record, without any delay added: model - record."""

    figures: dict[str, float | None]
    latency_ns: dict[str, int | None]
    dropped_share: float


class Supposition(Record, frozen=True, kw_only=True):
    """One stream's curve."""

    node: str
    stream: str
    pace: str
    policy: Policy
    depth: int | None
    """Frames that the model has in work at once; None: every one as it comes."""
    servers: int | None
    """Inferences that its device works on beside each other."""
    captured: dict[str, float | None]
    """AP, AP50, AP75 of every captured frame by its own answer, without time, with n_frames, n_truth and intervals."""
    answered: dict[str, float | None]
    """Of the answered frames alone."""
    offline: dict[str, float | None]
    """Deprecated: `captured`."""
    record: tuple[Point, ...]
    """The run as it was, and with each delay added on the way; empty in lockstep, where no answer was due."""
    points: tuple[Point, ...]
    """The model's."""
    distance: Distance | None
    """None in lockstep."""
    notes: tuple[str, ...]
    deprecated: dict[str, str] = msgspec.field(default_factory=lambda: {"offline": "captured"})
