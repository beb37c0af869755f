"""The rows of a whole label file, cut into frames."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from replay.truth import Truth, joined, nothing_there

BLOCK_ROWS = 100_000
"""So many at once are looked at where all of them are."""


class FrameTruths(Mapping[int, Truth]):
    """The truth by frame number, ascending, cut out of the rows of all frames when it is asked for."""

    def __init__(
        self,
        frames: NDArray[np.int64],
        everything: Truth,
        *,
        labelled: Iterable[int] = (),
        always: Truth | None = None,
    ) -> None:
        """`frames` (N,): whose each row of `everything` is; a frame's rows keep their order.

        `labelled`: frames that were looked at although there may be nothing in them; `always`: what is in every frame.
        """
        self._everything = everything
        self._always = always if always is not None else nothing_there()
        self._order: NDArray[np.int64] | None = None
        """Of the rows by frame; None where they stand in that order."""
        if np.any(frames[1:] < frames[:-1]):
            self._order = np.argsort(frames, kind="stable")
            frames = frames[self._order]
        begin = np.flatnonzero(np.concatenate([[True] * bool(len(frames)), frames[1:] != frames[:-1]]))
        self._numbers = np.union1d(frames[begin], np.fromiter(labelled, np.int64))
        self._starts = np.searchsorted(frames, self._numbers)
        self._ends = np.searchsorted(frames, self._numbers, side="right")

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], Truth]]:
        """All rows, some frames at a time and each of these whole: (N,) whose each row is, and the rows.

        What is in every frame stands once, with the first.
        """
        if not len(self._numbers):
            return
        if len(self._always):
            yield np.full(len(self._always), self._numbers[0]), self._always
        first = 0
        while first < len(self._numbers):
            far = int(np.searchsorted(self._starts, self._starts[first] + BLOCK_ROWS))
            last = max(first + 1, far)
            sizes = self._ends[first:last] - self._starts[first:last]
            yield np.repeat(self._numbers[first:last], sizes), self._rows(self._starts[first], self._ends[last - 1])
            first = last

    def counts(self) -> NDArray[np.int64]:
        """How many rows each frame of `numbers` has."""
        counts: NDArray[np.int64] = self._ends - self._starts
        return counts

    def __getitem__(self, frame: int) -> Truth:
        place = int(np.searchsorted(self._numbers, frame))
        if place == len(self._numbers) or self._numbers[place] != frame:
            raise KeyError(frame)
        rows = self._rows(self._starts[place], self._ends[place])
        return joined([rows, self._always]) if len(self._always) else rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The labelled frames, ascending."""
        return self._numbers

    def _rows(self, start: int, end: int) -> Truth:
        """Of the rows by frame."""
        return self._everything.pick(slice(start, end) if self._order is None else self._order[start:end])


def as_frame_truths(truths: Mapping[int, Truth]) -> FrameTruths:
    """Any mapping as one whose rows can be gone through."""
    if isinstance(truths, FrameTruths):
        return truths
    sizes = [len(truth) for truth in truths.values()]
    return FrameTruths(
        np.repeat(np.array(list(truths), np.int64), sizes), joined(list(truths.values())), labelled=truths
    )
