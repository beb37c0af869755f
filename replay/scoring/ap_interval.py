"""How sure an AP is: its 95 % interval on one recording, by blocks of its pictures in their order.

Small sets say how small they are: frames next to each other resemble each other, so that neither they nor their boxes
are as many witnesses as they are pictures. `replay.statistics.blocks` says how long a block has to be.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Found, Index, Labelled, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.scoring.pool import Pool
from replay.statistics.blocks import LEAST_BLOCKS, Blocks, blocks_of, influences
from replay.statistics.bootstrap import ROUNDING, Statistic, draws_of, jackknifed, nothing, paired_differences
from sensors.record import Record

CELLS = 64
"""A recording is looked at in so many steps."""
FIGURES = ("AP", "AP50", "AP75")
AT_75 = 5
"""Of the thresholds .50, .55, ..."""
RESAMPLES, SEED = 100, 1
QUANTILES = {5: 2.5706, 6: 2.4469, 7: 2.3646}
"""Student's t, 97.5 %, by degrees of freedom: one less than there are blocks."""


Bounds = dict[str, float]
"""`low` and `high`."""
UNKNOWN: Bounds = {"low": math.nan, "high": math.nan}


class ApInterval(Record, frozen=True, kw_only=True):
    """Of AP (IoU .50 to .95), 95 %; NaN (null in JSON) where the blocks can't tell: too few, or no two that differ."""

    low: float
    high: float
    per_class: dict[str, Bounds] = {}
    ap50: Bounds = msgspec.field(name="AP50", default_factory=dict)
    """Of AP50; empty in older records, as of AP75, and of the classes of both."""
    ap50_per_class: dict[str, Bounds] = msgspec.field(name="AP50_per_class", default_factory=dict)
    ap75: Bounds = msgspec.field(name="AP75", default_factory=dict)
    ap75_per_class: dict[str, Bounds] = msgspec.field(name="AP75_per_class", default_factory=dict)
    sizes_per_class: dict[str, dict[str, Bounds]] = {}
    """Of APs, APm and APl of each class, by "small", "medium" and "large"; empty in older records, and where they were
    not asked for. (Over all classes: `replay.scoring.breakdown`.)"""
    blocks: int = 0
    """So many witnesses in a row, each longer than what resembles itself."""

    def of(self, name: str | None = None, figure: str = "AP") -> tuple[float, float]:
        """Of a class, or of the mean over all; NaN of a figure that is none of those above."""
        whole, each = {
            "AP": ({"low": self.low, "high": self.high}, self.per_class),
            "AP50": (self.ap50, self.ap50_per_class),
            "AP75": (self.ap75, self.ap75_per_class),
            **{f"AP{size[0]}": ({}, each) for size, each in self.sizes_per_class.items()},
        }.get(figure, ({}, {}))
        bounds = whole if name is None else each.get(name, {})
        return bounds.get("low", math.nan), bounds.get("high", math.nan)

    def ends(self, *figures: str, name: str | None = None) -> dict[str, float | None]:
        """`AP_low` and `AP_high` of each of `figures`, of a class or over all: None where there is none."""
        return {
            f"{figure}_{end}": None if math.isnan(value) else value
            for figure in figures
            for end, value in zip(("low", "high"), self.of(name, figure), strict=True)
        }

    @property
    def no_interval(self) -> str:
        """Why there is none, as a sentence goes on; empty where there is one."""
        if self.blocks < LEAST_BLOCKS:
            return f"too few pictures that differ: {self.blocks} blocks of like ones, an interval takes {LEAST_BLOCKS}"
        if math.isnan(self.low):
            return (
                f"its {self.blocks} blocks of pictures are alike in it, or fewer than {LEAST_BLOCKS} hold an object, "
                "and don't tell how far off others may be"
            )
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A recording's pictures in blocks of their order."""

    blocks: Blocks
    block_of_image: Index
    """(images,)"""

    def interval(self, *outcomes: Outcomes, classes: Sequence[str] = (), quick: bool = False) -> ApInterval:
        """Of what was matched on these pictures, or of a slice of it; with each class, if they are named.

        Several matchings are of other classes each. `quick`: by the jackknife alone, in a tenth of the time.
        """
        n = self.blocks.n
        if n < LEAST_BLOCKS:
            return ApInterval(low=math.nan, high=math.nan, blocks=n)
        figures = _figures(outcomes, self.block_of_image)
        drawn = (
            jackknifed(figures, n)
            if quick
            else paired_differences(nothing, figures, draws_of(n, np.random.default_rng(SEED), RESAMPLES))
        )
        bounds = [around(one.value, QUANTILES[n - 1] * one.error) for one in map(self.blocks.around_level, drawn)]
        # What few of the blocks hold rests on those few, however many others there are.
        held = [n for one in outcomes for n in _held(one, self.block_of_image)]
        enough = [max(held, default=0) >= LEAST_BLOCKS, *(many >= LEAST_BLOCKS for many in held)]
        ap, ap50, ap75 = (
            [pair if there else UNKNOWN for pair, there in zip(part, enough, strict=True)]
            for part in (bounds[: len(enough)], bounds[len(enough) : 2 * len(enough)], bounds[2 * len(enough) :])
        )
        return ApInterval(
            low=ap[0]["low"],
            high=ap[0]["high"],
            ap50=ap50[0],
            ap75=ap75[0],
            per_class=dict(zip(classes, ap[1:], strict=False)),
            ap50_per_class=dict(zip(classes, ap50[1:], strict=False)),
            ap75_per_class=dict(zip(classes, ap75[1:], strict=False)),
            blocks=n,
        )


