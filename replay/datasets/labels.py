"""What the readers of label files share: their error, their text, and cutting a file's rows into frames."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.recording import DatasetWrong
from replay.truth import Truth

MOST = 2.0**53
"""Beyond, a float no longer tells one whole number from the next."""


class LabelsWrong(DatasetWrong):
    """`line` counts from 1; 0 where the fault has no line of its own."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(
            f"{where}: {what}", "fetch the file again, or correct it there: labels are read whole or not at all"
        )


def read_labels(path: Path) -> bytes:
    """The file's content; raises LabelsWrong."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise LabelsWrong(path, 0, f"can't be read: {error.strerror}") from error


def rows(path: Path, separator: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Line number and parts of each line that isn't blank; raises LabelsWrong."""
    try:
        text = read_labels(path).decode()
    except UnicodeDecodeError as error:
        raise LabelsWrong(path, 0, "is not text") from error
    for line, content in enumerate(text.splitlines(), 1):
        if content.strip():
            yield line, content.split(separator)


def numbers(path: Path, line: int, texts: list[str]) -> list[float]:
    """`texts` as finite numbers; raises LabelsWrong."""
    try:
        values = [float(text) for text in texts]
    except ValueError as error:
        raise LabelsWrong(path, line, str(error)) from error
    if not all(map(math.isfinite, values)):
        raise LabelsWrong(path, line, f"{' '.join(texts)!r} has a value that is not finite")
    return values


def whole(path: Path, lines: Sequence[int], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """`values` (N,), each of its line, as integers; raises LabelsWrong."""
    for wrong in np.flatnonzero((values != np.rint(values)) | (np.abs(values) > MOST)).tolist():
        raise LabelsWrong(path, lines[wrong], f"{values[wrong]:g} is not a whole number")
    return values.astype(np.int64)


def by_frame(frames: NDArray[np.int64], everything: Truth) -> dict[int, Truth]:
    """The rows of `everything` by the frame that `frames` (N,) gives each; a frame's rows keep their order."""
    if not len(frames):
        return {}
    order = np.argsort(frames, kind="stable")
    found, starts = np.unique(frames[order], return_index=True)
    return {
        int(frame): everything.pick(rows_of_frame)
        for frame, rows_of_frame in zip(found, np.split(order, starts[1:]), strict=True)
    }
