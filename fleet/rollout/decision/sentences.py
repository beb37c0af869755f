"""What a rollout says, one sentence for each reason."""

from collections import Counter
from collections.abc import Sequence

from fleet.rollout.decision.verdicts import GateVerdict
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.state import RolloutState, UnitState
from replay.statistics.verdicts import Verdict
from sensors.terminal.figures import number

WORDS = {
    "failed": "frames fail",
    "p50": "the median latency grew",
    "p99": "more frames are slower than 99 % were before",
    "late": "frames miss the deadline",
    "accuracy": "streaming AP fell",
    "drift": "the scores moved",
    "power": "the power grew",
    "temperature": "the chip got hotter",
}
FORMS: dict[str, tuple[float, int, str]] = {
    "failed": (100, 2, " %"),
    "p50": (1, 2, " ms"),
    "p99": (100, 2, " %"),
    "late": (100, 2, " %"),
    "accuracy": (1, 4, ""),
    "drift": (1, 3, ""),
    "power": (1, 2, " W"),
    "temperature": (1, 1, " °C"),
}
"""Of a figure: what it is multiplied by, its places, its unit."""


def figure(gate: str, value: float) -> str:
    factor, places, unit = FORMS[gate]
    return f"{number(value * factor, places)}{unit}"


def worsening(one: GateVerdict) -> str:
    """The interval of the worsening; an end beyond which nothing is told says so."""
    factor, places, unit = (100, 1, " %") if one.gate in ("p50", "power") else FORMS[one.gate]
    low, high = one.interval.low, one.interval.high
    least = "less" if low <= one.floor + 1e-9 else number(low * factor, places)
    most = "more" if high >= one.ceiling - 1e-9 else number(high * factor, places)
    return f"{least}..{most}{unit}"


def worse(one: GateVerdict) -> str:
    return (
        f"on {one.chip} {WORDS[one.gate]}, from {figure(one.gate, one.before)} to {figure(one.gate, one.now)} "
        f"(worse by {worsening(one)}, allowed {allowed(one)}, looks {one.looks}, units {one.units})"
    )


def fails_on(name: str, failed: Sequence[UnitState], decided: int) -> str:
    reason, _ = Counter(unit.why for unit in failed).most_common(1)[0]
    return f"on {name} it failed at {len(failed)} of {decided} that tried it: {reason}"


def cant_tell(open_ones: Sequence[GateVerdict], missing: Sequence[str], minutes: float) -> str:
    what = [f"{one.gate} on {one.chip}" + (f" ({one.why})" if one.why else "") for one in open_ones]
    what += [f"nothing on {name}: no unit of it runs the bundle" for name in missing]
    return f"{minutes:.0f} minutes after its soak the wave can't tell {', '.join(what[:4])}" + (
        f" and {len(what) - 4} more" if len(what) > 4 else ""
    )


def opens(plan: RolloutPlan, wave: int, judged: Sequence[GateVerdict]) -> str:
    one = plan.wave[wave]
    whom = (
        f"{_units(one.units)} of each chip" if one.units is not None else f"{(one.share or 0):.0%} of each chip's units"
    )
    cleared = sum(each.verdict is Verdict.NOT_WORSE for each in judged)
    return (
        f"wave {wave + 1} of {len(plan.wave)}, {whom}: {cleared} of {len(judged)} gates are cleared, none is against it"
    )


def done(state: RolloutState) -> str:
    phases = Counter(unit.phase for unit in state.units)
    left = phases["sent"] + phases["waiting"]
    return (
        f"{_units(phases['active'])} run it, {phases['failed']} failed, {phases['unfit']} are unfit, "
        f"{left} have not switched yet"
    )


def back(why: str, left: Sequence[UnitState]) -> str:
    if not left:
        return why
    return f"{why}; {len(left)} out of reach will go back on return"


def allowed(one: GateVerdict) -> str:
    factor, places, unit = (100, 1, " %") if one.gate in ("p50", "power") else FORMS[one.gate]
    return f"{number(one.margin * factor, places)}{unit}"


def _units(count: int) -> str:
    return f"{count} unit{'' if count == 1 else 's'}"
