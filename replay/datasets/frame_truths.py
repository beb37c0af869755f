"""The rows of a whole label file, cut into frames."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from replay.truth import Truth, joined, nothing_there


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
        self._order = np.argsort(frames, kind="stable")
        in_order = frames[self._order]
        self._numbers = np.union1d(in_order, np.fromiter(labelled, np.int64))
        self._starts = np.searchsorted(in_order, self._numbers)
        self._ends = np.searchsorted(in_order, self._numbers, side="right")

    def flat(self) -> tuple[NDArray[np.int64], Truth]:
        """(N,) whose each row is, and the rows of all frames; what is in every frame stands once, with the first."""
        sizes = self._ends - self._starts
        frames = np.repeat(self._numbers, sizes)
        in_order = bool(np.all(self._order[1:] > self._order[:-1]))
        rows = self._everything if in_order else self._everything.pick(self._order)
        if not len(self._always) or not len(self._numbers):
            return frames, rows
        first = np.full(len(self._always), self._numbers[0])
        return np.concatenate([frames, first]), joined([rows, self._always])

    def __getitem__(self, frame: int) -> Truth:
        place = int(np.searchsorted(self._numbers, frame))
        if place == len(self._numbers) or self._numbers[place] != frame:
            raise KeyError(frame)
        rows = self._everything.pick(self._order[self._starts[place] : self._ends[place]])
        return joined([rows, self._always]) if len(self._always) else rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The labelled frames, ascending."""
        return self._numbers


def labelled(truths: Mapping[int, Truth]) -> NDArray[np.int64]:
    """As `FrameTruths.numbers`, of any mapping."""
    return truths.numbers if isinstance(truths, FrameTruths) else np.array(sorted(truths), np.int64)


def flat(truths: Mapping[int, Truth]) -> tuple[NDArray[np.int64], Truth]:
    """As `FrameTruths.flat`, of any mapping."""
    if isinstance(truths, FrameTruths):
        return truths.flat()
    every = list(truths.values())
    return np.repeat(np.array(list(truths), np.int64), [len(truth) for truth in every]), joined(every)
