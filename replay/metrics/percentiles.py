"""Percentiles as order statistics: no interpolation, no smoothing, and no number where n is too small for one."""

import math
from collections.abc import Iterable

import numpy as np

from sensors.record import Record

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


class Percentiles(Record, frozen=True, kw_only=True):
    """Nanoseconds. None: n is too small for that percentile (`least_n`)."""

    p50: int | None
    p90: int | None
    p99: int | None
    p999: int | None
    max: int | None
    n: int


def least_n(q: float) -> int:
    """How many values a percentile needs: below it, the order statistic would just be the maximum."""
    # The small term keeps 1 / (1 - .9) = 10.000000000000002 from asking for an eleventh value.
    return math.ceil(1 / (1 - q) - 1e-9)


def percentiles(values_ns: Iterable[int]) -> Percentiles:
    """The ceil(q·n)-th smallest of the raw values, for each q."""
    ordered = np.sort(np.fromiter(values_ns, np.int64))
    n = len(ordered)

    def at(q: float) -> int | None:
        return int(ordered[math.ceil(q * n - 1e-9) - 1]) if n >= least_n(q) else None

    marks = {name: at(q) for name, q in QUANTILES.items()}
    return Percentiles(**marks, max=int(ordered[-1]) if n else None, n=n)
