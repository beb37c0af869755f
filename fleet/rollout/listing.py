"""Rollouts as rows: for the command line, the JSON API and the page, from one place."""

import math
from collections import Counter
from typing import Any

from fleet.ledger.rollouts.rows import ChangeRow, RolloutRow
from fleet.reporting.listing import utc
from fleet.rollout.decision import sentences
from fleet.rollout.decision.selection import target
from fleet.rollout.decision.verdicts import GateVerdict, verdicts
from fleet.rollout.records import Rollout
from fleet.rollout.state import HOLDS


def overview(row: RolloutRow) -> dict[str, Any]:
    """One line of the list."""
    rollout = Rollout.of(row)
    state, plan = rollout.state, rollout.asked.plan
    phases = Counter(unit.phase for unit in state.units)
    return {
        "id": rollout.id,
        "name": rollout.name,
        "status": state.status,
        "wave": state.wave + 1,
        "waves": len(plan.wave),
        "units": len(state.units),
        "active": phases["active"],
        "failed": phases["failed"],
        "began": utc(rollout.began_utc_ns),
        "by": rollout.began_by,
        "bundle": rollout.asked.deployment.name,
        "digest": rollout.asked.deployment.digest,
        "why": state.why,
    }


def whole(rollout: Rollout) -> dict[str, Any]:
    """Everything of one: waves, gates with their numbers, and each unit."""
    state, plan = rollout.state, rollout.asked.plan
    return {
        **overview(rollout.row()),
        "began_utc_ns": rollout.began_utc_ns,
        "on_failure": plan.on_failure,
        "soaking_since_utc_ns": state.soaking_since_utc_ns or None,
        "left_out": state.left_out,
        "wave_rows": [_wave(rollout, number) for number in range(len(plan.wave))],
        "gates": [gate_row(one) for one in verdicts(plan.gates, state.evidence)],
        "unit_rows": [
            {
                "site": unit.site,
                "node": unit.node,
                "chip": unit.chip,
                "phase": unit.phase,
                "wave": None if unit.wave < 0 else unit.wave + 1,
                "since": utc(unit.since_utc_ns),
                "runs": rollout.asked.deployment.name if unit.phase == "active" else _former(unit.former),
                "why": unit.why,
            }
            for unit in state.units
        ],
    }


def gate_row(one: GateVerdict) -> dict[str, Any]:
    """`low` to `high`: 95 % of the worsening, good at all looks together; None where nothing was seen, or beyond
    `at_most` nothing is told."""
    seen = one.looks > 0
    interval = one.interval
    return {
        "gate": one.gate,
        "chip": one.chip,
        "verdict": str(one.verdict) if seen else "NOT TOLD",
        "looks": one.looks,
        "units": one.units,
        "before": _number(one.before),
        "now": _number(one.now),
        "low": None if not seen or interval.low <= one.floor + 1e-9 else round(interval.low, 6),
        "high": None if not seen or interval.high >= one.ceiling - 1e-9 else round(interval.high, 6),
        "margin": one.margin,
        "shown_before": sentences.figure(one.gate, one.before) if seen else "-",
        "shown_now": sentences.figure(one.gate, one.now) if seen else "-",
        "shown_worse": sentences.worsening(one) if seen else "-",
        "shown_margin": sentences.allowed(one),
        "why": one.why,
    }


def change_row(one: ChangeRow) -> dict[str, Any]:
    return {
        "at": utc(one.at_utc_ns),
        "at_utc_ns": one.at_utc_ns,
        "who": one.who,
        "what": one.what,
        "unit": f"{one.site}/{one.node}" if one.node else "",
        "why": one.why,
    }


def _wave(rollout: Rollout, number: int) -> dict[str, Any]:
    wave, state = rollout.asked.plan.wave[number], rollout.state
    chips = Counter(unit.chip for unit in state.units if unit.phase != "unfit")
    mine = [unit for unit in state.units if unit.wave == number]
    if state.wave != number:
        stands = "done" if number < state.wave else "to come"
    else:
        stands = "soaking" if state.soaking_since_utc_ns and state.status == "running" else state.status
    return {
        "wave": number + 1,
        "asks": f"{wave.units} of each chip" if wave.units is not None else f"{wave.share:.0%}",
        "soak_s": wave.soak_s,
        "stands": stands,
        "target": sum(target(wave, units) for units in chips.values()),
        "sent": len(mine),
        "have_it": sum(unit.phase in HOLDS for unit in mine),
        "failed": sum(unit.phase == "failed" for unit in mine),
    }


def _former(former: Any) -> str:
    return former.name or former.digest[:12] if former is not None else ""


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
