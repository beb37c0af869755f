"""What became of each bar, as it goes into JSON."""

import math

from replay.comparison.result import Comparison
from sensors.record import Record


class BarResult(Record, frozen=True, kw_only=True):
    kind: str
    """validity, accuracy, latency, frames, rate, baseline."""
    name: str
    passed: bool
    value: float = math.nan
    """At the worst place, in the bar's own unit; NaN (null in JSON) where undefined."""
    bound: float = math.nan
    where: str = ""
    """The stream that decided."""
    rests_on: str = ""
    """Of an AP: its 95 % interval, and how many boxes and pictures it is of, at that stream."""
    why: str = ""
    """A sentence where the bar isn't cleared."""


class GateResult(Record, frozen=True, kw_only=True):
    passed: bool
    gates: str
    runs: tuple[str, ...]
    bars: tuple[BarResult, ...]
    comparison: Comparison | None
    """With the baseline, where a bar asks for it and the two can be compared."""
    notes: tuple[str, ...] = ()
    """What is wrong with the runs and no bar asked about: that one was cut short, say."""
