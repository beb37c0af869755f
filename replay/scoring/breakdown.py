"""Where a stream is right and where it isn't: AP of the truth in bands of what the data set knows about each object.

By the reference rule (`replay.scoring.pool`). An object outside a band may be found: that counts neither way.
Which band a false alarm would belong to nobody knows, except by its size: so it counts in every band of the other
dimensions, and one band is to be compared with the same band of another run, not with its neighbour.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from replay.metrics.average_precision import Precision, area_slices, precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching, Slice
from replay.metrics.pool import Mask, Numbers
from replay.recording import Conditioned
from replay.scoring.stream import ScoredStream
from replay.truth import Role

Band = dict[str, float | None]
"""AP, AP50: None where undefined; n_truth: how many objects are in it."""
Breakdown = dict[str, dict[str, Band]]
"""By dimension and band."""

DISTANCES_M = (0, 10, 20, 40, 80)
THIRDS = {
    "not at all": (-np.inf, 0.0),
    "up to a third": (0.0, 1 / 3),
    "up to two thirds": (1 / 3, 2 / 3),
    "more": (2 / 3, np.inf),
}
EMPTY: Band = {"AP": None, "AP50": None, "n_truth": 0}
UNKNOWN = "unknown"
"""The band of objects of which the data set doesn't tell: counted, not scored."""


def breakdown(stream: ScoredStream) -> Breakdown:
    """AP by class, size, distance, occlusion, truncation and condition (weather and light).

    A dimension of which nothing is known has the band UNKNOWN alone, or none where there is no object at all. Raises
    as `replay.scoring.reference.score` does.
    """
    pool = stream.pool
    condition = stream.recording.condition if isinstance(stream.recording, Conditioned) else ""
    matching = Matching(pool.found, pool.labelled, len(pool.classes))
    positive: Mask = pool.labelled.roles == Role.POSITIVE
    nowhere = np.zeros(len(positive), np.bool_)

    def scored(slices: Sequence[Slice], known: Mask) -> dict[str, Band]:
        made = {one.name: _band(matching, one, positive) for one in slices}
        rest = int((positive & ~known).sum())
        return made | ({UNKNOWN: EMPTY | {"n_truth": rest}} if rest else {})

    everything = precision_of(matching.outcomes(), IOU_THRESHOLDS)
    of_class: dict[str, Band] = {
        name: _figures(everything, int((positive & (pool.labelled.labels == label)).sum()), label)
        for label, name in enumerate(pool.classes)
    }
    made: Breakdown = {"class": of_class, "size": scored(area_slices(pool.found, pool.labelled), ~nowhere)}
    values = {
        "distance": (pool.truth.distance_m, distance_bands),
        "occlusion": (pool.truth.occluded, level_bands),
        "truncation": (pool.truth.truncated, level_bands),
    }
    for dimension, (column, cut) in values.items():
        value = column.astype(np.float64)
        known = ~np.isnan(value)
        limits = cut(value[known & positive]) if np.any(known & positive) else {}
        made[dimension] = scored(list(_slices(value, limits)), known)
    whole = [Slice(condition, ~nowhere)] if condition else []
    made["condition"] = scored(whole, ~nowhere if condition else nowhere)
    return made


def _band(matching: Matching, part: Slice, positive: Mask) -> Band:
    """AP over the classes that have an object in the band."""
    n = int((positive & part.counts).sum())
    return _figures(precision_of(matching.outcomes(part), IOU_THRESHOLDS), n) if n else dict(EMPTY)


def _figures(precision: Precision, n: int, label: int | None = None) -> Band:
    return {"AP": precision.ap(label=label), "AP50": precision.ap(0.5, label), "n_truth": n} if n else dict(EMPTY)


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
