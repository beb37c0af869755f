"""`gilmok campaign`: models on chips over recordings, as many cells as there are, resumed after a crash."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.ranges import Fps, Threads, in_range
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE, INTERRUPTED, REGRESSION

if TYPE_CHECKING:
    from replay.campaign.cell import Cell
    from replay.campaign.store import Plan, Store

DESCRIPTION = """A matrix of models, chips, recordings and conditions, run cell by cell (docs/campaigns.md).

Exit status: 0 every required cell has a result, 1 the world is wrong, 2 usage, 3 a required cell is missing."""


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok campaign", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = _verb(verbs, "run", "run every cell of CAMPAIGN.toml into a new folder", _run)
    run.add_argument("campaign", type=Path, metavar="CAMPAIGN.toml")
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    plan = _verb(verbs, "plan", "which cells there are, which have a result, and how long the others may take", _plan)
    plan.add_argument("campaign", type=Path, metavar="CAMPAIGN.toml")
    plan.add_argument("--out", type=Path, metavar="DIR", help="where results may already be")
    status = _verb(verbs, "status", "how a campaign stands", _status)
    resume = _verb(verbs, "resume", "run what has no result yet", _resume)
    for verb in (status, resume):
        verb.add_argument("folder", type=Path, metavar="DIR")
    resume.add_argument("campaign", type=Path, nargs="?", metavar="CAMPAIGN.toml", help="the campaign, if it changed")
    resume.add_argument("--failed", action="store_true", help="also cells that failed by their own fault")
    resume.add_argument("--unfence", nargs="+", default=[], metavar="CHIP", help="give these chips cells again")
    for verb in (run, resume):
        verb.add_argument("--cores", type=in_range(Threads), help="to keep busy (default: all of this process's)")
    report = _verb(verbs, "report", "write campaign.html, cells.parquet and classes.parquet into its folder", _report)
    report.add_argument("folder", type=Path, metavar="DIR")
    report.add_argument("--fps", type=in_range(Fps), default=30.0, help="of the camera (default: %(default)g)")
    gc = _verb(verbs, "gc", "remove results that the campaign no longer asks for", _gc)
    gc.add_argument("folder", type=Path, metavar="DIR")
    gc.add_argument("--dry-run", action="store_true", help="only tell what would go")
    chosen = parser.parse_args(argv)
    call: Callable[[argparse.Namespace], int] = chosen.call
    return call(chosen)


def _verb(verbs: Any, name: str, text: str, call: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(call=call)
    return parser


def _run(chosen: argparse.Namespace) -> int:
    store = _store(chosen.out)
    store.check_free()
    plan = _planned(chosen.campaign)
    with store.driving():
        store.write_plan(plan)
        return _driven(store, plan, plan.cells, chosen)


def _resume(chosen: argparse.Namespace) -> int:
    from replay.campaign.inputs import planned_again
    from replay.campaign.status import changes, to_run
    from replay.campaign.store import NoCampaign, PlanWrong
    from sensors.terminal import console

    store = _store(chosen.folder)
    before = None
    try:
        before = store.plan()
    except (NoCampaign, PlanWrong):
        if chosen.campaign is None:
            raise
    if chosen.campaign is not None:
        plan = _planned(chosen.campaign)
    else:
        assert before is not None
        # Files may have changed since, too.
        plan = planned_again(before)
    for what, n in changes(before.cells, plan.cells).items() if before is not None else ():
        console.warn(f"{n} cells: {what}")
    with store.driving():
        for chip in chosen.unfence:
            store.unfence(chip)
        store.write_plan(plan)
        return _driven(store, plan, to_run(store, plan.cells, failed=chosen.failed), chosen)


def _driven(store: "Store", plan: "Plan", cells: "Sequence[Cell]", chosen: argparse.Namespace) -> int:
    from replay.campaign.conduct import conduct
    from replay.campaign.status import status
    from sensors.terminal import console

    cores = chosen.cores or len(os.sched_getaffinity(0))
    drained = conduct(store, plan, cells, cores)
    found = status(store, plan.name, plan.cells)
    _told(found, as_json=chosen.json)
    if drained:
        console.warn(f"gilmok: drained; `gilmok campaign resume {store.folder}` goes on")
        return INTERRUPTED
    return REGRESSION if found.missing else DONE


def _plan(chosen: argparse.Namespace) -> int:
    from replay.campaign.status import status

    plan = _planned(chosen.campaign)
    _told(status(_store(chosen.out or Path(os.devnull)), plan.name, plan.cells), as_json=chosen.json)
    return DONE


def _status(chosen: argparse.Namespace) -> int:
    from replay.campaign.status import status

    store = _store(chosen.folder)
    plan = store.plan()
    _told(status(store, plan.name, plan.cells), as_json=chosen.json)
    return DONE


def _report(chosen: argparse.Namespace) -> int:
    from replay.campaign.page.page import write_page
    from replay.campaign.page.tables import write_tables
    from replay.campaign.status import status
    from sensors.terminal import console

    store = _store(chosen.folder)
    plan = store.plan()
    by_key = store.records(plan.cells)
    records = [by_key[cell.key] for cell in plan.cells if cell.key in by_key]
    made = [*write_tables(records, store.folder)]
    made.append(write_page(status(store, plan.name, plan.cells), records, store.folder, chosen.fps))
    if chosen.json:
        console.print_json([str(path) for path in made])
    else:
        console.say(*(f"{path}: written" for path in made))
    return DONE


def _gc(chosen: argparse.Namespace) -> int:
    from sensors.terminal import console
    from sensors.terminal.figures import size

    store = _store(chosen.folder)
    plan = store.plan()
    with store.driving():
        gone = []
        for folder in store.strays(plan.cells):
            n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            gone.append({"folder": str(folder), "bytes": n_bytes})
            if not chosen.dry_run:
                store.remove(folder)
    if chosen.json:
        console.print_json(gone)
    else:
        verb = "would go" if chosen.dry_run else "removed"
        console.say(f"{len(gone)} cells that the campaign no longer has {verb}: {size(sum(_bytes(gone)))}")
    return DONE


def _bytes(gone: list[dict[str, Any]]) -> list[int]:
    return [one["bytes"] for one in gone]


def _told(found: Any, *, as_json: bool) -> None:
    from replay.campaign.table import render
    from sensors.terminal import console

    if as_json:
        console.print_json(found)
    else:
        console.show(*render(found))


def _planned(path: Path) -> "Plan":
    from replay.campaign.config import read_campaign
    from replay.campaign.inputs import planned
    from sensors.terminal import console

    campaign = read_campaign(path)
    with console.waiting("digests of models and recordings"):
        return planned(campaign)


def _store(folder: Path) -> "Store":
    from replay.campaign.store import Store
    from sensors.clock import SystemClock

    return Store(folder, SystemClock())
