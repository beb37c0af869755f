"""A head as it was recognised, and what it is recognised by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.recognise.conventions import Convention
from models.recognise.graph import Output

LADDERS = (
    (8, 16, 32),
    (8, 16, 32, 64),
    (4, 8, 16, 32),
    (8, 16),
    (16, 32),
    (4, 8, 16),
    (16, 32, 64),
    (8, 16, 32, 64, 128),
    (4, 8, 16, 32, 64),
)
"""Strides of the grids that detectors have, the usual ones first. A single one has as few cells as others' findings."""


@dataclass(frozen=True, slots=True)
class Head:
    decoder: str
    convention: Convention
    n_labels: tuple[int, ...] = ()
    """How many labels would fit; empty: any number."""
    options: Mapping[str, Any] = field(default_factory=dict)
    in_graph: bool = False
    """Whether nothing is left to suppress."""
    background: bool = False
    """Whether its labels are numbered beside a background, which is no label of it."""
    why: str = ""
    """What it was recognised by."""


@dataclass(frozen=True, slots=True)
class Tried:
    outputs: Sequence[Output]
    width: int
    height: int
    scale_factor: bool = False
    """Whether PaddleDetection's second input is there."""
    suppressed: bool = False
    """Whether the file says that its graph ends in findings."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [output.shape for output in self.outputs]

    def grids(self) -> set[int]:
        """How many rows a tensor with one, or three, of them a cell may have."""
        return {many * self.cells(strides) for strides in LADDERS for many in (1, 3)}

    def cells(self, strides: Sequence[int]) -> int:
        return sum(-(-self.width // stride) * -(-self.height // stride) for stride in strides)
