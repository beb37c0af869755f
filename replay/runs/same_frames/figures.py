"""Two models on the very same frames, as a run's summary tells of them: a candidate beside the active model (a shadow),
or two streams that saw the same recording.
"""

import math
from typing import Literal, TypeAlias

from replay.metrics.agreement import Agreement
from replay.metrics.percentiles import Percentiles
from sensors.record import Record

SeenBy: TypeAlias = Literal["shadow", "streams"]


class SurelyAgreed(Agreement, frozen=True, kw_only=True):
    """With the 95 % interval of F1; NaN (null in JSON) where the blocks can't tell."""

    f1_low: float
    f1_high: float
    blocks: int
    """So many witnesses in a row, each longer than what resembles itself."""


class PairedAccuracy(Record, frozen=True, kw_only=True):
    """COCO AP of both over the same labelled frames, and their difference; NaN (null in JSON) where undefined."""

    a: float
    b: float
    difference: float
    """B - A."""
    low: float
    """Of the difference's 95 % interval, by blocks of time; NaN where there are too few."""
    high: float
    a50: float
    b50: float
    frames: int
    n_truth: int
    blocks: int
    classes: tuple[str, ...] = ()
    unknown: str = ""
    """Why there are no figures."""


class Ran(Record, frozen=True, kw_only=True):
    """One of the two."""

    name: str
    """Node and stream; of a shadow its node and stream, too."""
    model: str
    sha256: str
    artefact: str
    precision: str
    backend: str
    device: str
    device_kind: str
    """Empty where it never said."""


class Counts(Record, frozen=True, kw_only=True):
    """A shadow's own books: seen = ok + failed + pending + all of `skipped`, by its node's last word."""

    seen: int
    ok: int
    failed: int
    pending: int
    skipped: dict[str, int]
    unsent: int
    """Of ok and failed: never said, because the link was behind."""
    booked: int
    """By the hub."""

    @property
    def lost(self) -> int:
        """Said, and not booked."""
        return max(self.ok + self.failed - self.unsent - self.booked, 0)


class Cost(Record, frozen=True, kw_only=True):
    """What the active stream felt of the shadow, as its node measured it in blocks with it and without."""

    max_p99_ratio: float
    max_share: float
    share: float
    """Of the time the shadow may be at work, at last."""
    p99_with_ns: int | None
    """None: too few frames for a p99."""
    p99_without_ns: int | None
    n_with: int
    n_without: int
    judged: int
    exceeded: int
    """Of `judged`: the limit was, and the share was halved."""
    power_with_w: float | None
    """None: the device's SDK doesn't tell."""
    power_without_w: float | None
    n_power_with: int
    n_power_without: int

    @property
    def ratio(self) -> float:
        """p99 with it to p99 without; NaN where one of them is unknown."""
        if self.p99_with_ns is None or not self.p99_without_ns:
            return math.nan
        return self.p99_with_ns / self.p99_without_ns


class OnSameFrames(Record, frozen=True, kw_only=True):
    """A is the active model or the teacher, B the candidate or the taught."""

    seen_by: SeenBy
    a: Ran
    b: Ran
    pairs: int
    """Frames of which both reports are here; the figures are of these."""
    failed_a: int
    """Of the pairs: A failed. No agreement is told of them, and accuracy counts them as missed; as of"""
    failed_b: int
    alone_b: int
    """Frames of B whose report of A is not here (yet)."""
    agreement: SurelyAgreed
    accuracy: PairedAccuracy
    latency_a_ns: dict[str, Percentiles]
    """Of the pairs that both answered: `infer`, and `total` from stamp to result; a shadow waits for everybody else."""
    latency_b_ns: dict[str, Percentiles]
    counts: Counts | None = None
    """None: no shadow; or its node never told."""
    cost: Cost | None = None
    phase: str = ""
    why: str = ""
    """What the shadow died of last, or why it couldn't run."""
