"""What was there: the labelled objects of one frame."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
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


def _unknown(n: int) -> NDArray[np.float32]:
    return np.full(n, np.nan, np.float32)


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
    truncated: NDArray[np.float32] = field(default_factory=lambda: _unknown(0))
    """Fraction outside the image, 0..1; NaN unknown."""
    occluded: NDArray[np.float32] = field(default_factory=lambda: _unknown(0))
    """Fraction hidden (or the data set's own level where it has no fraction: KITTI 0..3); NaN unknown."""
    distance_m: NDArray[np.float32] = field(default_factory=lambda: _unknown(0))
    """From the camera; NaN unknown."""

    def __post_init__(self) -> None:
        n = len(self.labels)
        for name in ("truncated", "occluded", "distance_m"):
            if len(getattr(self, name)) == 0 and n:
                object.__setattr__(self, name, _unknown(n))
        lengths = {name: len(getattr(self, name)) for name in self.__slots__}
        if set(lengths.values()) != {n} or self.boxes.shape != (n, 4):
            raise ValueError(f"the arrays of a Truth have different lengths: {lengths}")

    def __len__(self) -> int:
        return len(self.labels)

    def of_role(self, role: Role) -> NDArray[np.bool_]:
        """(N,) marks the boxes of that role."""
        return np.equal(self.roles, role)


def nothing_there() -> Truth:
    none = np.empty(0, np.int64)
    return Truth(np.empty((0, 4)), none, none, none)
