"""Who is matched with whom: greedy by score, as COCO defines it, with roles.

Score by score, best first, a found box takes of the free boxes that it overlaps enough: a positive rather than one
that doesn't count, then the greatest overlap, then the later row. What doesn't count (a neighbour, or a positive
outside the slice that is looked at) takes its found box out of the reckoning; so does a region.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.metrics.overlap import Pairs, RegionRule, grouped_pairs, in_regions
from replay.metrics.pool import Found, Index, Labelled, Mask, Numbers
from replay.truth import Role

IOU_THRESHOLDS: Numbers = np.linspace(0.5, 0.95, 10)
MAX_FOUND = 100
CROWD = RegionRule("crowd")

HIT, FALSE_ALARM, LEFT_OUT = 1, 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A part of the truth, scored by itself."""

    name: str
    counts: Mask
    """Over the labelled rows: positives that don't are matched, but neither hits nor misses."""
    excuses: Mask | None = None
    """Over the found rows: an unmatched one of these is no false alarm."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What became of every found box at every threshold, for one slice."""

    found: Found
    """Class by class, best first; ties by image, then by the order they came in."""
    rows: Index
    """(N,) where each one stood in what was given."""
    ranks: Index
    """(N,) place among its image's and class's found boxes, from 0."""
    states: NDArray[np.int8]
    """(thresholds, N) HIT, FALSE_ALARM or LEFT_OUT."""
    partners: Index
    """(thresholds, N) the labelled row that was taken; -1 = none."""
    positive_images: Index
    positive_labels: Index
    """Image and class of each positive that counts."""
    n_labels: int


class Matching:
    """Sorted and paired once; then one assignment per slice and threshold.

    Rows of a slice's masks are those of the `found` and `labelled` that are given here.
    """

    def __init__(
        self,
        found: Found,
        labelled: Labelled,
        n_labels: int,
        *,
        regions: RegionRule = CROWD,
        thresholds: Sequence[float] | Numbers = IOU_THRESHOLDS,
        max_found: int = MAX_FOUND,
    ) -> None:
        if found.labels.max(initial=-1) >= n_labels or found.labels.min(initial=0) < 0:
            raise ValueError(f"a found label is not one of the {n_labels} evaluated classes")
        if regions.kind == "crowd" and np.any((labelled.labels < 0) & (labelled.roles == Role.REGION)):
            raise ValueError("COCO's crowds have a class: a region of every class needs another rule")
        self.labelled = labelled
        self.n_labels = n_labels
        # A threshold of 1 must be reachable in floating point: pycocotools' own remedy.
        self.thresholds: Numbers = np.minimum(np.asarray(thresholds, np.float64), 1 - 1e-10)
        self.rows, self._ranks = _best_first(found, max_found)
        self.found = found.pick(self.rows)
        matched = labelled.roles != Role.INVISIBLE
        self._excused = np.zeros(len(self.found), np.bool_)
        if regions.kind != "crowd":
            matched &= labelled.roles != Role.REGION
            self._excused = in_regions(self.found, labelled, regions)
        rows = np.flatnonzero(matched)
        pairs = grouped_pairs(self.found, labelled.pick(rows), float(self.thresholds.min(initial=1)))
        self._pairs = _by_overlap(pairs, rows)

    def outcomes(self, part: Slice | None = None) -> Outcomes:
        """For one slice of the truth; None: for all of it."""
        labelled = self.labelled
        counts = labelled.roles == Role.POSITIVE
        excused = self._excused
        if part is not None:
            counts &= part.counts
            if part.excuses is not None:
                excused = excused | part.excuses[self.rows]
        pairs = _counting_first(self._pairs, counts)
        shared = labelled.roles == Role.REGION
        states = np.empty((len(self.thresholds), len(self.found)), np.int8)
        partners = np.full(states.shape, -1, np.int64)
        states[:] = np.where(excused, LEFT_OUT, FALSE_ALARM)
        for row, threshold in enumerate(self.thresholds):
            near = np.flatnonzero(pairs.overlap >= threshold)
            taken = near[take_turns(pairs.found[near], pairs.labelled[near], shared)]
            winners, theirs = pairs.found[taken], pairs.labelled[taken]
            states[row, winners] = np.where(counts[theirs], HIT, LEFT_OUT)
            partners[row, winners] = theirs
        positive = np.flatnonzero(counts)
        return Outcomes(
            found=self.found,
            rows=self.rows,
            ranks=self._ranks,
            states=states,
            partners=partners,
            positive_images=labelled.images[positive],
            positive_labels=labelled.labels[positive],
            n_labels=self.n_labels,
        )


def take_turns(choosers: Index, chosen: Index, shared: Mask) -> Index:
    """Each chooser in ascending order takes the first still free of the ones it lists; returns the pairs that hold.

    Pairs come sorted by chooser, and each chooser's list best first. `shared` marks, by what is chosen, those that
    are never used up. Worked in rounds over all choosers at once: everyone asks for the next on their list, the
    lowest chooser holds it, a displaced one moves on. As all that are chosen agree on who goes first, these rounds
    (Gale and Shapley's) end in exactly the assignment that going one by one gives.
    """
    if not len(choosers):
        return np.empty(0, np.int64)
    starts = np.flatnonzero(np.diff(choosers, prepend=choosers[0] - 1))
    ends = np.append(starts[1:], len(choosers))
    nobody = len(starts)
    holder = np.full(int(chosen.max()) + 1, nobody)
    cursor = starts.copy()
    asking: Index = np.arange(nobody)
    while len(asking):
        contending = asking[~shared[chosen[cursor[asking]]]]
        wanted = chosen[cursor[contending]]
        before = holder[wanted]
        np.minimum.at(holder, wanted, contending)
        won = holder[wanted] == contending
        displaced = before[won]
        moving = np.concatenate([contending[~won], displaced[displaced < nobody]])
        cursor[moving] += 1
        asking = moving[cursor[moving] < ends[moving]]
    return cursor[cursor < ends]


def _by_overlap(pairs: Pairs, labelled_rows: Index) -> Pairs:
    """Each found box's pairs by overlap, then the later row first; labelled rows renumbered by `labelled_rows`."""
    order = np.lexsort((-pairs.labelled, -pairs.overlap, pairs.found))
    return Pairs(pairs.found[order], labelled_rows[pairs.labelled[order]], pairs.overlap[order])


def _counting_first(pairs: Pairs, counts: Mask) -> Pairs:
    """Each found box's pairs with those first that count; otherwise in the order they had."""
    order = np.argsort(2 * pairs.found + ~counts[pairs.labelled], kind="stable")
    return Pairs(pairs.found[order], pairs.labelled[order], pairs.overlap[order])


def _best_first(found: Found, max_found: int) -> tuple[Index, Index]:
    """The rows that stay, class by class and best first, and each one's rank in its image and class."""
    by_image = np.lexsort((-found.scores, found.images, found.labels))
    labels, images = found.labels[by_image], found.images[by_image]
    new = np.ones(len(by_image), np.bool_)
    new[1:] = (labels[1:] != labels[:-1]) | (images[1:] != images[:-1])
    starts = np.flatnonzero(new)
    ranks = np.arange(len(by_image)) - starts.repeat(np.diff(np.append(starts, len(by_image))))
    stay = ranks < max_found
    by_image, ranks = by_image[stay], ranks[stay]
    order = np.lexsort((-found.scores[by_image], found.labels[by_image]))
    return by_image[order], ranks[order]
