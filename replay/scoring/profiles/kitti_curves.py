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


def kitti_curves(
    labels: KittiLabels, found: KittiFound, names: Sequence[str], cut: Cut
) -> dict[str, dict[str, SureCurve]]:
    """By class and difficulty; `names`: those of KITTI's classes that are looked for."""
    whole = _curves(labels, found, names)
    n = cut.blocks.n
    if n < LEAST_BLOCKS:
        return {name: {key: SureCurve(one, UNKNOWN) for key, one in by.items()} for name, by in whole.items()}
    left_out = []
    for block in range(n):
        kept = cut.block_of_image != block
        left_out.append(_curves(_of(labels, kept), _of(found, kept), names))
    told: dict[str, dict[str, SureCurve]] = {}
    for name, by in whole.items():
        told[name] = {}
        for key, one in by.items():
            others = [each[name][key] for each in left_out]
            holding = sum(other.n < one.n for other in others)
            error = jackknife(np.array([other.ap40 for other in others]))
            estimate = cut.blocks.around_level(Estimate(one.ap40, error, n))
            enough = holding >= LEAST_BLOCKS
            bounds = around(estimate.value, QUANTILES[n - 1] * estimate.error) if enough else UNKNOWN
            told[name][key] = SureCurve(one, bounds)
    return told


def _curves(labels: KittiLabels, found: KittiFound, names: Sequence[str]) -> Mapping[str, Mapping[str, KittiCurve]]:
    return {
        name: {one.name: kitti_curve(labels, found, EVALUATED[name], one) for one in DIFFICULTIES} for name in names
    }


def _of(boxes: Boxes, kept: Mask) -> Boxes:
    """Those on the images that are kept."""
    rows = kept[boxes.images]
    return replace(boxes, **{one.name: getattr(boxes, one.name)[rows] for one in fields(boxes)})
