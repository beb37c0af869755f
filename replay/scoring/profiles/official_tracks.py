"""The profile `official` of the data sets whose makers score tracks, as TrackEval 1.3.0 applies their rules."""

import numpy as np

from replay.metrics.pool import Index, Mask
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import TrackRows, moments
from replay.scoring.profiles.figures import Figures, ProfileFigures, ProfileUndefined, means
from replay.scoring.stream import NO_TRACK, ScoredStream
from replay.truth import Role, to_sizes

KITTI = {
    "car": ("Car", ("Van",), {"Car", "car"}),
    "pedestrian": ("Pedestrian", ("Person_sitting",), {"Pedestrian", "pedestrian", "person"}),
}
"""Class -> its label, its neighbours, and what a model may call it."""
MOST_OCCLUDED, MOST_TRUNCATED, LEAST_HEIGHT_PX = 2, 0, 25
PEDESTRIAN = {"pedestrian", "person"}
NO_TRACKER = "its makers score tracks, and the node ran no tracker"


def mot_challenge(stream: ScoredStream) -> ProfileFigures:
    """MOT15 has neither neighbours nor other classes, so that nothing is taken out there."""
    _check_tracked(stream)
    # Rows without a flag, and other classes, hold found boxes off the neighbours, and then go.
    counts = stream.truth_of(["pedestrian"]) & stream.truth.of_role(Role.POSITIVE)
    roles = np.select([counts, stream.truth.of_role(Role.NEIGHBOUR)], [Role.POSITIVE, Role.NEIGHBOUR], Role.INVISIBLE)
    figures = _figures(stream, roles, np.arange(len(roles)), PEDESTRIAN)
    return ProfileFigures(
        rules={"pedestrian": "TrackEval MOTChallenge: flag 0 left out, look-alikes absorb; HOTA, CLEAR, identity"},
        overall={**figures, "n_frames": len(stream.images)},
        per_class={"pedestrian": figures},
    )


def kitti_tracking(stream: ScoredStream) -> ProfileFigures:
    _check_tracked(stream)
    truth = stream.truth
    hidden = (truth.occluded > MOST_OCCLUDED) | (truth.truncated > MOST_TRUNCATED)
    per_class: dict[str, Figures] = {}
    for name, (own, beside, found) in KITTI.items():
        of_class = stream.truth_of([own])
        neighbour = stream.truth_of(beside) | (of_class & hidden)
        conditions: list[Mask] = [truth.of_role(Role.REGION), neighbour, of_class]
        roles = np.select(conditions, [Role.REGION, Role.NEIGHBOUR, Role.POSITIVE], Role.INVISIBLE)
        if found & set(stream.model_labels):
            rows = np.flatnonzero(roles != Role.INVISIBLE)
            per_class[name] = _figures(stream, roles[rows], rows, found, least_height_px=LEAST_HEIGHT_PX)
    rule = (
        f"TrackEval KITTI: occlusion <= {MOST_OCCLUDED}, truncation <= {MOST_TRUNCATED}, DontCare > .5 of the box, "
        f"unmatched boxes <= {LEAST_HEIGHT_PX} px high left out; HOTA, CLEAR, identity"
    )
    return ProfileFigures(
        rules={"all": rule},
        overall={**means(per_class, ("HOTA", "MOTA", "IDF1")), "n_frames": len(stream.images)},
        per_class=per_class,
        left_out={name: "the truth holds none" for name, one in per_class.items() if not one["n_truth"]},
    )


def _check_tracked(stream: ScoredStream) -> None:
    """Raises ProfileUndefined where no labelled frame was answered, or an answer has no tracks."""
    answered = [row for row in stream.images.tolist() if stream.answers[row] is not None]
    if not answered or any(stream.tracks[row] is None for row in answered):
        raise ProfileUndefined(NO_TRACKER)


def _figures(stream: ScoredStream, roles: Index, rows: Index, names: set[str], least_height_px: float = 0) -> Figures:
    """Of one class: `rows` of the truth in `roles`, and what was found of the model labels `names`.

    An unmatched found box not above the height is no alarm.
    """
    truth, found = stream.truth, stream.found
    # Only positives are told apart; the others get numbers of their own, for no two of a frame may share one.
    ids = np.where(roles == Role.POSITIVE, truth.tracks[rows], NO_TRACK - 1 - rows)
    here = np.flatnonzero(stream.found_of(names) & (stream.found_tracks != NO_TRACK))
    try:
        labelled = TrackRows(stream.truth_images[rows], ids, to_sizes(truth.boxes[rows]))
        tracked = TrackRows(found.images[here], stream.found_tracks[here], found.boxes[here])
    except ValueError as error:
        raise ProfileUndefined(f"tracks contradict themselves: {error}") from error
    low = tracked.boxes[:, 3] <= least_height_px
    paired = moments(labelled, tracked, len(stream.images), roles, excused=low)
    return {**tracking_figures([paired]), "n_truth": paired.n_truth, "n_found": paired.n_found}