def ap_interval(pool: Pool) -> ApInterval:
    return interval_of(pool.found, pool.labelled, pool.classes, pool.n_images)


def interval_of(found: Found, labelled: Labelled, classes: Sequence[str], n: int) -> ApInterval:
    """Of `n` images in the order in which they were taken."""
    outcomes = Matching(found, labelled, len(classes)).outcomes()
    return cut(n, outcomes).interval(outcomes, classes=classes)


def cut(n: int, *outcomes: Outcomes) -> Cut:
    """`n` images in the order in which they were taken, into blocks that are long enough; perhaps too few.

    How long that is, is seen by what was matched on them.
    """
    cell_of_image: Index = np.arange(n) * min(n, CELLS) // max(n, 1)
    cells = int(cell_of_image.max(initial=-1)) + 1
    if cells < LEAST_BLOCKS:
        return Cut(Blocks(np.arange(cells), cells, 1.0), cell_of_image)
    there = np.concatenate([one.positive_images for one in outcomes])
    objects = np.bincount(cell_of_image[there], minlength=cells) / np.bincount(cell_of_image)
    blocks = blocks_of(influences(nothing, _figures(outcomes, cell_of_image), cells), objects)
    return Cut(blocks, blocks.of_cell[cell_of_image])


def _held(outcomes: Outcomes, block_of_image: Index) -> list[int]:
    """How many blocks hold each class."""
    blocks = block_of_image[outcomes.positive_images]
    return [len(np.unique(blocks[outcomes.positive_labels == label])) for label in range(outcomes.n_labels)]


def _figures(outcomes: Sequence[Outcomes], part_of_image: Index) -> Statistic:
    """Each of FIGURES over all classes, and of each class; NaN where its threshold wasn't looked at."""

    def of(draws: Index) -> Numbers:
        drawn = np.concatenate([resampled_ap(one, part_of_image, draws) for one in outcomes], axis=2)
        unknown = np.full_like(drawn[:, :1], math.nan)
        at_75 = drawn[:, AT_75 : AT_75 + 1] if drawn.shape[1] > AT_75 else unknown
        parts = (drawn, drawn[:, :1], at_75)
        return np.column_stack([column for part in parts for column in (mean_ap(part), part.mean(axis=1))])

    return of


def around(value: float, reach: float) -> Bounds:
    """An interval of a figure between 0 and 1: so far to either side."""
    # Where no block differs from another, perfect ones for instance, nothing tells how far off the next may be.
    if not reach > ROUNDING or math.isnan(value):
        return UNKNOWN
    return {"low": max(0.0, value - reach), "high": min(1.0, value + reach)}
