"""How sure an AP is: its 95 % interval on one recording, by blocks of its pictures in their order.

Small sets say how small they are: frames next to each other resemble each other, so that neither they nor their boxes
are as many witnesses as they are pictures. `replay.statistics.blocks` says how long a block has to be.
"""

import math
from collections.abc import Sequence

import numpy as np

from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Found, Index, Labelled, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.scoring.pool import Pool
from replay.statistics.blocks import LEAST_BLOCKS, blocks_of, influences
from replay.statistics.bootstrap import Statistic, draws_of, paired_differences
from sensors.record import Record

CELLS = 64
"""A recording is looked at in so many steps."""
RESAMPLES, SEED = 100, 1
QUANTILES = {5: 2.5706, 6: 2.4469, 7: 2.3646}
"""Student's t, 97.5 %, by degrees of freedom: one less than there are blocks."""
ROUNDING = 1e-9
"""An error below that is the arithmetic's own, and no difference between blocks."""


class ApInterval(Record, frozen=True, kw_only=True):
    """Of AP (IoU .50 to .95), 95 %; NaN (null in JSON) where the blocks can't tell: too few, or no two that differ."""

    low: float
    high: float
    per_class: dict[str, dict[str, float]] = {}
    """Class -> `low` and `high`."""
    blocks: int = 0
    """So many witnesses in a row, each longer than what resembles itself."""

    def of(self, name: str | None = None) -> tuple[float, float]:
        """Of a class, or of the mean over all."""
        if name is None:
            return self.low, self.high
        bounds = self.per_class.get(name, {})
        return bounds.get("low", math.nan), bounds.get("high", math.nan)

    @property
    def no_interval(self) -> str:
        """Why there is none, as a sentence goes on; empty where there is one."""
        if self.blocks < LEAST_BLOCKS:
            return f"too few pictures that differ: {self.blocks} blocks of like ones, an interval takes {LEAST_BLOCKS}"
        if math.isnan(self.low):
            return f"its {self.blocks} blocks of pictures are all alike in it, and don't tell how far off others may be"
        return ""


def ap_interval(pool: Pool) -> ApInterval:
    return interval_of(pool.found, pool.labelled, pool.classes, pool.n_images)


def interval_of(found: Found, labelled: Labelled, classes: Sequence[str], n: int) -> ApInterval:
    """Of `n` images in the order in which they were taken."""
    outcomes = Matching(found, labelled, len(classes)).outcomes()
    cell_of_image: Index = np.arange(n) * min(n, CELLS) // max(n, 1)
    cells = int(cell_of_image.max(initial=-1)) + 1
    if cells < LEAST_BLOCKS:
        return ApInterval(low=math.nan, high=math.nan, blocks=cells)
    objects = np.bincount(cell_of_image[outcomes.positive_images], minlength=cells) / np.bincount(cell_of_image)
    blocks = blocks_of(influences(_nothing, _figures(outcomes, cell_of_image), cells), objects)
    if blocks.n < LEAST_BLOCKS:
        return ApInterval(low=math.nan, high=math.nan, blocks=blocks.n)
    draws = draws_of(blocks.n, np.random.default_rng(SEED), RESAMPLES)
    drawn = paired_differences(_nothing, _figures(outcomes, blocks.of_cell[cell_of_image]), draws)
    t = QUANTILES[blocks.n - 1]
    (low, high), *others = (_bounds(one.value, t * one.error) for one in map(blocks.widened, drawn))
    per_class = {name: {"low": low, "high": high} for name, (low, high) in zip(classes, others, strict=True)}
    return ApInterval(low=low, high=high, per_class=per_class, blocks=blocks.n)


def _figures(outcomes: Outcomes, part_of_image: Index) -> Statistic:
    """AP over all classes, then of each."""

    def of(draws: Index) -> Numbers:
        drawn = resampled_ap(outcomes, part_of_image, draws)
        return np.column_stack([mean_ap(drawn), drawn.mean(axis=1)])

    return of


def _bounds(value: float, reach: float) -> tuple[float, float]:
    # Where no block differs from another, perfect ones for instance, nothing tells how far off the next may be.
    if not reach > ROUNDING or math.isnan(value):
        return math.nan, math.nan
    return max(0.0, value - reach), min(1.0, value + reach)


def _nothing(draws: Index) -> Numbers:
    """What a figure is told as a difference from."""
    return np.zeros((len(draws), 1))
