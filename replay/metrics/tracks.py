"""One sequence of one class as tracking metrics see it: frame by frame, who was there, who was found, how alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.metrics.pool import Index, Mask, Numbers
from replay.truth import Role
from sensors.plugins import need

EPS = float(np.finfo("float").eps)
"""TrackEval's tolerance at thresholds."""

SAME = 0.5
"""From this similarity on, CLEAR and identity metrics (and what removes distractors) hold two boxes for one."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackRows:
    """Boxes of one sequence and class with their tracks; a track has one box a frame at most."""

    frames: Index
    """(N,) which frame of the sequence, 0.."""
    tracks: Index
    boxes: Numbers
    """(N, 4) left, top, width, height in pixels."""

    def __post_init__(self) -> None:
        n = len(self.frames)
        if self.tracks.shape != (n,) or self.boxes.shape != (n, 4):
            raise ValueError("the arrays of tracks don't belong together")
        if len(np.unique(np.stack([self.frames, self.tracks], axis=1), axis=0)) != n:
            raise ValueError("a track has two boxes in one frame")

    def pick(self, which: Index | Mask) -> "TrackRows":
        return TrackRows(self.frames[which], self.tracks[which], self.boxes[which])


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Frame by frame; ids count from 0 without holes."""

    truth_ids: Sequence[Index]
    found_ids: Sequence[Index]
    similarity: Sequence[Numbers]
    """(truth, found) intersection over union."""
    n_truth_ids: int
    n_found_ids: int

    @property
    def n_truth(self) -> int:
        return sum(map(len, self.truth_ids))

    @property
    def n_found(self) -> int:
        return sum(map(len, self.found_ids))


def moments(
    truth: TrackRows, found: TrackRows, n_frames: int, roles: Index | None = None, excused: Mask | None = None
) -> Moments:
    """Pair the sequence frame by frame.

    With `roles` (of the truth's rows): found boxes that are a neighbour's, or in a region and nobody's, are taken
    out first, as TrackEval takes out distractors and ignored regions; then only positives stay. What is invisible
    can keep a found box from being a neighbour's. `excused` (of the found rows, where there are roles): those that go
    likewise if they are nobody's.
    """
    keep = np.ones(len(found.frames), np.bool_)
    if roles is not None:
        for there, here in zip(_by_frame(truth.frames, n_frames), _by_frame(found.frames, n_frames), strict=True):
            spared = np.zeros(len(here), np.bool_) if excused is None else excused[here]
            keep[here] = ~_distracted(truth.boxes[there], roles[there], found.boxes[here], spared)
        truth = truth.pick(roles == Role.POSITIVE)
    found = found.pick(keep)
    truth_names, truth_ids = np.unique(truth.tracks, return_inverse=True)
    found_names, found_ids = np.unique(found.tracks, return_inverse=True)
    in_truth, in_found = _by_frame(truth.frames, n_frames), _by_frame(found.frames, n_frames)
    return Moments(
        truth_ids=[truth_ids[rows] for rows in in_truth],
        found_ids=[found_ids[rows] for rows in in_found],
        similarity=[
            similarity(truth.boxes[there], found.boxes[here]) for there, here in zip(in_truth, in_found, strict=True)
        ],
        n_truth_ids=len(truth_names),
        n_found_ids=len(found_names),
    )


def similarity(a: Numbers, b: Numbers) -> Numbers:
    """(A, B) intersection over union with TrackEval's arithmetic; 0 where a box has no area."""
    shared, area_a, area_b = _shared(a, b)
    union = area_a[:, None] + area_b[None, :] - shared
    flat = (area_a <= EPS)[:, None] | (area_b <= EPS)[None, :] | (union <= EPS)
    alike: Numbers = np.where(flat, 0.0, shared) / np.where(union <= EPS, 1.0, union)
    return alike


def assign(scores: Numbers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The one-to-one assignment with the greatest sum."""
    optimize = need("scipy.optimize", "statistics", "tracking figures")
    rows, columns = optimize.linear_sum_assignment(-scores)
    return rows, columns


def _distracted(truth: Numbers, roles: Index, found: Numbers, spared: Mask) -> Mask:
    """(found,) marks boxes assigned to a neighbour; and those assigned to nobody that are over half in a region or
    `spared`.
    """
    objects = np.flatnonzero(roles != Role.REGION)
    scores = similarity(truth[objects], found)
    scores[scores < SAME - EPS] = 0
    rows, columns = assign(scores)
    held = scores[rows, columns] > EPS
    rows, columns = rows[held], columns[held]
    distracted = np.zeros(len(found), np.bool_)
    distracted[columns] = roles[objects[rows]] == Role.NEIGHBOUR
    free = np.ones(len(found), np.bool_)
    free[columns] = False
    shared, area, _ = _shared(found, truth[roles == Role.REGION])
    covered = shared > (0.5 + EPS) * area[:, None]
    return distracted | (free & (covered.any(axis=1) | spared))


def _shared(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(A, B) intersections, and both sides' areas."""
    a_far, b_far = a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]
    sides = np.minimum(a_far[:, None], b_far[None]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.maximum(sides[..., 0], 0) * np.maximum(sides[..., 1], 0)
    area_a, area_b = np.prod(a_far - a[:, :2], axis=1), np.prod(b_far - b[:, :2], axis=1)
    return shared, area_a, area_b


def _by_frame(frames: Index, n_frames: int) -> list[Index]:
    order = np.argsort(frames, kind="stable")
    return np.split(order, np.searchsorted(frames[order], np.arange(1, n_frames)))
