"""What every scorer takes: one stream's frames, what was there, and what was found."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from edge.wire.messages import FrameReport
from models.detections import Detections, nothing
from replay.metrics.pool import Found, Index, Mask
from replay.recording import Recording
from replay.scoring.classes import NONE, Classes, Wanted, evaluated
from replay.scoring.pool import Pool, pooled
from replay.truth import Truth, joined, to_sizes

NO_TRACK = -1


@dataclass(frozen=True, eq=False)
class ScoredStream:
    """One stream against its truth. `truths`, `answers` and `tracks` are parallel to `frames`.

    An image is a frame that has a truth: the others are not scored. The arrays over all images are worked out when
    they are first asked for, and kept.
    """

    recording: Recording
    model_labels: Sequence[str]
    """The model's own label table."""
    labels: Sequence[str]
    """The classes to evaluate, by the names of the recording's groups; none: all that the model can be scored for."""
    frames: Sequence[int]
    """The recording's own numbers of the frames that were captured, dropped ones too."""
    truths: Sequence[Truth | None]
    """None: nobody labelled it."""
    answers: Sequence[Detections | None]
    """None: no answer (dropped, failed, lost): what was there counts as missed."""
    tracks: Sequence[Sequence[int] | None] = ()
    """Of each finding its track, NO_TRACK = none; None: no answer, or no tracker. Left out: None throughout."""
    reports: Sequence[FrameReport] = ()
    """Those of these frames, one a frame, in the order they came: they tell when an answer was there."""
    unreported: frozenset[int] = frozenset()
    """Frames whose reports were made and are not here: dropped, failed or answered, nobody knows."""
    wanted: Wanted = field(default_factory=lambda: NONE)
    """More classes to evaluate, with the model's labels that count for each (`replay.scoring.classes`)."""

    def __post_init__(self) -> None:
        if not self.tracks:
            object.__setattr__(self, "tracks", (None,) * len(self.frames))
        lengths = {len(self.frames), len(self.truths), len(self.answers), len(self.tracks)}
        if len(lengths) > 1:
            raise ValueError(f"frames, truths, answers and tracks don't belong together: {sorted(lengths)}")

    @classmethod
    def of(
        cls,
        reports: Iterable[FrameReport],
        recording: Recording,
        model_labels: Sequence[str],
        labels: Sequence[str] = (),
        captured: int | None = None,
        wanted: Wanted = NONE,
        unreported: Collection[int] = (),
    ) -> "ScoredStream":
        """A run over the recording's first `captured` frames; None: up to the last one reported.

        A frame without a report was dropped, or it is one of `unreported`: what became of those nobody knows, and
        they are not scored. Of several reports of one frame the last one stands.
        """
        every = list(reports)
        standing = {report.seq: report for report in every}
        last = max(standing, default=-1)
        frames = recording.numbers[:captured] if captured is not None else [n for n in recording.numbers if n <= last]
        found = [one.findings if (one := standing.get(frame)) is not None else None for frame in frames]
        known, unknown = set(frames), frozenset(unreported)
        return cls(
            recording=recording,
            model_labels=tuple(model_labels),
            labels=tuple(labels),
            frames=tuple(frames),
            truths=tuple(None if frame in unknown else recording.truth(frame) for frame in frames),
            answers=tuple(None if one is None else one.detections() for one in found),
            tracks=tuple(None if one is None else one.tracks for one in found),
            reports=tuple(report for report in every if report.seq in known and standing[report.seq] is report),
            wanted=wanted,
            unreported=unknown,
        )

    def answered_from(self, rows: Index) -> "ScoredStream":
        """The same frames, each answered by what was found in another one: (frames,) that one's row; -1: by nothing."""
        places = rows.tolist()
        return replace(
            self,
            answers=[None if row < 0 else self.answers[row] for row in places],
            tracks=[None if row < 0 else self.tracks[row] for row in places],
            reports=(),
        )

    def without(self, rows: Mask) -> "ScoredStream":
        """The same frames; those that `rows` (frames,) marks are not scored."""
        truths = [None if left_out else truth for truth, left_out in zip(self.truths, rows.tolist(), strict=True)]
        return replace(self, truths=truths)

    def where_answered(self) -> "ScoredStream":
        """Only the frames that have an answer of their own: what the model found, whatever the run lost."""
        rows = [row for row, answer in enumerate(self.answers) if answer is not None]
        if len(rows) == len(self.frames):
            return self
        return replace(
            self,
            frames=[self.frames[row] for row in rows],
            truths=[self.truths[row] for row in rows],
            answers=[self.answers[row] for row in rows],
            tracks=[self.tracks[row] for row in rows],
        )

    @cached_property
    def classes(self) -> Classes:
        """Raises LabelsNotOffered, LabelsUnknownToModel or ClassesContradict."""
        return evaluated(self.recording, self.model_labels, self.labels, self.wanted)

    def found_for(self, name: str) -> tuple[str, ...]:
        """The model's labels that count for an offered class, whether or not it is evaluated; raises as `classes`."""
        group = self.classes.groups.get(name)
        return (group or evaluated(self.recording, self.model_labels, [name]).groups[name]).found

    @cached_property
    def pool(self) -> Pool:
        """By the reference rule (`replay.scoring.pool`); raises as `classes` does."""
        images = [(truth, found) for truth, found in zip(self.truths, self.answers, strict=True) if truth is not None]
        unlabelled = len(self.frames) - len(images)
        return pooled(images, self.recording.labels, self.model_labels, self.classes, unlabelled)

    @cached_property
    def images(self) -> Index:
        """(images,) the row of each in `frames`."""
        return np.flatnonzero([truth is not None for truth in self.truths])

    @cached_property
    def truth(self) -> Truth:
        """All rows of all images."""
        return joined([truth for truth in self.truths if truth is not None])

    @cached_property
    def truth_images(self) -> Index:
        """(truth,) which image each row is of."""
        lengths = [len(truth) for truth in self.truths if truth is not None]
        return np.repeat(np.arange(len(lengths)), lengths)

    @cached_property
    def found(self) -> Found:
        """Every finding in every image; its `labels` are the model's."""
        # An image of nothing at the end, so that there is always something to concatenate.
        every = [*(self.answers[row] or nothing() for row in self.images.tolist()), nothing()]
        return Found(
            images=np.repeat(np.arange(len(every)), [len(found) for found in every]),
            labels=np.concatenate([found.labels for found in every]),
            boxes=to_sizes(np.concatenate([found.boxes for found in every]).astype(np.float64)),
            scores=np.concatenate([found.scores for found in every]).astype(np.float64),
        )

    @cached_property
    def found_tracks(self) -> Index:
        """(found,) the track of each; NO_TRACK = none."""
        told: list[int] = []
        for row in self.images.tolist():
            answer, tracks = self.answers[row], self.tracks[row]
            told += [NO_TRACK] * len(answer or ()) if tracks is None else tracks
        return np.array(told, np.int64)

    def truth_of(self, names: Collection[str]) -> Mask:
        """(truth,) marks the rows whose label is one of `names`."""
        return np.isin(self.truth.labels, _places(self.recording.labels, names))

    def found_of(self, names: Collection[str]) -> Mask:
        """(found,) marks the findings of those model labels."""
        return np.isin(self.found.labels, _places(self.model_labels, names))


def _places(table: Sequence[str], wanted: Collection[str]) -> list[int]:
    return [place for place, label in enumerate(table) if label in wanted]
