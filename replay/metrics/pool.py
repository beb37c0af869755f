"""What accuracy metrics eat: the boxes of many images, pooled into parallel arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.truth import Role

Index = NDArray[np.int64]
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

NO_BOXES: Numbers = np.empty((0, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a model found, in any order; among equal scores of an image the earlier row is the better one."""

    images: Index
    """(N,) which image, 0..; images sort as pycocotools sorts image ids, which decides ties between images."""
    labels: Index
    """(N,) which evaluated class, 0.."""
    boxes: Numbers
    """(N, 4) left, top, width, height in pixels."""
    scores: Numbers

    def __post_init__(self) -> None:
        _check(len(self.scores), self.boxes, images=self.images, labels=self.labels, scores=self.scores)
        if not (np.isfinite(self.scores).all() and np.isfinite(self.boxes).all()):
            raise ValueError("a box or score is not a finite number")

    def __len__(self) -> int:
        return len(self.scores)

    def pick(self, which: Index | Mask) -> "Found":
        """The rows that `which` indexes or marks, in its order."""
        return Found(self.images[which], self.labels[which], self.boxes[which], self.scores[which])


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What was there, one row for each box and each evaluated class that it concerns."""

    images: Index
    labels: Index
    """(N,) the class this row is a positive, a neighbour or a region of; -1 on a region of every class."""
    boxes: Numbers
    """(N, 4) left, top, width, height in pixels."""
    areas: Numbers
    """(N,) what sorts a box by size: COCO's own `area` where there is one, else width times height."""
    roles: Index

    def __post_init__(self) -> None:
        _check(len(self.labels), self.boxes, images=self.images, labels=self.labels, areas=self.areas, roles=self.roles)
        if not (np.isfinite(self.areas).all() and np.isfinite(self.boxes).all()):
            raise ValueError("a labelled box or area is not a finite number")
        if np.any((self.labels < 0) & (self.roles != Role.REGION)):
            raise ValueError("only a region may be of every class")

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, which: Index | Mask) -> "Labelled":
        """The rows that `which` indexes or marks, in its order."""
        return Labelled(self.images[which], self.labels[which], self.boxes[which], self.areas[which], self.roles[which])


def nothing_found() -> Found:
    none: Index = np.empty(0, np.int64)
    return Found(none, none, NO_BOXES, np.empty(0))


def nothing_labelled() -> Labelled:
    none: Index = np.empty(0, np.int64)
    return Labelled(none, none, NO_BOXES, np.empty(0), none)


def ramps(count: Index) -> Index:
    """0..n-1 for each n of `count`, one after another."""
    ends = np.cumsum(count)
    ramps: Index = np.arange(ends[-1] if len(ends) else 0) - (ends - count).repeat(count)
    return ramps


def _check(n: int, boxes: Numbers, **columns: Index | Numbers) -> None:
    lengths = {name: column.shape for name, column in columns.items()}
    if boxes.shape != (n, 4) or set(lengths.values()) != {(n,)}:
        raise ValueError(f"the arrays don't belong together: boxes {boxes.shape}, {lengths}")
