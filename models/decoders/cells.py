"""What every decoder of a grid of cells needs."""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.manifest import Manifest
from sensors.errors import GilmokError
from sensors.frame import Array

Shape: TypeAlias = tuple[int, ...]
Floats: TypeAlias = NDArray[np.float32]


class OutputsUnfit(GilmokError):
    """The network's outputs are not what the manifest's decoder reads: wrong model or wrong manifest."""

    def __init__(self, manifest: Manifest, found: Sequence[Shape], expected: Sequence[Shape]) -> None:
        super().__init__(
            f"model {manifest.name!r} doesn't fit its decoder {manifest.decoder!r}: outputs {list(found)}, "
            f"expected {list(expected)}",
            "the file is another model than the manifest says, or the manifest names the wrong decoder, options, "
            "input size or labels",
        )


def require(outputs: Sequence[Array], expected: Sequence[Shape], manifest: Manifest) -> None:
    """Raise OutputsUnfit unless `outputs` have the `expected` shapes."""
    found = [output.shape for output in outputs]
    if found != list(expected):
        raise OutputsUnfit(manifest, found, expected)


def cells_across(manifest: Manifest, stride: int) -> tuple[int, int]:
    """Columns and rows of the grid of that stride; a cell that the border cuts counts."""
    return -(-manifest.input.width // stride), -(-manifest.input.height // stride)


@cache
def grid(width: int, height: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Every cell of all `strides` on an input of that size, row by row with x fastest, one stride after the other.

    Returns (N, 2) column and row numbers, and (N, 1) strides in pixels; read-only, shared by all callers.
    """
    numbers, pixels = [], []
    for stride in strides:
        columns, rows = -(-width // stride), -(-height // stride)
        y, x = np.divmod(np.arange(columns * rows, dtype=np.float32), np.float32(columns))
        numbers.append(np.stack((x, y), axis=1))
        pixels.append(np.full((columns * rows, 1), stride, np.float32))
    cells, sizes = np.concatenate(numbers), np.concatenate(pixels)
    cells.flags.writeable = sizes.flags.writeable = False
    return cells, sizes


def around(centres: Floats, sizes: Floats) -> Floats:
    """(N, 4) boxes from (N, 2) centres and (N, 2) widths and heights."""
    half = sizes / 2
    return np.concatenate((centres - half, centres + half), axis=1)


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + exp(-x)), written with tanh, which never overflows."""
    half: Floats = np.tanh(logits * np.float32(0.5))
    return half * np.float32(0.5) + np.float32(0.5)


def softmax(logits: Floats) -> Floats:
    """Along the first axis: reductions over a short last axis are several times slower in NumPy."""
    powers = np.exp(logits - logits.max(axis=0))
    shares: Floats = powers / powers.sum(axis=0)
    return shares


def over(scores: Floats, floor: float) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Rows and columns of the (cells, classes) `scores` greater than `floor`, row by row."""
    # Flat and then divided: ten times as fast as np.nonzero on two axes.
    flat = np.flatnonzero(scores > np.float32(floor))
    rows, columns = np.divmod(flat, scores.shape[1])
    return rows, columns


def best(scores: Floats, floor: float) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Rows of the (cells, classes) `scores` whose best is greater than `floor`, and the column of it."""
    rows = np.flatnonzero(scores.max(axis=1, initial=0) > np.float32(floor))
    return rows, scores[rows].argmax(axis=1).astype(np.int64, copy=False)
