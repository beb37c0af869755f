"""KITTI's 2-D average precision, as the official devkit (evaluate_object.cpp) computes it.

Rules and the edges where ports differ: docs/metrics/accuracy.md, "KITTI". Boxes are corners, as in KITTI's files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.matching import take_turns
from replay.metrics.overlap import same_key
from replay.metrics.pool import Index, Mask, Numbers

CAR, PEDESTRIAN, CYCLIST, VAN, PERSON_SITTING, DONT_CARE, OTHER = range(7)
TYPES: Mapping[str, int] = {
    "car": CAR,
    "pedestrian": PEDESTRIAN,
    "cyclist": CYCLIST,
    "van": VAN,
    "person_sitting": PERSON_SITTING,
    "dontcare": DONT_CARE,
}
EVALUATED: Mapping[str, int] = {"Car": CAR, "Pedestrian": PEDESTRIAN, "Cyclist": CYCLIST}
NEIGHBOURS = {CAR: VAN, PEDESTRIAN: PERSON_SITTING}
MIN_OVERLAP = {CAR: 0.7, PEDESTRIAN: 0.5, CYCLIST: 0.5}
"""An overlap counts if it is greater: with a labelled box, and (over the found box's own area) with a DontCare box."""

STEPS = 41
COUNTS, IGNORED, INVISIBLE = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Difficulty:
    name: str
    min_height_px: int
    max_occlusion: int
    max_truncation: float


DIFFICULTIES = (Difficulty("easy", 40, 0, 0.15), Difficulty("moderate", 25, 1, 0.30), Difficulty("hard", 25, 2, 0.50))


@dataclass(frozen=True, slots=True, eq=False)
class KittiLabels:
    """Rows of label files; within an image in the file's order, which decides who is matched first."""

    images: Index
    types: Index
    """`type_codes`."""
    corners: Numbers
    """(N, 4) left, top, right, bottom."""
    truncated: Numbers
    occluded: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class KittiFound:
    """Rows of result files; of equal scores the earlier row wins."""

    images: Index
    types: Index
    corners: Numbers
    scores: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class KittiCurve:
    n: int
    """Labelled boxes that count."""
    precision: Numbers
    """(41,) interpolated precision at the score thresholds nearest to recall k/40; 0 where there is none."""

    @property
    def ap40(self) -> float:
        """Mean of the points 1..40 (official since October 2019); NaN where nothing counts."""
        return float(self.precision[1:].sum() / (STEPS - 1)) if self.n else float("nan")

    @property
    def ap11(self) -> float:
        """Mean of the points 0, 4, .., 40; NaN where nothing counts."""
        return float(self.precision[::4].sum() / 11) if self.n else float("nan")


def type_codes(names: Sequence[str]) -> Index:
    """As the devkit reads them, upper or lower case alike."""
    return np.array([TYPES.get(name.lower(), OTHER) for name in names], np.int64)


def kitti_curve(labels: KittiLabels, found: KittiFound, evaluated: int, difficulty: Difficulty) -> KittiCurve:
    """One class (CAR, PEDESTRIAN, CYCLIST) at one difficulty."""
    label_states = _label_states(labels, evaluated, difficulty)
    found_states = _found_states(found, evaluated, difficulty)
    spared = _in_dont_care(found, labels, MIN_OVERLAP[evaluated])
    pairs = _pairs(labels, label_states, found, found_states, MIN_OVERLAP[evaluated])
    n = int((label_states == COUNTS).sum())
    precision = np.zeros(STEPS)
    for step, threshold in enumerate(_thresholds(pairs.first_hits(), n)[:STEPS]):
        right, taken = pairs.hits_from(threshold)
        alarms = (found_states == COUNTS) & (found.scores >= threshold) & ~taken & ~spared
        answers = right + int(alarms.sum())
        # The devkit divides 0 by 0 here (every answer went to an ignored box); a point without answers is 0.
        precision[step] = right / answers if answers else 0.0
    return KittiCurve(n, np.maximum.accumulate(precision[::-1])[::-1])


def _label_states(labels: KittiLabels, evaluated: int, difficulty: Difficulty) -> Index:
    heights = labels.corners[:, 3] - labels.corners[:, 1]
    beyond = (
        (labels.occluded > difficulty.max_occlusion)
        | (labels.truncated > difficulty.max_truncation)
        | (heights < difficulty.min_height_px)
    )
    of_class = labels.types == evaluated
    states = np.full(len(labels.types), INVISIBLE)
    states[of_class] = np.where(beyond[of_class], IGNORED, COUNTS)
    states[labels.types == NEIGHBOURS.get(evaluated, -1)] = IGNORED
    return states


def _found_states(found: KittiFound, evaluated: int, difficulty: Difficulty) -> Index:
    """A box that is too low is ignored whatever its class; heights are cut to whole pixels first, as in C."""
    heights = np.trunc(np.abs(found.corners[:, 1] - found.corners[:, 3]))
    states: Index = np.where(found.types == evaluated, COUNTS, INVISIBLE)
    states[heights < difficulty.min_height_px] = IGNORED
    return states


def _in_dont_care(found: KittiFound, labels: KittiLabels, floor: float) -> Mask:
    spared = np.zeros(len(found.types), np.bool_)
    areas = np.flatnonzero(labels.types == DONT_CARE)
    for ours, theirs in same_key(found.images, labels.images[areas]):
        shared = _shared(found.corners[ours], labels.corners[areas[theirs]])
        meet = shared > 0
        spared[ours[meet][shared[meet] / _area(found.corners[ours[meet]]) > floor]] = True
    return spared


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Labelled and found boxes that overlap enough; labelled boxes choose, in the order of their rows."""

    label: Index
    found: Index
    overlap: Numbers
    scores: Numbers
    counting_label: Mask
    counting_found: Mask
    n_found: int

    def first_hits(self) -> Numbers:
        """The scores of the hits when every labelled box takes the best score: the devkit's first pass."""
        order = np.lexsort((self.found, -self.scores, self.label))
        taken = order[self._assign(order)]
        return self.scores[taken[self.counting_label[taken] & self.counting_found[taken]]]

    def hits_from(self, threshold: float) -> tuple[int, Mask]:
        """Hits among the found boxes of at least that score, and which of them all were taken: the second pass.

        Each labelled box takes the greatest overlap of those that count; failing that, the first that is ignored.
        """
        here = np.flatnonzero(self.scores >= threshold)
        counts = self.counting_found[here]
        preference = np.where(counts, -self.overlap[here], 0)
        order = here[np.lexsort((self.found[here], preference, ~counts, self.label[here]))]
        pairs = order[self._assign(order)]
        taken = np.zeros(self.n_found, np.bool_)
        taken[self.found[pairs]] = True
        return int((self.counting_label[pairs] & self.counting_found[pairs]).sum()), taken

    def _assign(self, order: Index) -> Index:
        return take_turns(self.label[order], self.found[order], np.zeros(self.n_found, np.bool_))


def _pairs(
    labels: KittiLabels, label_states: Index, found: KittiFound, found_states: Index, floor: float
) -> _Pairs:  # fmt: skip
    ours, theirs = np.flatnonzero(label_states != INVISIBLE), np.flatnonzero(found_states != INVISIBLE)
    none: Index = np.empty(0, np.int64)
    parts: list[tuple[Index, Index, Numbers]] = [(none, none, np.empty(0))]
    for left, right in same_key(labels.images[ours], found.images[theirs]):
        label, box = ours[left], theirs[right]
        shared = _shared(found.corners[box], labels.corners[label])
        meet = shared > 0
        label, box, shared = label[meet], box[meet], shared[meet]
        overlap = shared / (_area(found.corners[box]) + _area(labels.corners[label]) - shared)
        near = overlap > floor
        parts.append((label[near], box[near], overlap[near]))
    label, box, overlap = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Pairs(
        label=label,
        found=box,
        overlap=overlap,
        scores=found.scores[box],
        counting_label=label_states[label] == COUNTS,
        counting_found=found_states[box] == COUNTS,
        n_found=len(found.types),
    )


def _thresholds(scores: Numbers, n: int) -> list[float]:
    """The scores at which recall is nearest to 0, 1/40, 2/40, ... of the `n` boxes that count."""
    ordered = np.sort(scores)[::-1].tolist()
    chosen: list[float] = []
    wanted = 0.0
    for i, score in enumerate(ordered):
        last = i == len(ordered) - 1
        here, beyond = (i + 1) / n, (i + 1 if last else i + 2) / n
        if beyond - wanted < wanted - here and not last:
            continue
        chosen.append(score)
        wanted += 1 / (STEPS - 1)
    return chosen


def _shared(a: Numbers, b: Numbers) -> Numbers:
    """Intersections; 0 where boxes don't meet."""
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    shared: Numbers = np.where((width > 0) & (height > 0), width * height, 0.0)
    return shared


def _area(corners: Numbers) -> Numbers:
    area: Numbers = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return area
