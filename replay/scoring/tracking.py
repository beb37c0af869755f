"""The tracks that a node told, against the recording's: HOTA, CLEAR and identity figures by class.

Over the frames of `replay.scoring.reference`, classes merged as there; what is taken out before the figures is
TrackEval's choice (`replay.metrics.tracks`). Definitions: docs/metrics.md, "Tracking".
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.wire.messages import FrameReport
from models.detections import Detections, nothing
from replay.metrics.pool import Index, Mask, Numbers
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import TrackRows, moments
from replay.recording import Group, Recording
from replay.scoring.reference import asked, evaluated
from replay.truth import Role, Truth, joined, to_sizes
from sensors.errors import GilmokError
from sensors.plugins import ExtraMissing
from sensors.record import Record

NO_TRACK = -1

Answer = tuple[int, Truth, Detections]
"""A labelled frame's number, its truth, and what was found there."""


class Untrackable(GilmokError):
    """There are no tracking figures, and the sentence says why."""


class TrackingAccuracy(Record, frozen=True, kw_only=True):
    per_class: dict[str, dict[str, float | None]] = {}
    """By evaluated class the figures of `replay.metrics.tracking`; None: undefined. `n_frames` were labelled; `n_truth`
    and `n_found` boxes in them are of `n_truth_tracks` and `n_found_tracks` tracks."""
    unknown: str = ""
    """Why there are no figures."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sequence:
    """Truth and tracked findings of all labelled frames, as parallel arrays; `frames` count from 0."""

    n_frames: int
    truth: Truth
    truth_frames: Index
    found_frames: Index
    found_labels: Index
    tracks: Index
    boxes: Numbers

    @classmethod
    def of(cls, answers: Sequence[Answer], told: Mapping[int, Sequence[int]]) -> "_Sequence":
        """`told` has the track ids by frame number. Raises Untrackable where a track is in two places."""
        # A frame of nothing at the end, so that there is always something to concatenate.
        found = [*(found for _, _, found in answers), nothing()]
        tracks = [track for number, _, found in answers for track in told.get(number, [NO_TRACK] * len(found))]
        frames = _counted(list(map(len, found)))
        tracked = np.array(tracks, np.int64) != NO_TRACK
        ids = np.stack([frames[tracked], np.array(tracks, np.int64)[tracked]], axis=1)
        ids, counts = np.unique(ids, axis=0, return_counts=True)
        for frame, track in ids[counts > 1].tolist():
            raise Untrackable(f"the node's tracker gave id {track} twice in frame {answers[frame][0]}")
        return cls(
            n_frames=len(answers),
            truth=joined([truth for _, truth, _ in answers]),
            truth_frames=_counted([len(truth) for _, truth, _ in answers]),
            found_frames=frames[tracked],
            found_labels=np.concatenate([one.labels for one in found])[tracked],
            tracks=np.array(tracks, np.int64)[tracked],
            boxes=to_sizes(np.concatenate([one.boxes for one in found]).astype(np.float64))[tracked],
        )

    def figures(self, own: Mask, free: Mask, found: Mask) -> dict[str, float | None]:
        """Of one class: `own` marks its rows of the truth, `free` those of no class at all, `found` its findings."""
        truth = self.truth
        positive = own & truth.of_role(Role.POSITIVE)
        excuses = (own | free) & (truth.of_role(Role.NEIGHBOUR) | truth.of_role(Role.REGION))
        if np.any(truth.tracks[positive] == NO_TRACK):
            raise Untrackable("the recording's labels have no tracks")
        there = np.flatnonzero(positive | excuses)
        # An excuse needs no track; it gets a number of its own, since no two boxes of a frame may share one.
        names = np.where(positive, truth.tracks, NO_TRACK - 1 - np.arange(len(truth)))[there]
        try:
            labelled = TrackRows(self.truth_frames[there], names, to_sizes(truth.boxes[there]))
        except ValueError as error:
            raise Untrackable(f"the recording's labels contradict themselves: {error}") from error
        rows = TrackRows(self.found_frames[found], self.tracks[found], self.boxes[found])
        paired = moments(labelled, rows, self.n_frames, truth.roles[there])
        figures = tracking_figures([paired])
        return {
            **{name: None if math.isnan(value) else value for name, value in figures.items()},
            "n_frames": self.n_frames,
            "n_truth": paired.n_truth,
            "n_found": paired.n_found,
            "n_truth_tracks": paired.n_truth_ids,
            "n_found_tracks": paired.n_found_ids,
        }


def tracking_accuracy(
    reports: Sequence[FrameReport],
    recording: Recording,
    model_labels: Sequence[str],
    labels: Sequence[str] = (),
    captured: int | None = None,
) -> TrackingAccuracy | None:
    """None where the node ran no tracker. Findings without a track take no part. Raises what `score_reports` raises."""
    told = {
        report.seq: report.findings.tracks
        for report in reports
        if report.findings is not None and report.findings.tracks is not None
    }
    if not told:
        return None
    groups, _ = evaluated(recording, model_labels, labels)
    numbers, pairs = asked(reports, recording, captured)
    answers = [
        (number, truth, nothing() if found is None else found)
        for number, (truth, found) in zip(numbers, pairs, strict=True)
        if truth is not None
    ]
    try:
        per_class = _per_class(_Sequence.of(answers, told), recording, model_labels, groups)
    except (Untrackable, ExtraMissing) as error:
        return TrackingAccuracy(unknown=f"{error.sentence}: {error.hint}" if error.hint else error.sentence)
    return TrackingAccuracy(per_class=per_class)


def _per_class(
    sequence: _Sequence, recording: Recording, model_labels: Sequence[str], groups: Mapping[str, Group]
) -> dict[str, dict[str, float | None]]:
    truth_labels = sequence.truth.labels
    claimed = {label for group in recording.groups.values() for label in group.truth}
    free = ~_among(truth_labels, recording.labels, claimed)
    return {
        name: sequence.figures(
            own=_among(truth_labels, recording.labels, group.truth),
            free=free,
            found=_among(sequence.found_labels, model_labels, {name, *group.found}),
        )
        for name, group in groups.items()
    }


def _among(labels: Index, table: Sequence[str], wanted: Collection[str]) -> Mask:
    return np.isin(labels, [place for place, label in enumerate(table) if label in wanted])


def _counted(lengths: Sequence[int]) -> Index:
    """0 so often as the first length says, then 1, and so on."""
    return np.repeat(np.arange(len(lengths)), lengths)
