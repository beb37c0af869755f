"""KITTI's curves of every class at every difficulty, and how sure their AP40 is.

The devkit has no figure for a part of the pictures that could be weighed, so each block of pictures is left out once:
the jackknife's error, over the blocks of `replay.scoring.ap_interval`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from replay.metrics.kitti import DIFFICULTIES, EVALUATED, KittiCurve, KittiFound, KittiLabels, kitti_curve
from replay.metrics.pool import Mask
from replay.scoring.ap_interval import QUANTILES, UNKNOWN, Bounds, Cut, around
from replay.statistics.blocks import LEAST_BLOCKS
from replay.statistics.bootstrap import Estimate, jackknife

Boxes = TypeVar("Boxes", KittiLabels, KittiFound)


@dataclass(frozen=True, slots=True, eq=False)
class SureCurve:
    curve: KittiCurve
    ap40: Bounds
    """The 95 % interval of the curve's AP40; NaN where the blocks can't tell."""


@dataclass(frozen=True, slots=True, eq=False)
class KittiScores:
    curves: dict[str, dict[str, SureCurve]]
    """By class and difficulty."""
    mean: float
    """AP40 at moderate, over the classes that something counts of there; NaN where there is none."""
    mean_ap40: Bounds
    """Its interval."""


def kitti_scores(labels: KittiLabels, found: KittiFound, names: Sequence[str], cut: Cut) -> KittiScores:
    """`names`: those of KITTI's classes that are looked for."""
    whole = _curves(labels, found, names)
    n = cut.blocks.n
    kept = [cut.block_of_image != block for block in range(n if n >= LEAST_BLOCKS else 0)]
    left_out = [_curves(_of(labels, one), _of(found, one), names) for one in kept]
    told: dict[str, dict[str, SureCurve]] = {}
    for name, by in whole.items():
        told[name] = {}
        for level, one in by.items():
            others = [each[name][level] for each in left_out]
            holding = sum(other.n < one.n for other in others)
            values = [other.ap40 for other in others]
            told[name][level] = SureCurve(one, _bounds(one.ap40, values, cut) if holding >= LEAST_BLOCKS else UNKNOWN)
    mean = _mean(whole)
    return KittiScores(told, mean, _bounds(mean, [_mean(one) for one in left_out], cut))


def _bounds(value: float, left_out: Sequence[float], cut: Cut) -> Bounds:
    """`left_out`: the figure without each of the blocks; none: there are too few of them."""
    if not left_out:
        return UNKNOWN
    estimate = cut.blocks.around_level(Estimate(value, jackknife(np.array(left_out)), cut.blocks.n))
    return around(value, QUANTILES[cut.blocks.n - 1] * estimate.error)


def _mean(curves: Mapping[str, Mapping[str, KittiCurve]]) -> float:
    moderate = [by["moderate"].ap40 for by in curves.values() if by["moderate"].n]
    return float(np.mean(moderate)) if moderate else float("nan")


def _curves(labels: KittiLabels, found: KittiFound, names: Sequence[str]) -> Mapping[str, Mapping[str, KittiCurve]]:
    return {
        name: {one.name: kitti_curve(labels, found, EVALUATED[name], one) for one in DIFFICULTIES} for name in names
    }


def _of(boxes: Boxes, kept: Mask) -> Boxes:
    """Those on the images that are kept."""
    rows = kept[boxes.images]
    return replace(boxes, **{one.name: getattr(boxes, one.name)[rows] for one in fields(boxes)})
