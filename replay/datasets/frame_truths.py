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
