"""What a profile scores: one stream's labelled frames and what was found in them; and the shape of its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from edge.wire.messages import FrameReport
from models.detections import Detections, nothing
from replay.metrics.pool import Found, Index, Labelled, Mask
from replay.recording import Recording
from replay.scoring.reference import asked
from replay.truth import Truth, joined, nothing_there, to_sizes
from sensors.errors import GilmokError
from sensors.record import Record

ProfileName = Literal["official", "crosswalk"]
Figures = dict[str, float | None]


class ProfileUndefined(GilmokError):
    """The profile has no figures here, and the sentence says why."""


class ProfileFigures(Record, frozen=True, kw_only=True):
    """None: undefined."""

    rules: dict[str, str] = {}
    """By name, as docs/metrics.md has them."""
    overall: Figures = {}
    """Means over the classes that have truth."""
    per_class: dict[str, Figures] = {}
    left_out: dict[str, str] = {}
    """Class -> why it isn't scored."""
    unmapped: int = 0
    """Found boxes of classes that no evaluated class takes."""
    unknown: str = ""
    """Why there are no figures."""


@dataclass(frozen=True, slots=False, eq=False)
class Case:
    """One stream's labelled frames and what was found in them. Image i is the i-th frame that has a truth."""

    recording: Recording
    model_labels: Sequence[str]
    labels: Sequence[str]
    """The evaluated classes that were asked for, by the names of the recording's groups; none: all."""
    reports: Sequence[FrameReport]
    captured: int | None
    truths: Sequence[Truth]
    answers: Sequence[Detections]
    """Nothing where a frame was not answered."""

    @classmethod
    def of(
        cls,
        reports: Sequence[FrameReport],
        recording: Recording,
        model_labels: Sequence[str],
        labels: Sequence[str] = (),
        captured: int | None = None,
    ) -> "Case":
        """Parameters as of `replay.scoring.reference.score_reports`."""
        _, pairs = asked(reports, recording, captured)
        known = [(truth, found or nothing()) for truth, found in pairs if truth is not None]
        truths, answers = [truth for truth, _ in known], [found for _, found in known]
        return cls(recording, model_labels, labels, reports, captured, truths, answers)

    @cached_property
    def truth(self) -> Truth:
        """All rows."""
        return joined(self.truths) if self.truths else nothing_there()

    @cached_property
    def truth_images(self) -> Index:
        return np.repeat(np.arange(len(self.truths)), [len(truth) for truth in self.truths])

    def labelled(self, rows: Index, roles: Index) -> Labelled:
        """Those rows of the truth as one evaluated class, 0, in those roles."""
        boxes = to_sizes(self.truth.boxes[rows])
        own = self.truth.areas[rows]
        areas = np.where(np.isnan(own), boxes[:, 2] * boxes[:, 3], own)
        return Labelled(self.truth_images[rows], np.zeros(len(rows), np.int64), boxes, areas, roles)

    def truth_of(self, names: Sequence[str]) -> Mask:
        """Marks the rows of the truth whose label is one of `names`."""
        return np.isin(self.truth.labels, [self.recording.labels.index(n) for n in names if n in self.recording.labels])

    def found_of(self, names: Sequence[str]) -> list[Detections]:
        """By image, what was found of those model labels."""
        places = [place for place, label in enumerate(self.model_labels) if label in names]
        return [found.pick(np.isin(found.labels, places)) for found in self.answers]

    def unmapped(self, names: Sequence[str]) -> int:
        return sum(map(len, self.answers)) - sum(map(len, self.found_of(names)))


def pooled_found(answers: Sequence[Detections]) -> Found:
    """As one evaluated class, 0."""
    every = [*answers, nothing()]
    boxes = np.concatenate([found.boxes for found in every]).astype(np.float64)
    return Found(
        images=np.repeat(np.arange(len(every)), [len(found) for found in every]),
        labels=np.zeros(len(boxes), np.int64),
        boxes=to_sizes(boxes),
        scores=np.concatenate([found.scores for found in every]).astype(np.float64),
    )


def means(per_class: Mapping[str, Figures], names: Sequence[str]) -> Figures:
    """Over the classes with truth; NaN where there is none."""
    known = [figures for figures in per_class.values() if figures["n_truth"]]
    found = {name: [value for one in known if (value := one[name]) is not None] for name in names}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}
