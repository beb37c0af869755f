"""What was there: the labelled objects of one frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray


class Role(IntEnum):
    """What a labelled box is to an evaluation (knowledge of the data set, not of a model)."""

    POSITIVE = 0
    """Must be found."""
    NEIGHBOUR = 1
    """May be found: absorbs one detection, which then counts neither for nor against."""
    REGION = 2
    """An area nobody labelled: absorbs any number of detections."""
    INVISIBLE = 3
    """There, but nobody could see it: takes no part."""


OPTIONAL = ("truncated", "occluded", "distance_m", "areas")
"""Columns that may be left out: they are then NaN throughout."""


def _left_out() -> NDArray[np.float32]:
    return np.empty(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Parallel arrays, in the order of the data set's file.

    An empty Truth says that nothing was there; where nobody labelled a frame, there is no Truth.
    """

    boxes: NDArray[np.float64]
    """(N, 4) left, top, right, bottom in pixels, as the data set gives them: neither shifted nor clipped."""
    labels: NDArray[np.int64]
    """Indices into the recording's `labels`; -1 on a region that has no class."""
    tracks: NDArray[np.int64]
    """-1 = no track."""
    roles: NDArray[np.int64]
    """`Role` values."""
    truncated: NDArray[np.float32] = field(default_factory=_left_out)
    """Fraction outside the image, 0..1 (or the data set's own level where it has no fraction: KITTI tracking 0..2);
    NaN unknown."""
    occluded: NDArray[np.float32] = field(default_factory=_left_out)
    """Fraction hidden (or the data set's own level where it has no fraction: KITTI 0..3); NaN unknown."""
    distance_m: NDArray[np.float32] = field(default_factory=_left_out)
    """From the camera; NaN unknown."""
    areas: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """Square pixels of the object's outline, where the data set has outlines; NaN: the box's own area stands."""

    def __post_init__(self) -> None:
        n = len(self.labels)
        for name in OPTIONAL:
            column = getattr(self, name)
            if len(column) == 0 and n:
                object.__setattr__(self, name, constant(np.nan, n, column.dtype))
        lengths = {name: len(getattr(self, name)) for name in self.__slots__}
        if set(lengths.values()) != {n} or self.boxes.shape != (n, 4):
            raise ValueError(f"the arrays of a Truth have different lengths: {lengths}")

    def __len__(self) -> int:
        return len(self.labels)

    def of_role(self, role: Role) -> NDArray[np.bool_]:
        """(N,) marks the boxes of that role."""
        return np.equal(self.roles, role)

    def pick(self, which: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "Truth":
        """The rows that `which` indexes or marks, in its order; of a slice, views."""
        return replace(self, **{column.name: getattr(self, column.name)[which] for column in fields(self)})


def constant(value: float, n: int, kind: npt.DTypeLike = np.int64) -> NDArray[Any]:
    """(n,) the same throughout, read-only: it takes no memory, however long."""
    return np.broadcast_to(np.array(value, kind), (n,))


def nothing_there() -> Truth:
    none = np.empty(0, np.int64)
    return Truth(np.empty((0, 4)), none, none, none)


def joined(truths: Sequence[Truth]) -> Truth:
    """The rows of all, in that order."""
    if not truths:
        return nothing_there()
    return Truth(*(np.concatenate([getattr(truth, column.name) for truth in truths]) for column in fields(Truth)))


def from_sizes(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) left, top, width, height as left, top, right, bottom; an empty array of any shape as (0, 4)."""
    boxes = boxes.reshape(-1, 4)
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def to_sizes(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) left, top, right, bottom as left, top, width, height."""
    return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
