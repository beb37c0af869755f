"""`gilmok hub migrate|export|backup|restore`: the hub's store as a whole."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleet.config import HubConfig
    from fleet.ledger.store import Where


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    verb(verbs, "migrate", _migrate, "bring an older gilmok's store to this one's format")
    saving = verb(verbs, "backup", _back_up, "copy the store as it is now, while its hub goes on")
    saving.add_argument("file", type=Path, metavar="FILE", help="where the copy is to be")
    restoring = verb(verbs, "restore", _restore, "make the store, where there is none, out of a copy")
    restoring.add_argument("file", type=Path, metavar="FILE", help="what `gilmok hub backup` wrote")
    exporting = verb(verbs, "export", _export, "write every report, finding, session and gap as Parquet files")
    exporting.add_argument("--parquet", type=Path, required=True, metavar="DIR", help="the folder to make")
    exporting.add_argument("--run", metavar="RUN", help="a run alone, of those that `gilmok hub runs` lists")
    exporting.add_argument("--json", action="store_true", help="print JSON")


def which_store(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--hub", type=Path, metavar="HUB.toml", help="the hub's configuration")
    which.add_argument("--store", type=Path, metavar="FILE", help="the hub's store itself")


def settings(chosen: argparse.Namespace) -> "HubConfig":
    from fleet.config import HubConfig
    from sensors import config

    return config.read(chosen.hub, HubConfig) if chosen.hub else HubConfig(store=chosen.store)


def existing(chosen: argparse.Namespace) -> "Where":
    """The store, where opening it to write would make one; raises StoreAbsent."""
    from fleet.ledger.errors import StoreAbsent

    where = settings(chosen).where
    if isinstance(where, Path) and not (where.is_file() and where.stat().st_size):
        raise StoreAbsent(where)
    return where


def verb(
    verbs: "argparse._SubParsersAction[Any]", name: str, call: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    which_store(made)
    made.set_defaults(call=call)
    return made


def _migrate(chosen: argparse.Namespace) -> int:
    from fleet.ledger.schema import VERSION
    from fleet.ledger.store import Store
    from sensors.terminal import console

    Store(existing(chosen), write=True).close()
    console.say(f"its format is version {VERSION}")
    return 0


def _back_up(chosen: argparse.Namespace) -> int:
    from fleet.ledger.backup import back_up
    from sensors.terminal import console
    from sensors.terminal.figures import size

    with console.waiting("copying the store"):
        back_up(settings(chosen).where, chosen.file)
    console.say(f"{chosen.file} ({size(chosen.file.stat().st_size)})")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    from fleet.ledger.backup import restore
    from sensors.terminal import console

    with console.waiting("restoring the store"):
        restore(chosen.file, settings(chosen).where)
    console.say("restored; what was booked after the copy was made is a hole in it")
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.ledger.rollups.history import History
    from fleet.reporting.parquet import write_ledger
    from fleet.reporting.run_records import known_run
    from sensors.terminal import console
    from sensors.terminal.foreign_text import without_surrogates

    where = settings(chosen).where
    with console.waiting("writing the ledger"), LedgerReader(where) as ledger, History(where) as history:
        run = None if chosen.run is None else known_run(ledger, without_surrogates(chosen.run))
        rows = write_ledger(ledger, chosen.parquet, run, history if run is None else None)
        left_out = dict(ledger.unreadable)
    if chosen.json:
        console.print_json({"out": str(chosen.parquet), "rows": rows, "left_out": left_out})
        return 0
    console.show(*(f"{chosen.parquet / name}.parquet: {count} rows" for name, count in rows.items()))
    if left_out:
        console.show(
            *(f"note: {count} rows are no {kind} to this gilmok, and left out" for kind, count in left_out.items())
        )
    return 0
