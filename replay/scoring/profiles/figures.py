"""The shape of a profile's figures, and what the profiles share in making them."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from replay.metrics.pool import Found, Index, Labelled, Mask
from replay.scoring.stream import ScoredStream
from replay.truth import to_sizes
from sensors.errors import GilmokError
from sensors.record import Record

ProfileName = Literal["official", "crosswalk"]
Figures = dict[str, float | None]


class ProfileUndefined(GilmokError):
    """The profile has no figures here, and the sentence says why."""


class ProfileFigures(Record, frozen=True, kw_only=True):
    """None: undefined."""

    rules: dict[str, str] = {}
    """By name, as docs/metrics.md has them."""
    overall: Figures = {}
    """Means over the classes that have truth."""
    per_class: dict[str, Figures] = {}
    left_out: dict[str, str] = {}
    """Class -> why it isn't scored."""
    unmapped: int = 0
    """Found boxes of classes that no evaluated class takes."""
    unknown: str = ""
    """Why there are no figures."""


def one_class_truth(stream: ScoredStream, rows: Index, roles: Index) -> Labelled:
    """Those rows of the stream's truth as one evaluated class, 0, in those roles."""
    boxes = to_sizes(stream.truth.boxes[rows])
    own = stream.truth.areas[rows]
    areas = np.where(np.isnan(own), boxes[:, 2] * boxes[:, 3], own)
    return Labelled(stream.truth_images[rows], np.zeros(len(rows), np.int64), boxes, areas, roles)


def one_class_found(found: Found, which: Mask) -> Found:
    """Those findings as one evaluated class, 0."""
    kept = found.pick(which)
    return Found(kept.images, np.zeros(len(kept), np.int64), kept.boxes, kept.scores)


def means(per_class: Mapping[str, Figures], names: Sequence[str]) -> Figures:
    """Over the classes with truth; NaN where there is none."""
    known = [figures for figures in per_class.values() if figures["n_truth"]]
    found = {name: [value for one in known if (value := one[name]) is not None] for name in names}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}
