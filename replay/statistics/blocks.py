"""Blocks of time: how sure a difference is on one recording, whose frames resemble the frames before them.

A block is to a recording what a sequence is to a data set: `bootstrap.paired_differences` takes either. It must be
longer than a passage of traffic, for whoever is hard to find stays so while in view. How long that is, the data tell:
the autocorrelation of how many objects are there, and of what each frame adds to the difference.
(Carlstein, "The use of subseries values for estimating the variance of a general statistic from a stationary
sequence", 1986; Ibragimov and Müller, "t-statistic based correlation and heterogeneity robust inference", 2010.)
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from replay.metrics.pool import Index, Numbers
from replay.statistics.bootstrap import Estimate, Statistic, leave_one_out
from replay.statistics.correlation import correlation_length

MOST_CELLS = 256
"""A recording is looked at in so many steps at most: what is shorter is no matter beside the blocks."""
LEAST_BLOCKS, MOST_BLOCKS = 6, 8
"""Fewer don't show how far apart they are; more would be shorter, and the more alike."""

MOST_HIDDEN = 0.5
"""Of the variance: that of a block which is just as long as its cells stay alike."""

LIKE = 1.5
"""Cells of which more than so many in a row make one resemble each other: a film's."""
SLOW = 1.2
"""What weather longer than a block adds to a figure's error, by measurement (docs/metrics/accuracy.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    of_cell: Index
    """(cells,) the block of each; blocks are consecutive, and their lengths differ by one cell at most."""
    n: int
    alike: float
    """How many cells in a row make one witness: a block is as long at least."""

    def widened(self, estimate: Estimate) -> Estimate:
        """With the error that blocks of this length hide, because a block's end is like the next one's beginning.

        Where correlations fall exponentially, a block of L cells shows its variance too small by alike / 2L.
        """
        length = len(self.of_cell) / max(self.n, 1)
        hidden = self.alike / (2 * length) if length else 0.0
        return replace(estimate, error=estimate.error / math.sqrt(1 - min(hidden, MOST_HIDDEN)))

    def around_level(self, estimate: Estimate) -> Estimate:
        """The same of a figure by itself: what changes slowly, and cancels out of a difference, is all in it."""
        wide = self.widened(estimate)
        return replace(wide, error=wide.error * SLOW) if self.alike > LIKE else wide


def cells_of(n_images: int) -> Index:
    """(images,) the cell of each, in the order of time."""
    cells: Index = np.arange(n_images) * min(n_images, MOST_CELLS) // max(n_images, 1)
    return cells


def influences(a: Statistic, b: Statistic, n_cells: int) -> Numbers:
    """(cells,) what each cell adds to b - a of the first figure; 0 where that can't be told."""
    without = leave_one_out(n_cells)
    less = (b(without) - a(without))[:, 0]
    known = ~np.isnan(less)
    added: Numbers = np.where(known, less[known].mean() - less, 0.0) if known.any() else np.zeros(n_cells)
    return added


def blocks_of(influence: Numbers, objects: Numbers) -> Blocks:
    """As many blocks as are long enough, MOST_BLOCKS at most; perhaps too few to tell anything.

    Both (cells,): what each adds to the difference (`influences`), and how many labelled objects are there.
    """
    n = len(influence)
    alike = max(correlation_length(influence), correlation_length(objects))
    many = max(1, min(MOST_BLOCKS, int(n / alike)))
    of_cell: Index = np.arange(n) * many // max(n, 1)
    return Blocks(of_cell, many, alike)
