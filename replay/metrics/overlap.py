"""Which boxes overlap which, and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from replay.metrics.pool import Found, Index, Labelled, Mask, Numbers, ramps
from replay.truth import Role

CHUNK = 1 << 21
"""Candidate pairs held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Overlapping pairs, ascending by found row, then by labelled row."""

    found: Index
    labelled: Index
    overlap: Numbers

    def __len__(self) -> int:
        return len(self.overlap)


def grouped_pairs(found: Found, labelled: Labelled, floor: float) -> Pairs:
    """Pairs of the same image and class with an overlap of at least `floor` (> 0).

    Overlap is intersection over union; on a region it is intersection over the found box's area. The arithmetic
    is that of pycocotools' maskApi.c, operation by operation.
    """
    n_labels = 1 + int(max(found.labels.max(initial=0), labelled.labels.max(initial=0)))
    candidates = same_key(found.images * n_labels + found.labels, labelled.images * n_labels + labelled.labels)
    parts = [_overlaps(found, labelled, ours, theirs, floor) for ours, theirs in candidates]
    none: Index = np.empty(0, np.int64)
    return Pairs(
        np.concatenate([none, *(part.found for part in parts)]),
        np.concatenate([none, *(part.labelled for part in parts)]),
        np.concatenate([np.empty(0), *(part.overlap for part in parts)]),
    )


def same_key(our_keys: Index, their_keys: Index) -> Iterator[tuple[Index, Index]]:
    """All pairs of rows with equal keys, ascending by our row, then by theirs; in chunks."""
    by_key = np.argsort(their_keys, kind="stable")
    start = np.searchsorted(their_keys[by_key], our_keys, "left")
    count = np.searchsorted(their_keys[by_key], our_keys, "right") - start
    for rows in _chunks(count):
        yield rows.repeat(count[rows]), by_key[start[rows].repeat(count[rows]) + ramps(count[rows])]


def _overlaps(found: Found, labelled: Labelled, ours: Index, theirs: Index, floor: float) -> Pairs:
    width = _reach(found.boxes, ours, labelled.boxes, theirs, 0)
    meet = width > 0
    ours, theirs, width = ours[meet], theirs[meet], width[meet]
    height = _reach(found.boxes, ours, labelled.boxes, theirs, 1)
    meet = height > 0
    ours, theirs, shared = ours[meet], theirs[meet], width[meet] * height[meet]
    area = (found.boxes[:, 2] * found.boxes[:, 3])[ours]
    union = area + (labelled.boxes[:, 2] * labelled.boxes[:, 3])[theirs] - shared
    overlap = shared / np.where(labelled.roles[theirs] == Role.REGION, area, union)
    keep = overlap >= floor
    return Pairs(ours[keep], theirs[keep], overlap[keep])


def _reach(boxes: Numbers, ours: Index, others: Numbers, theirs: Index, axis: int) -> Numbers:
    """How far each pair overlaps along one axis; not positive where it doesn't."""
    near, far = boxes[:, axis], boxes[:, axis + 2] + boxes[:, axis]
    their_near, their_far = others[:, axis], others[:, axis + 2] + others[:, axis]
    reach: Numbers = np.minimum(far[ours], their_far[theirs]) - np.maximum(near[ours], their_near[theirs])
    return reach


def _chunks(count: Index) -> list[Index]:
    """Rows that have candidates, cut so that no chunk holds many more than CHUNK pairs."""
    rows = np.flatnonzero(count)
    if not len(rows):
        return []
    chunk = np.cumsum(count[rows]) // CHUNK
    return np.split(rows, np.flatnonzero(np.diff(chunk)) + 1)


RegionKind = Literal["crowd", "each", "union", "centre"]


@dataclass(frozen=True, slots=True)
class RegionRule:
    """When a found box counts as lying in an area that nobody labelled.

    crowd: COCO's own: a region is matched like a box (its overlap against the evaluation's threshold), after every
    box that counts. The others only ask of a box that is left unmatched: does one region ("each") or do all
    together ("union") cover more than `share` of it, or is its centre inside, edges included ("centre")?
    """

    kind: RegionKind
    share: float = 0.5
    inclusive: bool = False
    """Whether exactly `share` is enough."""


def in_regions(found: Found, labelled: Labelled, rule: RegionRule) -> Mask:
    """(N,) marks the found boxes that lie in a region of their class or of every class, by `rule` (not "crowd")."""
    regions = labelled.pick(labelled.roles == Role.REGION)
    inside = np.zeros(len(found), np.bool_)
    for ours, theirs in same_key(found.images, regions.images):
        near = (regions.labels[theirs] < 0) | (regions.labels[theirs] == found.labels[ours])
        # Most boxes touch no region: these are told all at once. One that ends on an edge may have its centre there.
        for axis in (0, 1):
            near &= _reach(found.boxes, ours, regions.boxes, theirs, axis) >= 0
        rows, first = np.unique(ours[near], return_index=True)
        for row, touched in zip(rows, np.split(theirs[near], first)[1:], strict=True):
            inside[row] = _inside(found.boxes[row], regions.boxes[touched], rule)
    return inside


def _inside(box: Numbers, regions: Numbers, rule: RegionRule) -> bool:
    left, top, width, height = box
    if rule.kind == "centre":
        x, y = left + width / 2, top + height / 2
        across = (regions[:, 0] <= x) & (x <= regions[:, 0] + regions[:, 2])
        return bool(np.any(across & (regions[:, 1] <= y) & (y <= regions[:, 1] + regions[:, 3])))
    lefts, rights = np.maximum(regions[:, 0], left), np.minimum(regions[:, 0] + regions[:, 2], left + width)
    tops, bottoms = np.maximum(regions[:, 1], top), np.minimum(regions[:, 1] + regions[:, 3], top + height)
    cut = np.stack([lefts, tops, rights, bottoms], axis=1)[(rights > lefts) & (bottoms > tops)]
    if width * height <= 0 or not len(cut):
        return False
    if rule.kind == "each":
        covered = float(np.max((cut[:, 2] - cut[:, 0]) * (cut[:, 3] - cut[:, 1])))
    else:
        covered = _union_area(cut)
    share = covered / float(width * height)
    return share >= rule.share if rule.inclusive else share > rule.share


def _union_area(corners: Numbers) -> float:
    """Of boxes left, top, right, bottom: every cell of the grid that their edges draw, counted once."""
    xs, ys = np.unique(corners[:, [0, 2]]), np.unique(corners[:, [1, 3]])
    across = (corners[:, None, 0] <= xs[:-1]) & (xs[1:] <= corners[:, None, 2])
    down = (corners[:, None, 1] <= ys[:-1]) & (ys[1:] <= corners[:, None, 3])
    covered = (across[:, :, None] & down[:, None, :]).any(axis=0)
    return float(np.sum(covered * np.outer(np.diff(xs), np.diff(ys))))
