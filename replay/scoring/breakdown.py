"""Where a stream is right and where it isn't: AP of the truth in bands of what the data set knows about each object.

By the reference rule (`replay.scoring.pool`). An object outside a band may be found: that counts neither way.
Which band a false alarm would belong to nobody knows, except by its size: so it counts in every band of the other
dimensions, and one band is to be compared with the same band of another run, not with its neighbour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from replay.metrics.average_precision import Precision, area_slices, precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching, Slice
from replay.metrics.pool import Index, Mask, Numbers
from replay.recording import Conditioned
from replay.scoring.ap_interval import ApInterval, Bounds, Cut, cut
from replay.scoring.stream import ScoredStream
from replay.truth import Role

Band = dict[str, float | None]
"""AP, AP50, with the `_low` and `_high` ends of their 95 % intervals: None where undefined; n_truth: how many objects
are in it; n_frames: how many pictures hold one of them."""
Breakdown = dict[str, dict[str, Band]]
"""By dimension and band."""

DISTANCES_M = (0, 10, 20, 40, 80)
THIRDS = {
    "not at all": (-np.inf, 0.0),
    "up to a third": (0.0, 1 / 3),
    "up to two thirds": (1 / 3, 2 / 3),
    "more": (2 / 3, np.inf),
}
ENDS: Band = {"AP_low": None, "AP_high": None, "AP50_low": None, "AP50_high": None}
EMPTY: Band = {"AP": None, "AP50": None, **ENDS, "n_truth": 0, "n_frames": 0}
UNKNOWN = "unknown"
"""The band of objects of which the data set doesn't tell: counted, not scored."""


def breakdown(stream: ScoredStream) -> Breakdown:
    """As `with_interval`."""
    return with_interval(stream)[0]


def with_interval(stream: ScoredStream) -> tuple[Breakdown, ApInterval]:
    """AP by class, size, distance, occlusion, truncation and condition (weather and light); and how sure the whole is.

    A dimension of which nothing is known has the band UNKNOWN alone, or none where there is no object at all. Raises
    as `replay.scoring.reference.score` does.
    """
    pool = stream.pool
    condition = stream.recording.condition if isinstance(stream.recording, Conditioned) else ""
    matching = Matching(pool.found, pool.labelled, len(pool.classes))
    whole = matching.outcomes()
    bands = _Bands(matching, pool.labelled.images, cut(pool.n_images, whole), pool.classes)
    positive: Mask = pool.labelled.roles == Role.POSITIVE
    nowhere = np.zeros(len(positive), np.bool_)

    def scored(slices: Sequence[Slice], known: Mask) -> dict[str, Band]:
        made = {one.name: bands.band(one, positive) for one in slices}
        rest = positive & ~known
        return made | ({UNKNOWN: EMPTY | bands.size(rest)} if rest.any() else {})

    everything, sure = precision_of(whole, IOU_THRESHOLDS), bands.cut.interval(whole, classes=pool.classes)
    of_class: dict[str, Band] = {
        name: bands.figures(everything, positive & (pool.labelled.labels == label), sure, label, name)
        for label, name in enumerate(pool.classes)
    }
    made: Breakdown = {"class": of_class, "size": scored(area_slices(pool.found, pool.labelled), ~nowhere)}
    sure = replace(sure, sizes_per_class={size: bands.per_class.get(size, {}) for size in made["size"]})
    values = {
        "distance": (pool.truth.distance_m, distance_bands),
        "occlusion": (pool.truth.occluded, level_bands),
        "truncation": (pool.truth.truncated, level_bands),
    }
    for dimension, (column, limits_of) in values.items():
        value = column.astype(np.float64)
        known = ~np.isnan(value)
        limits = limits_of(value[known & positive]) if np.any(known & positive) else {}
        made[dimension] = scored(list(_slices(value, limits)), known)
    all_of_it = [Slice(condition, ~nowhere)] if condition else []
    made["condition"] = scored(all_of_it, ~nowhere if condition else nowhere)
    return made, sure


@dataclass(frozen=True, slots=True, eq=False)
class _Bands:
    matching: Matching
    image_of_row: Index
    """(labelled rows,)"""
    cut: Cut
    classes: Sequence[str]
    per_class: dict[str, dict[str, Bounds]] = field(default_factory=dict)
    """How sure each class's AP is, by the band's name."""

    def band(self, part: Slice, positive: Mask) -> Band:
        """AP over the classes that have an object in the band."""
        there = positive & part.counts
        if not there.any():
            return dict(EMPTY)
        outcomes = self.matching.outcomes(part)
        sure = self.cut.interval(outcomes, classes=self.classes, quick=True)
        self.per_class[part.name] = sure.per_class
        return self.figures(precision_of(outcomes, IOU_THRESHOLDS), there, sure)

    def figures(
        self, precision: Precision, there: Mask, sure: ApInterval, label: int | None = None, name: str | None = None
    ) -> Band:
        """Of all classes, or of one; `there`: the labelled rows that are in the band."""
        if not there.any():
            return dict(EMPTY)
        return {
            "AP": precision.ap(label=label),
            "AP50": precision.ap(0.5, label),
            **sure.ends("AP", "AP50", name=name),
            **self.size(there),
        }

    def size(self, there: Mask) -> Band:
        return {"n_truth": int(there.sum()), "n_frames": len(np.unique(self.image_of_row[there]))}


def _slices(values: Numbers, limits: Mapping[str, tuple[float, float]]) -> Iterator[Slice]:
    """Bands of (above, up to]."""
    for name, (above, most) in limits.items():
        yield Slice(name, (values > above) & (values <= most))


def distance_bands(_: Numbers) -> Mapping[str, tuple[float, float]]:
    """An object 10 m away is in "10 to 20 m"."""
    just_below = [np.nextafter(edge, -np.inf) for edge in DISTANCES_M]
    names = [f"{low} to {high} m" for low, high in pairwise(DISTANCES_M)] + [f"from {DISTANCES_M[-1]} m"]
    return dict(zip(names, pairwise([*just_below, np.inf]), strict=True))


def level_bands(known: Numbers) -> Mapping[str, tuple[float, float]]:
    """By the data set's own levels where it has levels, else by thirds."""
    if known.max() > 0 and np.all(known == np.rint(known)):
        return {f"level {level:.0f}": (level - 0.5, level + 0.5) for level in np.unique(known).tolist()}
    return THIRDS
