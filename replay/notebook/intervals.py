"""How sure an AP is: over sequences or stills that are independent, or over blocks of one film's time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from replay.metrics.matching import Outcomes
from replay.metrics.pool import Index, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.statistics.blocks import LEAST_BLOCKS, blocks_of, cells_of, influences
from replay.statistics.bootstrap import LEAST_SEQUENCES, Estimate, Statistic, draws_of, nothing, paired_differences

JUDGED = ("AP", "AP50", "AP75")
_AT_75 = 5
MOST_UNITS = 256
"""More are taken together, neighbours first: an interval is no better for more."""


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    """A fraction; NaN where undefined."""
    low: float
    high: float
    """The 95 % interval; NaN where none can be told."""

    def __str__(self) -> str:
        return f"{self.value:.4f}" + ("" if math.isnan(self.low) else f" ({self.low:.3f} to {self.high:.3f})")

    @classmethod
    def of(cls, value: float, around: Estimate) -> "Figure":
        """The value is known exactly; its doubt is the estimate's."""
        if math.isnan(value) or math.isnan(around.error) or around.n < 2:
            return cls(value, math.nan, math.nan)
        there = replace(around, value=value)
        return cls(value, max(there.bound(0.025), 0.0), min(there.bound(0.975), 1.0))


@dataclass(frozen=True, slots=True)
class Doubt:
    """How sure the figures of one matching are."""

    estimates: Sequence[Estimate]
    """Of each of JUDGED over all classes, then of each class; an error of NaN where none can be told."""
    unit: str
    """What is taken as independent."""
    n: int
    least: int
    """So many it takes."""

    def figure(self, place: int, value: float) -> Figure:
        return Figure.of(value, self.estimates[place])


def of_units(outcomes: Outcomes, unit_of_image: Index, unit: str, resamples: int, seed: int) -> Doubt:
    """`unit_of_image`: (images,) which of the independent units each image is of, 0.."""
    n = int(unit_of_image.max(initial=-1)) + 1
    if n < LEAST_SEQUENCES:
        return Doubt([_unknown(n)] * _figures(outcomes), unit, n, LEAST_SEQUENCES)
    holding = [n, *(_holding(outcomes, unit_of_image, label) for label in range(outcomes.n_labels))]
    estimates = _estimates(outcomes, unit_of_image, n, resamples, seed)
    # A class that few units hold rests on those few.
    counted = [replace(one, n=holding[place // len(JUDGED)]) for place, one in enumerate(estimates)]
    told = [one if one.n >= LEAST_SEQUENCES else _unknown(one.n) for one in counted]
    return Doubt(told, unit, n, LEAST_SEQUENCES)


def of_stills(outcomes: Outcomes, n_images: int, resamples: int, seed: int) -> Doubt:
    """Every image counts as independent."""
    together: Index = np.arange(n_images) * min(n_images, MOST_UNITS) // max(n_images, 1)
    unit = ("frames" if n_images <= MOST_UNITS else "groups of frames") + ", taken as independent"
    return of_units(outcomes, together, unit, resamples, seed)


def of_film(outcomes: Outcomes, n_images: int, resamples: int, seed: int) -> Doubt:
    """By blocks of its time, as long as its traffic stays alike (`replay.statistics.blocks`)."""
    unit = "blocks of one film's time"
    if not n_images:
        return Doubt([_unknown(0)] * _figures(outcomes), unit, 0, LEAST_BLOCKS)
    cells = cells_of(n_images)
    n_cells = int(cells[-1]) + 1
    objects: Numbers = np.bincount(cells[outcomes.positive_images], minlength=n_cells) / np.bincount(cells)
    blocks = blocks_of(influences(nothing, _statistic(outcomes, cells), n_cells), objects)
    if blocks.n < LEAST_BLOCKS:
        return Doubt([_unknown(blocks.n)] * _figures(outcomes), unit, blocks.n, LEAST_BLOCKS)
    estimates = _estimates(outcomes, blocks.of_cell[cells], blocks.n, resamples, seed)
    return Doubt([blocks.around_level(one) for one in estimates], unit, blocks.n, LEAST_BLOCKS)


def _estimates(outcomes: Outcomes, units: Index, n: int, resamples: int, seed: int) -> list[Estimate]:
    # The distance from nothing: what is paired there is as well worked out alone.
    draws = draws_of(n, np.random.default_rng(seed), resamples)
    return paired_differences(nothing, _statistic(outcomes, units), draws)


def _statistic(outcomes: Outcomes, units: Index) -> Statistic:
    def figures(draws: Index) -> Numbers:
        drawn = resampled_ap(outcomes, units, draws)
        parts = (drawn, drawn[:, :1], drawn[:, _AT_75 : _AT_75 + 1])
        each = [part[:, :, label].mean(axis=1) for label in range(outcomes.n_labels) for part in parts]
        return np.column_stack([*map(mean_ap, parts), *each])

    return figures


def _holding(outcomes: Outcomes, units: Index, label: int) -> int:
    return len(np.unique(units[outcomes.positive_images[outcomes.positive_labels == label]]))


def _figures(outcomes: Outcomes) -> int:
    return len(JUDGED) * (outcomes.n_labels + 1)


def _unknown(n: int) -> Estimate:
    return Estimate(math.nan, math.nan, n)
