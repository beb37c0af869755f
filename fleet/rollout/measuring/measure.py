"""The looks of every slot that is over: which units are measured, each against its time before."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleet.arrivals import NodeKey
from fleet.ledger.rollouts.windows import WindowReader
from fleet.rollout.decision.looks import Before, Pair, look
from fleet.rollout.decision.selection import rank
from fleet.rollout.decision.verdicts import RELATIVE, margin_of
from fleet.rollout.measuring.accuracy import SlotAccuracy
from fleet.rollout.measuring.figures import Reference, figures_of, reference_of
from fleet.rollout.measuring.said import NOTHING, Said, StreamSaid, drives, said_by
from fleet.rollout.measuring.slots import newest_over, slot_at
from fleet.rollout.plan import GateName, RolloutPlan
from fleet.rollout.state import Look, RolloutState, UnitState

MEASURED = 24
"""Units of a chip that have the bundle; more would cost more and tell little more."""
CONTROLS = 8
"""Of each chip, those that get it last."""
MOST_SLOTS = 20
"""Taken in at one look, where there is much to catch up with."""


@dataclass(frozen=True, slots=True)
class _Past:
    """A unit's time before."""

    reference: Reference | None
    figures: Mapping[GateName, Before]
    drives: Sequence[StreamSaid]
    """Of recordings: what it drives through again is held against these very frames."""


class Measure:
    """Of one rollout; forgets nothing that the ledger doesn't hold."""

    def __init__(self, plan: RolloutPlan, accuracy: SlotAccuracy, alive: Callable[[], None]) -> None:
        """`alive` is called after each unit: of a large fleet a look takes its time."""
        self._plan = plan
        self._alive = alive
        self._accuracy = accuracy
        self._pasts: dict[tuple[NodeKey, int], _Past] = {}

    def looks(
        self, ledger: WindowReader, state: RolloutState, now_utc_ns: int
    ) -> tuple[int, dict[str, dict[str, tuple[Look, ...]]]]:
        """The newest slot that is in, and its looks and those before it, by chip and gate. Raises StoreBroken."""
        look_s = self._plan.look_s
        first = max(state.slot + 1, slot_at(state.began_utc_ns, look_s))
        last = min(newest_over(now_utc_ns, look_s), first + MOST_SLOTS - 1)
        found: defaultdict[str, defaultdict[str, tuple[Look, ...]]] = defaultdict(lambda: defaultdict(tuple))
        if last < first:
            return state.slot, {}
        by_chip: defaultdict[str, list[UnitState]] = defaultdict(list)
        for unit in sorted(state.units, key=lambda unit: rank(self._plan.name, unit.site, unit.node)):
            by_chip[unit.chip].append(unit)
        for chip, units in by_chip.items():
            active = [unit for unit in units if unit.phase == "active"][:MEASURED]
            if not active:
                continue
            controls = [unit for unit in reversed(units) if unit.phase == "waiting"][:CONTROLS]
            new = self._figures(ledger, active, first, last, [slot_at(unit.sent_utc_ns, look_s) for unit in active])
            old = self._figures(ledger, controls, first, last, [slot_at(state.began_utc_ns, look_s)] * len(controls))
            for slot in range(first, last + 1):
                has_it = {unit.key for unit in active if slot > slot_at(unit.since_utc_ns, look_s)}
                for gate in self._plan.gates.judged:
                    pairs = [pair for key, pair in new.get((slot, gate), ()) if key in has_it]
                    others = [pair for _, pair in old.get((slot, gate), ())]
                    one = look(slot, gate, margin_of(self._plan.gates, gate), pairs, others)
                    if one is not None:
                        found[chip][gate] += (one,)
        return last, {chip: dict(gates) for chip, gates in found.items()}

    def _figures(
        self, ledger: WindowReader, units: Sequence[UnitState], first: int, last: int, since: Sequence[int]
    ) -> Mapping[tuple[int, GateName], list[tuple[NodeKey, Pair]]]:
        """Each unit's by slot and gate; `since`: the slot in which each one's time before ended."""
        found: defaultdict[tuple[int, GateName], list[tuple[NodeKey, Pair]]] = defaultdict(list)
        for unit, ended in zip(units, since, strict=True):
            self._alive()
            past = self._past(ledger, unit.key, ended)
            said = said_by(ledger, unit.key, first, last - first + 1, self._plan.look_s)
            for slot in range(first, last + 1):
                for gate, pair in self._pairs(said.get(slot, NOTHING), past):
                    found[slot, gate].append((unit.key, pair))
        return found

    def _pairs(self, said: Said, past: _Past) -> Iterator[tuple[GateName, Pair]]:
        told = self._told(said, past.reference)
        if "accuracy" in told and (both := self._accuracy.paired(said, past.drives)) is not None:
            # Frame by frame the time before hides nothing: its error is in the looks themselves.
            del told["accuracy"]
            yield "accuracy", Pair(Before(both[0], 0.0, self._plan.before_looks), both[1])
        for gate, now in told.items():
            before = past.figures.get(gate)
            if before is not None and not (gate in RELATIVE and before.mean <= 0):
                yield gate, Pair(before, now)

    def _past(self, ledger: WindowReader, node: NodeKey, ended: int) -> _Past:
        if (node, ended) not in self._pasts:
            count = self._plan.before_looks
            said = said_by(ledger, node, ended - count, count, self._plan.look_s)
            reference = reference_of(said.values(), self._plan.gates)
            told = [self._told(one, reference) for one in said.values()]
            figures = {gate: Before.of([one[gate] for one in told if gate in one]) for gate in _gates(told)}
            known = {gate: before for gate, before in figures.items() if before is not None}
            ordered = [said[slot] for slot in sorted(said)]
            recorded = [one for one in drives(ordered) if one.stream.digest] if "accuracy" in known else []
            self._pasts[node, ended] = _Past(reference, known, recorded)
        return self._pasts[node, ended]

    def _told(self, said: Said, reference: Reference | None) -> dict[GateName, float]:
        told = figures_of(said, self._plan.gates, reference)
        if "accuracy" in self._plan.gates.judged and (ap := self._accuracy.of(said)) is not None:
            told["accuracy"] = ap
        return told


def _gates(told: Iterable[Mapping[GateName, float]]) -> list[GateName]:
    return list(dict.fromkeys(gate for one in told for gate in one))
