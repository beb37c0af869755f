"""Distributions of durations in buckets of equal relative width: they merge, and the error of a quantile is known."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Self

ALPHA = 0.001
"""The relative error of a quantile out of buckets is at most this, unless they are made with another."""


class LogBuckets:
    """Counts of non-negative nanoseconds (the mapping of DDSketch).

    With growth = (1 + alpha) / (1 - alpha), bucket i holds the values in (growth^(i-1), growth^i].
    """

    def __init__(self, alpha: float = ALPHA) -> None:
        """`alpha`: the relative error of a quantile is at most this. Only what has the same merges."""
        self.n = 0
        self._growth = (1 + alpha) / (1 - alpha)
        self._ln_growth = math.log(self._growth)
        self._zeros = 0
        self._counts: Counter[int] = Counter()

    @classmethod
    def unpacked(cls, packed: Sequence[int], alpha: float = ALPHA) -> Self:
        """What `packed` was made of."""
        found = cls(alpha)
        found._zeros, bucket = packed[0], 0
        for step, count in zip(packed[1::2], packed[2::2], strict=True):
            bucket += step
            found._counts[bucket] = count
        found.n = found._zeros + sum(packed[2::2])
        return found

    def packed(self) -> list[int]:
        """The zeros' count; then, by bucket, how far it is from the one before, and its count."""
        found, before = [self._zeros], 0
        for bucket in sorted(self._counts):
            found += bucket - before, self._counts[bucket]
            before = bucket
        return found

    def add(self, value_ns: int) -> None:
        if value_ns < 0:
            raise ValueError(f"a latency of {value_ns} ns is an error of a clock")
        self.n += 1
        if value_ns == 0:
            self._zeros += 1
        else:
            self._counts[math.ceil(math.log(value_ns) / self._ln_growth)] += 1

    def merge(self, other: "LogBuckets") -> None:
        """As if everything that was added to `other` had been added here."""
        self.n += other.n
        self._zeros += other._zeros
        self._counts.update(other._counts)

    def quantile(self, q: float) -> int | None:
        """The ceil(q·n)-th smallest, to within alpha; None without values."""
        if not self.n:
            return None
        left = math.ceil(q * self.n - 1e-9) - self._zeros
        if left <= 0:
            return 0
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                return round(2 * self._growth**bucket / (self._growth + 1))
        raise AssertionError("the counts are fewer than n")
