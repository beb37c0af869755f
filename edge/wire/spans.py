"""A set of whole numbers as ranges: small, however many numbers it has, as long as it has few holes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""First and last, both included."""

_FIRST, _LAST = itemgetter(0), itemgetter(1)


class Spans:
    """Its ranges are sorted, and no two of them touch."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges: list[Range] = []
        for first, last in ranges:
            self.add(first, last)

    @property
    def ranges(self) -> Sequence[Range]:
        return self._ranges

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return sum(last - first + 1 for first, last in self._ranges)

    @property
    def top(self) -> int:
        """The greatest number; -1 where there is none."""
        return self._ranges[-1][1] if self._ranges else -1

    def add(self, first: int, last: int) -> None:
        low = bisect_left(self._ranges, first - 1, key=_LAST)
        high = bisect_right(self._ranges, last + 1, key=_FIRST)
        if low < high:
            first, last = min(first, self._ranges[low][0]), max(last, self._ranges[high - 1][1])
        self._ranges[low:high] = [(first, last)]

    def remove(self, first: int, last: int) -> None:
        low, high = self._overlapping(first, last)
        if low == high:
            return
        begin, end = self._ranges[low][0], self._ranges[high - 1][1]
        left = [(begin, first - 1)] if begin < first else []
        right = [(last + 1, end)] if end > last else []
        self._ranges[low:high] = left + right

    def within(self, first: int, last: int) -> list[Range]:
        """What of it lies from `first` to `last`."""
        low, high = self._overlapping(first, last)
        return [(max(begin, first), min(end, last)) for begin, end in self._ranges[low:high]]

    def holes(self, first: int, last: int) -> list[Range]:
        """What from `first` to `last` is not in it."""
        found: list[Range] = []
        for begin, end in self.within(first, last):
            if begin > first:
                found.append((first, begin - 1))
            first = end + 1
        return [*found, (first, last)] if first <= last else found

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def __contains__(self, number: int) -> bool:
        low, high = self._overlapping(number, number)
        return low < high

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._ranges == other._ranges

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Spans({self._ranges})"

    def _overlapping(self, first: int, last: int) -> tuple[int, int]:
        return bisect_left(self._ranges, first, key=_LAST), bisect_right(self._ranges, last, key=_FIRST)


def spans_of(numbers: Iterable[int]) -> Spans:
    found = Spans()
    for number in numbers:
        found.add(number, number)
    return found
