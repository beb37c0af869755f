"""The profile `official` of the data sets whose makers score tracks, as TrackEval 1.3.0 applies their rules."""

import numpy as np

from edge.wire.messages import Findings
from replay.metrics.pool import Index, Mask
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import TrackRows, moments
from replay.scoring.profiles.case import Case, Figures, ProfileFigures, ProfileUndefined, means, pooled_found
from replay.scoring.reference import asked
from replay.scoring.tracking import NO_TRACK
from replay.truth import Role, to_sizes

KITTI = {
    "car": ("Car", ("Van",), {"Car", "car"}),
    "pedestrian": ("Pedestrian", ("Person_sitting",), {"Pedestrian", "pedestrian", "person"}),
}
"""Class -> its label, its neighbours, and what a model may call it."""
MOST_OCCLUDED, MOST_TRUNCATED, LEAST_HEIGHT_PX = 2, 0, 25
PEDESTRIAN = {"pedestrian", "person"}
NO_TRACKER = "its makers score tracks, and the node ran no tracker"


def mot_challenge(case: Case) -> ProfileFigures:
    """MOT15 has neither neighbours nor other classes, so that nothing is taken out there."""
    drive = _Drive(case)
    # Rows without a flag, and other classes, hold found boxes off the neighbours, and then go.
    counts = case.truth_of(["pedestrian"]) & case.truth.of_role(Role.POSITIVE)
    roles = np.select([counts, case.truth.of_role(Role.NEIGHBOUR)], [Role.POSITIVE, Role.NEIGHBOUR], Role.INVISIBLE)
    figures = drive.figures(roles, np.arange(len(roles)), PEDESTRIAN)
    return ProfileFigures(
        rules={"pedestrian": "TrackEval MOTChallenge: flag 0 left out, look-alikes absorb; HOTA, CLEAR, identity"},
        overall={**figures, "n_frames": len(case.truths)},
        per_class={"pedestrian": figures},
    )


def kitti_tracking(case: Case) -> ProfileFigures:
    drive = _Drive(case)
    truth = case.truth
    hidden = (truth.occluded > MOST_OCCLUDED) | (truth.truncated > MOST_TRUNCATED)
    per_class: dict[str, Figures] = {}
    for name, (own, beside, found) in KITTI.items():
        of_class = case.truth_of([own])
        neighbour = case.truth_of(beside) | (of_class & hidden)
        conditions: list[Mask] = [truth.of_role(Role.REGION), neighbour, of_class]
        roles = np.select(conditions, [Role.REGION, Role.NEIGHBOUR, Role.POSITIVE], Role.INVISIBLE)
        if found & set(case.model_labels):
            rows = np.flatnonzero(roles != Role.INVISIBLE)
            per_class[name] = drive.figures(roles[rows], rows, found, least_height_px=LEAST_HEIGHT_PX)
    rule = (
        f"TrackEval KITTI: occlusion <= {MOST_OCCLUDED}, truncation <= {MOST_TRUNCATED}, DontCare > .5 of the box, "
        f"unmatched boxes <= {LEAST_HEIGHT_PX} px high left out; HOTA, CLEAR, identity"
    )
    return ProfileFigures(
        rules={"all": rule},
        overall={**means(per_class, ("HOTA", "MOTA", "IDF1")), "n_frames": len(case.truths)},
        per_class=per_class,
        left_out={name: "the truth holds none" for name, one in per_class.items() if not one["n_truth"]},
    )


class _Drive:
    """One recording's found boxes with their tracks; raises ProfileUndefined where there are none."""

    def __init__(self, case: Case) -> None:
        self._case = case
        numbers, pairs = asked(case.reports, case.recording, case.captured)
        answers = {report.seq: report.findings for report in case.reports}
        labelled = [number for number, (truth, _) in zip(numbers, pairs, strict=True) if truth is not None]
        told: list[Findings | None] = [answers.get(number) for number in labelled]
        if any(one is not None and one.tracks is None for one in told) or not any(told):
            raise ProfileUndefined(NO_TRACKER)
        none: Index = np.empty(0, np.int64)
        ids = [np.array(() if one is None else one.tracks, np.int64) for one in told]
        self._tracks = np.concatenate([none, *ids])
        self._labels = np.concatenate([none, *(found.labels for found in case.answers)])
        self._found = pooled_found(case.answers)

    def figures(self, roles: Index, rows: Index, found: set[str], least_height_px: float = 0) -> Figures:
        """Of one class: `rows` of the truth in `roles`; an unmatched found box not above the height is no alarm."""
        case, truth = self._case, self._case.truth
        # Only positives are told apart; the others get numbers of their own, for no two of a frame may share one.
        names = np.where(roles == Role.POSITIVE, truth.tracks[rows], NO_TRACK - 1 - rows)
        places = [place for place, label in enumerate(case.model_labels) if label in found]
        here = np.flatnonzero(np.isin(self._labels, places) & (self._tracks != NO_TRACK))
        try:
            labelled = TrackRows(case.truth_images[rows], names, to_sizes(truth.boxes[rows]))
            told = TrackRows(self._found.images[here], self._tracks[here], self._found.boxes[here])
        except ValueError as error:
            raise ProfileUndefined(f"tracks contradict themselves: {error}") from error
        low = told.boxes[:, 3] <= least_height_px
        paired = moments(labelled, told, len(case.truths), roles, excused=low)
        return {**tracking_figures([paired]), "n_truth": paired.n_truth, "n_found": paired.n_found}
