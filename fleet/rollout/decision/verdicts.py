"""What the evidence says of each gate and chip: worse, not worse, or that it can't be told yet (docs/deployment.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fleet.rollout.plan import GateName, LiveGates
from fleet.rollout.state import Evidence, Look
from replay.statistics.betting import Interval, confidence_sequence, surely_above
from replay.statistics.bootstrap import student_quantile
from replay.statistics.verdicts import Verdict

EACH_END = 0.0125
"""Of a 95 % interval: two ends, and at each the time before and the looks may mislead."""
RELATIVE = ("p50", "power")
"""Their margins are factors of the time before; those of the others are in their own unit."""
UNITS = {"p50": "%", "power": "%", "temperature": "°C", "accuracy": "AP", "drift": "of 1"}
"""Of a worsening; the others are percentage points of frames."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    gate: GateName
    chip: str
    verdict: Verdict
    looks: int
    units: int
    """At the newest look."""
    before: float
    now: float
    """Means over the looks, in the gate's own unit."""
    margin: float
    why: str = ""
    """Why it can't be told, where that is known."""
    of: tuple[Look, ...] = ()

    @property
    def interval(self) -> Interval:
        """95 %, of the worsening in the margin's unit, at all looks together; an end at `floor` or `ceiling` may lie
        beyond."""
        low = confidence_sequence(_least(self.of, EACH_END), EACH_END).low
        high = confidence_sequence(_most(self.of, EACH_END), EACH_END).high
        return Interval(self.margin * (1 + 2 * low), self.margin * (1 + 2 * high))

    @property
    def floor(self) -> float:
        return -self.margin

    @property
    def ceiling(self) -> float:
        return 3 * self.margin


def margin_of(gates: LiveGates, gate: GateName) -> float:
    """Of the worsening: a share, a relative growth, degrees, AP, or an area."""
    match gate:
        case "p50":
            return gates.p50 - 1
        case "power":
            return gates.power - 1
        case "p99":
            # Of frames slower than the p99 before and its factor there was 1 % at most.
            return 0.01
        case "temperature":
            return gates.temperature_c
        case _:
            return float(getattr(gates, gate))


def level(gates: LiveGates, chips: int) -> float:
    """Of one test among all of a rollout; half of `alpha` is for what the time before hides."""
    return gates.alpha / 2 / ((len(gates.judged) + 1) * max(chips, 1))


def verdicts(gates: LiveGates, evidence: dict[str, Evidence]) -> Iterator[GateVerdict]:
    alpha = level(gates, len(evidence))
    for name, one in evidence.items():
        for gate in gates.judged:
            yield _judged(gates, gate, name, one.looks.get(gate, ()), alpha)


def failing(gates: LiveGates, one: Evidence, alpha: float) -> bool:
    """Whether the bundle surely fails on more than the allowed share of a chip's units."""
    if "failed_units" in gates.off or not gates.failed_units:
        return False
    return surely_above([float(failed) for failed in one.outcomes], gates.failed_units, alpha)


def _judged(gates: LiveGates, gate: GateName, name: str, looks: tuple[Look, ...], alpha: float) -> GateVerdict:
    margin = margin_of(gates, gate)
    verdict, why = Verdict.INCONCLUSIVE, ""
    # Both say how far from 0 the mean is: where nobody got worse by more than the margin, it lies below.
    if surely_above([1 + one for one in _least(looks, alpha)], 1.0, alpha):
        verdict = Verdict.WORSE
    elif surely_above([1 - one for one in _most(looks, gates.cleared / 2)], 1.0, gates.cleared / 2):
        verdict = Verdict.NOT_WORSE
    elif not looks:
        why = "no unit told it, now and before"
    elif min(_doubt(look, gates.cleared / 2) for look in looks) >= 0.5:
        why = "the time before was too short, or too restless, for this margin"
    return GateVerdict(
        gate=gate,
        chip=name,
        verdict=verdict,
        looks=len(looks),
        units=looks[-1].units if looks else 0,
        before=_mean([look.before for look in looks]),
        now=_mean([look.now for look in looks]),
        margin=margin,
        why=why,
        of=looks,
    )


def _least(looks: tuple[Look, ...], alpha: float) -> list[float]:
    """What each look shows, even if the time before was luckier than it seems: by more with probability `alpha`."""
    return [max(-1.0, look.worse - _doubt(look, alpha)) for look in looks]


def _most(looks: tuple[Look, ...], alpha: float) -> list[float]:
    return [min(1.0, look.worse + _doubt(look, alpha)) for look in looks]


def _doubt(look: Look, alpha: float) -> float:
    return _quantile(alpha, look.degrees) * look.error


@cache
def _quantile(alpha: float, degrees: int) -> float:
    return student_quantile(1 - alpha, degrees)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
