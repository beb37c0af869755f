"""`gilmok hub`: run the hub; list its nodes, its runs and what it refused; report a run."""

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from fleet.config import HubConfig

READY = "ready"

# What fits a terminal; --json has everything.
NODE_COLUMNS = ("node", "state", "last_heard", "run", "captured", "ok", "failed", "dropped")
RUN_COLUMNS = ("run", "began", "sessions", "reports")
REFUSED_COLUMNS = ("reason", "topic", "what", "payload")


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok hub", description="Run the hub, and ask what it has booked.")
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
    from sensors.terminal import console

    to_stderr()
    hub = Hub(config.read(chosen.config, HubConfig), SystemClock())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: hub.stop())
    hub.run(lambda: console.say(READY))
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
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.run_records import known_run, notes, records, troubles
    from replay.runs.summary import summarise
    from replay.runs.tables import render
    from sensors.terminal import console
    from sensors.terminal.foreign_text import without_surrogates

    settings = _settings(chosen)
    with console.waiting("reading the run and its recordings"), LedgerReader(settings.store) as ledger:
        run = known_run(ledger, without_surrogates(chosen.run))
        births = list(ledger.births(run))
        found = list(records(ledger, births, settings.truth))
        summary = summarise(run, found, troubles(ledger, births), notes=notes(ledger, births))
    if chosen.json:
        console.print_json(summary)
    else:
        console.show(*render(summary))
    return 0


def _settings(chosen: argparse.Namespace) -> "HubConfig":
    from fleet.config import HubConfig
    from sensors import config

    return config.read(chosen.hub, HubConfig) if chosen.hub else HubConfig(store=chosen.store)


def _show(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool, nothing: str) -> int:
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    if as_json:
        console.print_json(rows)
    elif not rows:
        console.say(nothing)
    else:
        heads = [Column(name.replace("_", " "), right=isinstance(rows[0][name], int)) for name in columns]
        table = Table("", heads)
        for row in rows:
            table.add(*("-" if row[name] is None else str(row[name]) for name in columns))
        console.show(table)
    return 0
