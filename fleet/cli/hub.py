"""`gilmok hub`: run the hub; list its nodes, its runs and what it refused; report a run."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleet.config import HubConfig

READY = "ready"

# What fits a terminal; --json has everything.
NODE_COLUMNS = ("node", "state", "last_heard", "run", "captured", "ok", "failed", "dropped")
RUN_COLUMNS = ("run", "began", "sessions", "reports")
REFUSED_COLUMNS = ("reason", "topic", "what", "payload")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="gilmok hub", description="Run the hub, and ask what it has booked.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run the hub that HUB.toml describes, until SIGINT or SIGTERM")
    run.add_argument("config", type=Path, metavar="HUB.toml")
    run.set_defaults(call=_run)
    for name, call, text in (
        ("nodes", _nodes, "every node: its state, its last session and counters"),
        ("runs", _runs, "every run"),
        ("report", _report, "a run's frames, latency and accuracy"),
        ("refused", _refused, "the messages that were refused, and why"),
    ):
        verb = verbs.add_parser(name, help=text)
        if name == "report":
            verb.add_argument("run", metavar="RUN", help="a name that `gilmok hub runs` lists")
        which = verb.add_mutually_exclusive_group(required=True)
        which.add_argument("--hub", type=Path, metavar="HUB.toml", help="the hub's configuration")
        which.add_argument("--store", type=Path, metavar="FILE", help="the hub's store itself")
        verb.add_argument("--json", action="store_true", help="print JSON instead of a table")
        verb.set_defaults(call=call)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))


def _run(chosen: argparse.Namespace) -> int:
    from fleet.config import HubConfig
    from fleet.hub import Hub
    from sensors import config
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr

    to_stderr()
    hub = Hub(config.read(chosen.config, HubConfig), SystemClock())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: hub.stop())
    hub.run(lambda: print(READY, flush=True))
    return 0


def _nodes(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import node_rows
    from sensors.clock import SystemClock

    settings = _settings(chosen)
    with LedgerReader(settings.store) as ledger:
        rows = node_rows(ledger, SystemClock().now(), settings.health_period_s)
    return _show(rows, NODE_COLUMNS, chosen.json, "no node has introduced itself yet")


def _runs(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import run_rows

    with LedgerReader(_settings(chosen).store) as ledger:
        rows = run_rows(ledger)
    return _show(rows, RUN_COLUMNS, chosen.json, "no run yet")


def _refused(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import refused_rows

    with LedgerReader(_settings(chosen).store) as ledger:
        rows = refused_rows(ledger)
    return _show(rows, REFUSED_COLUMNS, chosen.json, "nothing was refused")


def _report(chosen: argparse.Namespace) -> int:
    from rich.console import Console

    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.run_records import known_run, records, troubles
    from replay.runs.summary import summarise
    from replay.runs.tables import render

    settings = _settings(chosen)
    with Console(stderr=True).status("reading the run and its recordings"), LedgerReader(settings.store) as ledger:
        run = known_run(ledger, chosen.run)
        summary = summarise(run, list(records(ledger, run, settings.truth)), troubles(ledger, run))
    if chosen.json:
        _write(summary)
    else:
        Console().print(render(summary))
    return 0


def _settings(chosen: argparse.Namespace) -> "HubConfig":
    from fleet.config import HubConfig
    from sensors import config

    return config.read(chosen.hub, HubConfig) if chosen.hub else HubConfig(store=chosen.store)


def _show(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool, nothing: str) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        _write(rows)
        return 0
    if not rows:
        print(nothing)
        return 0
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        counts = isinstance(rows[0][column], int)
        table.add_column(column.replace("_", " "), justify="right" if counts else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("-" if row[column] is None else str(row[column])) for column in columns))
    Console().print(table)
    return 0


def _write(tree: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(tree), indent=2).decode() + "\n")
