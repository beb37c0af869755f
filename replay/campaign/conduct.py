"""A campaign conducted on this machine: its engine, its bars, and what Ctrl-C does."""

from collections.abc import Sequence

from replay.campaign.cell import Cell
from replay.campaign.config import Campaign
from replay.campaign.driver import Driver, What
from replay.campaign.engines.local import LocalEngine
from replay.campaign.fencing import Fencing
from replay.campaign.slots import Slots
from replay.campaign.store import Plan, Store
from sensors.clock import SystemClock
from sensors.config import convert
from sensors.signals import ended_by_signals
from sensors.terminal import console

LOGS = "logs"


def conduct(store: Store, plan: Plan, cells: Sequence[Cell], cores: int) -> bool:
    """Runs `cells`; returns whether it was asked to end before. Ctrl-C once drains, twice stops.

    Its caller is driving the store. Raises FileUnwritable.
    """
    campaign = convert(plan.campaign, Campaign, "campaign.json")
    fenced = {slot: fence.why for slot, fence in store.fences().items()}
    with console.bars("count", "remaining", "what") as progress:
        chips = {slot: progress.add_task(slot, total=n, what="") for slot, n in _by_chip(cells).items()}

        def on_event(what: What, cell: Cell, why: str) -> None:
            progress.update(chips[cell.slot], what=f"{what}: {cell.at.name}")
            if what in ("done", "failed"):
                progress.advance(chips[cell.slot])
            if what in ("failed", "again", "fenced"):
                progress.console.print(f"{what}: {cell.at.name}: {why}", markup=False, highlight=False)

        driver = Driver(
            store,
            LocalEngine(store.folder / LOGS),
            SystemClock(),
            cores=cores,
            fencing=Fencing(campaign.fence_after, fenced),
            slots=Slots(),
            on_event=on_event,
        )
        # A cell is given the time that it needs: only a second Ctrl-C ends it in the middle.
        with ended_by_signals(driver.drain, finishing=lambda: True):
            driver.run(cells)
    return driver.draining


def _by_chip(cells: Sequence[Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell in cells:
        found[cell.slot] = found.get(cell.slot, 0) + 1
    return found
