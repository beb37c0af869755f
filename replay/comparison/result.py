"""What a comparison tells: rows of figures with their intervals and verdicts, as they go into JSON."""

import math

from replay.comparison.differences import Differing
from replay.runs.same_frames.figures import SurelyAgreed
from replay.scoring.by_score import ScoreTable
from replay.statistics.verdicts import HereVerdict, Verdict
from sensors.record import Record


class Margins(Record, frozen=True, kw_only=True):
    """How much worse B may be than A."""

    ap: float = 0.005
    sap: float = 0.01
    p99: float = 1.05
    """A factor; the others are differences."""
    relative: float | None = None
    """Of A's own AP and streaming AP: the stricter of this share and the differences holds."""

    def of(self, most: float, value: float) -> float:
        """The margin in force where A's figure is `value`: `most`, or the share of it where that is less."""
        return most if self.relative is None or math.isnan(value) else min(most, self.relative * value)


class OwnInterval(Record, frozen=True, kw_only=True):
    """How sure each side's own AP is: its 95 % interval, NaN where none can be told; and of how much it is."""

    a_low: float = math.nan
    a_high: float = math.nan
    b_low: float = math.nan
    b_high: float = math.nan
    n_frames: int | None = None
    """Labelled pictures; None: it is no AP."""
    n_truth: int | None = None
    """Labelled objects on them."""


class Row(OwnInterval, frozen=True, kw_only=True):
    """NaN (null in JSON) where undefined."""

    figure: str
    """AP, AP50, AP75, sAP_edge, latency p99, ..."""
    of: str = ""
    """The class; empty: all of them."""
    a: float
    b: float
    difference: float
    """B - A; of a latency B / A."""
    low: float
    """Of the 95 % interval."""
    high: float
    n: int
    unit: str
    """What was counted: sequences, or runs on the side that has fewer."""
    verdict: Verdict | None
    """None: shown, not judged."""
    margin: float | None
    why: str


class SequenceRow(OwnInterval, frozen=True, kw_only=True):
    recording: str
    digest: str
    a: float
    """AP over this recording alone; of streamed frames in `sap_a`, `sap_b`."""
    b: float
    sap_a: float | None
    sap_b: float | None


class HereRow(OwnInterval, frozen=True, kw_only=True):
    """One recording judged by itself, by blocks of its time: it says nothing about other roads."""

    recording: str
    digest: str
    figure: str
    """AP, or sAP_edge."""
    a: float
    b: float
    difference: float
    """B - A."""
    low: float
    """Of the 95 % interval; NaN where there are too few blocks."""
    high: float
    frames: int
    """Labelled ones."""
    blocks: int
    block_s: float | None
    """How long a block is; None: nobody knows the frame rate."""
    verdict: HereVerdict
    margin: float
    why: str


class SideOutline(Record, frozen=True, kw_only=True):
    runs: tuple[str, ...]
    folders: tuple[str, ...]
    models: tuple[str, ...]
    backends: tuple[str, ...]
    """name:device"""


class AgreementRow(Record, frozen=True, kw_only=True):
    """Of a recording that nobody labelled: no accuracy, since two models may err alike."""

    recording: str
    digest: str
    captured: int
    """Frames; `agreement.frames` of them both sides answered."""
    agreement: SurelyAgreed


class SidesByScore(Record, frozen=True, kw_only=True):
    a: ScoreTable
    b: ScoreTable


class Comparison(Record, frozen=True, kw_only=True):
    verdict: Verdict
    because: tuple[str, ...]
    """A sentence for each thing that the verdict rests on."""
    a: SideOutline
    b: SideOutline
    sequences: int
    pace: str
    figures: tuple[Row, ...]
    per_class: tuple[Row, ...]
    """AP of each class; WORSE by Holm's correction over all of them."""
    per_sequence: tuple[SequenceRow, ...]
    here: tuple[HereRow, ...]
    """Each recording by itself; empty from eight on, unless that was asked for. No part of `verdict`."""
    by_score: SidesByScore | None
    """Precision and recall of both; None: there is no truth."""
    agreement: tuple[AgreementRow, ...]
    """Of each recording that nobody labelled."""
    identity: tuple[Differing, ...]
    notes: tuple[str, ...]
    margins: Margins
    resamples: int
    seed: int
