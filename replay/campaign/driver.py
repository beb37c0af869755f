"""The driver: which cell runs when and beside what, and what is on the disk of it at every instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from replay.campaign.cell import Cell, Outcome
from replay.campaign.engines.engine import EndedCell, Engine
from replay.campaign.fencing import Fencing
from replay.campaign.record import Attempt, Blame, CellRecord, write_record
from replay.campaign.slots import Slot, Slots
from replay.campaign.store import Lease, Store
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.host import host_facts, software

POLL_S = 0.2
RENEW_S = 20.0
KILL_S = 15.0
"""A process that hasn't ended so long after it was killed hangs in the kernel, and its chip with it."""
HUNG = "it ran for longer than its limit of {limit:g} s and was ended: does its chip hang?"
STUCK = "it ran for longer than its limit of {limit:g} s, and nothing can end its process: its chip hangs in the kernel"

What: TypeAlias = Literal["began", "done", "failed", "again", "fenced"]
OnEvent: TypeAlias = Callable[[What, Cell, str], None]
"""Called in the driver's thread: what happened, to which cell, and why."""


@dataclass(slots=True, eq=False)
class _Running:
    cell: Cell
    lease: Lease
    slot: Slot
    began: Stamp
    beside: set[str] = field(default_factory=set)
    killed_ns: int | None = None
    """When it was ended for running too long."""
    stuck: bool = False
    """It did not even end then."""


