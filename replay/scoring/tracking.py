"""The tracks that a node gave, against the recording's: HOTA, CLEAR and identity figures by class.

Over the images of a scored stream, classes merged as by the reference rule; what is taken out before the figures is
TrackEval's choice (`replay.metrics.tracks`). Definitions: docs/metrics/accuracy.md, "Tracking".
"""

import math

import numpy as np

from replay.metrics.pool import Mask
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import TrackRows, moments
from replay.scoring.stream import NO_TRACK, ScoredStream
from replay.truth import Role, to_sizes
from sensors.errors import GilmokError
from sensors.plugins import ExtraMissing
from sensors.record import Record


class Untrackable(GilmokError):
    """There are no tracking figures, and the sentence says why."""


class TrackingAccuracy(Record, frozen=True, kw_only=True):
    per_class: dict[str, dict[str, float | None]] = {}
    """By evaluated class the figures of `replay.metrics.tracking`; None: undefined. `n_frames` were labelled; `n_truth`
    and `n_found` boxes in them are of `n_truth_tracks` and `n_found_tracks` tracks."""
    unknown: str = ""
    """Why there are no figures."""


def tracking_accuracy(stream: ScoredStream) -> TrackingAccuracy | None:
    """None where the node ran no tracker. Findings without a track take no part.

    Raises LabelsNotOffered or LabelsUnknownToModel.
    """
    if all(tracks is None for tracks in stream.tracks):
        return None
    groups = stream.classes.groups
    claimed = {label for group in stream.recording.groups.values() for label in group.truth}
    tracked = stream.found_tracks != NO_TRACK
    try:
        _check_ids(stream, tracked)
        per_class = {
            name: _figures(
                stream,
                own=stream.truth_of(group.truth),
                free=~stream.truth_of(claimed),
                found=tracked & stream.found_of(group.found),
            )
            for name, group in groups.items()
        }
    except (Untrackable, ExtraMissing) as error:
        return TrackingAccuracy(unknown=f"{error.sentence}: {error.hint}" if error.hint else error.sentence)
    return TrackingAccuracy(per_class=per_class)


def _check_ids(stream: ScoredStream, tracked: Mask) -> None:
    """Raises Untrackable where a track is in two places."""
    ids = np.stack([stream.found.images[tracked], stream.found_tracks[tracked]], axis=1)
    ids, counts = np.unique(ids, axis=0, return_counts=True)
    for image, track in ids[counts > 1].tolist():
        raise Untrackable(f"the node's tracker gave id {track} twice in frame {stream.frames[stream.images[image]]}")


def _figures(stream: ScoredStream, own: Mask, free: Mask, found: Mask) -> dict[str, float | None]:
    """Of one class: `own` marks its truth, `free` the truth of no class at all, `found` its tracked findings."""
    truth, n_frames = stream.truth, len(stream.images)
    positive = own & truth.of_role(Role.POSITIVE)
    excuses = (own | free) & (truth.of_role(Role.NEIGHBOUR) | truth.of_role(Role.REGION))
    if np.any(truth.tracks[positive] == NO_TRACK):
        raise Untrackable("the recording's labels have no tracks")
    there = np.flatnonzero(positive | excuses)
    # An excuse needs no track; it gets a number of its own, since no two boxes of a frame may share one.
    names = np.where(positive, truth.tracks, NO_TRACK - 1 - np.arange(len(truth)))[there]
    try:
        labelled = TrackRows(stream.truth_images[there], names, to_sizes(truth.boxes[there]))
    except ValueError as error:
        raise Untrackable(f"the recording's labels contradict themselves: {error}") from error
    rows = TrackRows(stream.found.images[found], stream.found_tracks[found], stream.found.boxes[found])
    paired = moments(labelled, rows, n_frames, truth.roles[there])
    figures = tracking_figures([paired])
    return {
        **{name: None if math.isnan(value) else value for name, value in figures.items()},
        "n_frames": n_frames,
        "n_truth": paired.n_truth,
        "n_found": paired.n_found,
        "n_truth_tracks": paired.n_truth_ids,
        "n_found_tracks": paired.n_found_ids,
    }
