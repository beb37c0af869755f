"""What a campaign costs beside its cells: the driver over cells that take no time.

    python -P bench/campaign.py
    python -P bench/campaign.py --cells 200

Every cell is leased, locked, "run" by an engine that answers at once, recorded durably and released. Wall time a cell,
of the driver alone; its memory at the first and the last cell.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.program import measured
from replay.campaign.cell import Cell, Outcome, digest_of
from replay.campaign.driver import Driver
from replay.campaign.engines.engine import EndedCell
from replay.campaign.fencing import Fencing
from replay.campaign.record import Coordinates
from replay.campaign.slots import Slots
from replay.campaign.status import status
from replay.campaign.store import Store
from replay.qualify.process import resident_bytes
from sensors.clock import NS_PER_MS, NS_PER_S, SystemClock, process_cpu_ns
from sensors.ranges import Count, in_range
from sensors.terminal.command_line import command_parser


class NoTime:
    """An engine whose cells are done as soon as they are begun."""

    def __init__(self) -> None:
        self._begun: list[str] = []

    def start(self, cell: Cell, folder: str) -> None:  # noqa: ARG002 (an engine is called so)
        self._begun.append(cell.key)

    def ended(self, patience_s: float) -> Sequence[EndedCell]:  # noqa: ARG002 (an engine is called so)
        found = [EndedCell(key=key, outcome=Outcome()) for key in self._begun]
        self._begun.clear()
        return found

    def kill(self, key: str) -> None:
        self._begun.remove(key)

    def close(self) -> None:
        self._begun.clear()


def cell(number: int) -> Cell:
    at = Coordinates(
        work="lockstep",
        model="none",
        precision="original",
        backend="none",
        device="cpu",
        recording="none",
        condition="plain",
        seed=0,
        repeat=number,
    )
    inputs = {"repeat": str(number)}
    return Cell(
        key=digest_of(inputs),
        at=at,
        required=True,
        inputs=inputs,
        settings={},
        limit_s=60.0,
        retries=0,
        slot="none:cpu",
        slots=4,
        cores=1,
    )


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=in_range(Count), default=2000)
    chosen = parser.parse_args()
    cells, clock = [cell(number) for number in range(1, chosen.cells + 1)], SystemClock()
    resident: list[float] = []

    def on_event(what: str, _cell: Cell, _why: str) -> None:
        if what == "done" and not resident:
            resident.append(resident_bytes(os.getpid()))

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), clock)
        slots = Slots(Path(folder) / "slots")
        driver = Driver(store, NoTime(), clock, cores=4, fencing=Fencing(3, {}), slots=slots, on_event=on_event)
        begun_ns, cpu_ns = clock.now().mono_ns, process_cpu_ns()
        driver.run(cells)
        took_ns, cpu_ns = clock.now().mono_ns - begun_ns, process_cpu_ns() - cpu_ns
        resident.append(resident_bytes(os.getpid()))
        asked_ns = clock.now().mono_ns
        states = status(store, "bench", cells).states
        status_ns = clock.now().mono_ns - asked_ns
    return {
        "cells": chosen.cells,
        "states": states,
        "wall_ms_a_cell": took_ns / NS_PER_MS / chosen.cells,
        "cpu_ms_a_cell": cpu_ns / NS_PER_MS / chosen.cells,
        "resident_mb_first_last": [one / 1e6 for one in resident],
        "status_s": status_ns / NS_PER_S,
    }


if __name__ == "__main__":
    measured(figures)