class Driver:
    """Runs cells, the ones that share a machine first; `drain` may come from a signal handler."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        clock: Clock,
        *,
        cores: int,
        fencing: Fencing,
        slots: Slots,
        on_event: OnEvent = lambda _what, _cell, _why: None,
    ) -> None:
        """`cores`: of the host, that cells may keep busy together. `slots`: of the machine's chips."""
        self._store = store
        self._engine = engine
        self._clock = clock
        self._cores = cores
        self._fencing = fencing
        self._slots = slots
        self._on_event = on_event
        self._waiting: list[Cell] = []
        self._running: dict[str, _Running] = {}
        self._renewed_ns = 0
        self.draining = False
        self.stuck: list[Slot] = []
        """Chips that hang in the kernel: they stay locked for as long as this process lives."""

    def drain(self) -> None:
        """Begin no more cells; those that run come to their end."""
        self.draining = True

    def run(self, cells: Sequence[Cell]) -> None:
        """Until each has ended, or can't be begun any more. Raises FileUnwritable."""
        # What only has to be right runs together; what is timed has the machine to itself afterwards.
        self._waiting = sorted(cells, key=lambda cell: cell.timing)
        try:
            while True:
                self._begin_what_may_run()
                if not self._running:
                    if self.draining or not self._waiting:
                        return
                    # A chip that another campaign holds comes free one day.
                    self._clock.sleep_until(self._clock.now().mono_ns + round(POLL_S * NS_PER_S))
                    continue
                for one in self._engine.ended(POLL_S):
                    if one.key in self._running:
                        self._settle(self._running.pop(one.key), one)
                self._look_after_the_others()
        finally:
            self._engine.close()
            for running in self._running.values():
                running.slot.release()
                running.lease.drop()

    def _begin_what_may_run(self) -> None:
        left: list[Cell] = []
        full = self.draining
        for cell in self._waiting:
            if self._fencing.why(cell.slot):
                continue
            if cell.impossible and not self.draining:
                self._refuse(cell)
            elif full or not self._fits(cell) or not self._begin(cell):
                left.append(cell)
                full = full or self._busy_cores() >= self._cores
            # Nothing is begun beside what is timed.
            full = full or any(running.cell.timing for running in self._running.values())
        self._waiting = left

    def _busy_cores(self) -> int:
        return sum(_cores(running.cell) for running in self._running.values())

    def _fits(self, cell: Cell) -> bool:
        if not self._running:
            return True
        return not cell.timing and self._busy_cores() + _cores(cell) <= self._cores

    def _begin(self, cell: Cell) -> bool:
        slot = self._slots.take(cell.slot, cell.slots, alone=cell.timing)
        if slot is None:
            return False
        folder = self._store.cell_folder(cell.key)
        try:
            lease = Lease(folder, self._clock)
        except BaseException:
            slot.release()
            raise
        running = _Running(cell, lease, slot, self._clock.now())
        for other in self._running.values():
            other.beside.add(cell.at.name)
            running.beside.add(other.cell.at.name)
        self._running[cell.key] = running
        self._engine.start(cell, str(folder.absolute()))
        self._on_event("began", cell, "")
        return True

    def _refuse(self, cell: Cell) -> None:
        now = self._clock.now()
        attempt = _attempt(now, 0.0, "", "cell", cell.impossible, _cores(cell), alone=False)
        self._record(cell, None, (attempt,))
        self._on_event("failed", cell, cell.impossible)

    def _settle(self, running: _Running, ended: EndedCell) -> None:
        cell, outcome = running.cell, ended.outcome
        why, blame = _verdict(running, ended)
        took_s = (self._clock.now().mono_ns - running.began.mono_ns) / NS_PER_S
        attempt = _attempt(
            running.began,
            took_s,
            running.slot.name,
            blame,
            why,
            _cores(cell),
            alone=not running.beside,
            beside=tuple(sorted(running.beside)),
            last_words=ended.last_words if why else "",
        )
        before = self._store.record(cell.key)
        attempts = (*(before.attempts if before else ()), attempt)
        if running.stuck:
            self.stuck.append(running.slot)
        else:
            running.slot.release()
        try:
            self._record(cell, outcome, attempts)
        except BaseException:
            running.lease.drop()
            raise
        running.lease.release()
        if running.stuck:
            self._fencing.fence(cell.slot, why)
            self._store.fence(cell.slot, why)
            self._on_event("fenced", cell, why)
        self._judge(cell, why, blame, len(attempts))

    def _judge(self, cell: Cell, why: str, blame: Blame, tried: int) -> None:
        fenced = self._fencing.put(cell, blame)
        if not why:
            self._on_event("done", cell, "")
        elif fenced:
            self._store.fence(cell.slot, fenced)
            self._on_event("failed", cell, why)
            self._on_event("fenced", cell, fenced)
        elif tried <= cell.retries and not self.draining and not self._fencing.why(cell.slot):
            self._waiting.append(cell)
            self._on_event("again", cell, why)
        else:
            self._on_event("failed", cell, why)

    def _record(self, cell: Cell, outcome: Outcome | None, attempts: tuple[Attempt, ...]) -> None:
        found = outcome or Outcome()
        folder = self._store.cell_folder(cell.key)
        folder.mkdir(parents=True, exist_ok=True)
        write_record(
            folder,
            CellRecord(
                key=cell.key,
                at=cell.at,
                required=cell.required,
                ended=attempts[-1].ended,
                inputs=cell.inputs,
                attempts=attempts,
                figures=found.figures,
                chip=found.chip,
                host=found.host or host_facts(),
                software=found.software or software(),
                shards=cell.shards,
            ),
        )

    def _look_after_the_others(self) -> None:
        now_ns = self._clock.now().mono_ns
        for key, running in list(self._running.items()):
            if running.killed_ns is None and now_ns - running.began.mono_ns > running.cell.limit_s * NS_PER_S:
                running.killed_ns = now_ns
                self._engine.kill(key)
            elif running.killed_ns is not None and now_ns - running.killed_ns > KILL_S * NS_PER_S:
                running.stuck = True
                self._settle(self._running.pop(key), EndedCell(key=key))
        if now_ns - self._renewed_ns > RENEW_S * NS_PER_S:
            self._renewed_ns = now_ns
            for running in self._running.values():
                running.lease.renew()


def _cores(cell: Cell) -> int:
    return cell.cores * cell.shards


def _verdict(running: _Running, ended: EndedCell) -> tuple[str, Blame]:
    """Why it failed, and whose fault that is; twice nothing where it is done."""
    if running.killed_ns is not None and ended.outcome is None:
        return (STUCK if running.stuck else HUNG).format(limit=running.cell.limit_s), "engine"
    if ended.outcome is None:
        return ended.why, "engine"
    if not ended.outcome.why:
        return "", ""
    return ended.outcome.why, ended.outcome.blame or "cell"


def _attempt(
    began: Stamp,
    took_s: float,
    slot: str,
    blame: Blame,
    why: str,
    cores: int,
    *,
    alone: bool,
    beside: tuple[str, ...] = (),
    last_words: str = "",
) -> Attempt:
    return Attempt(
        ended="failed" if why else "done",
        blame=blame,
        why=why,
        last_words=last_words,
        began_utc_ns=began.utc_ns,
        took_s=took_s,
        host=host_facts()["name"],
        slot=slot,
        cores=cores,
        alone=alone,
        beside=beside,
    )
