"""What a model found in one frame."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Boxes: TypeAlias = NDArray[np.float32]
"""(N, 4): left, top, right, bottom in pixels; right and bottom are edges, not last pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Parallel arrays, best first."""

    boxes: Boxes
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    """Indices into the model's label table."""

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.scores.shape != (n,) or self.labels.shape != (n,):
            shapes = f"{self.boxes.shape}, {self.scores.shape}, {self.labels.shape}"
            raise ValueError(f"boxes, scores and labels don't belong together: {shapes}")

    def __len__(self) -> int:
        return len(self.scores)

    def pick(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Detections":
        """The rows that `which` indexes or marks, in its order."""
        return replace(self, boxes=self.boxes[which], scores=self.scores[which], labels=self.labels[which])


def nothing() -> Detections:
    """An answer: there is nothing. (A failure is another thing and never looks like this.)"""
    return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))
