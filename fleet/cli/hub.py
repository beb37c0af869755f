"""`gilmok hub`: run the hub; list its nodes, its runs and what it refused; report a run."""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleet.cli import alerts, history, ledger, shadow, web
from fleet.cli.ledger import settings, which_store
from sensors.ranges import Count, in_range
from sensors.service.verbs import add_install
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from fleet.config import HubConfig
    from fleet.web.door import Door
    from sensors.service.service import Service

READY, DASHBOARD = "ready", "dashboard"
"""What it prints when it is ready, and before that the word before the dashboard's address."""

# What fits a terminal; --json has everything.
NODE_COLUMNS = ("node", "state", "last_heard", "run", "captured", "ok", "failed", "dropped")
RUN_COLUMNS = ("run", "began", "sessions", "reports")
PRUNED_COLUMNS = ("node", "stream", "captured", "ok", "failed", "dropped", "late", "total_p50", "total_p99", "not_kept")
REFUSED_COLUMNS = ("reason", "topic", "what", "payload")


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok hub", description="Run the hub, and ask what it has booked.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run the hub that HUB.toml describes, until SIGINT or SIGTERM")
    run.add_argument("config", type=Path, metavar="HUB.toml")
    run.add_argument(
        "--door",
        type=in_range(Count),
        metavar="DESCRIPTOR",
        help="of a socket that listens already, for the dashboard; its opener keeps it when this hub ends",
    )
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
        which_store(verb)
        verb.add_argument("--json", action="store_true", help="print JSON instead of a table")
        verb.set_defaults(call=call)
    ledger.register(verbs)
    alerts.register(verbs)
    history.register(verbs)
    shadow.register(verbs)
    web.register(verbs)
    add_install(verbs, "HUB.toml", _described)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))


def _described(chosen: argparse.Namespace, _root: Path) -> "Service":
    from fleet.hub_service import hub_service

    return hub_service(chosen.config, chosen.device)


def _run(chosen: argparse.Namespace) -> int:
    from fleet.alerts.keeper import AlertKeeper
    from fleet.config import HubConfig
    from fleet.hub import Hub
    from fleet.rollout.keeper import kept_rollouts
    from sensors import config
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.service.systemd import service
    from sensors.signals import ended_by_signals
    from sensors.terminal import console

    to_stderr()
    settings = config.read(chosen.config, HubConfig)
    hub = Hub(settings, SystemClock(), service())

    def stop() -> None:
        if not hub.working:
            raise KeyboardInterrupt
        hub.stop()

    with ended_by_signals(stop, finishing=lambda: hub.leaving), ExitStack() as stack:
        door = _door(settings, stack, chosen.door)

        def ready() -> None:
            if door is not None:
                door.open(hub.at)
                console.say(f"{DASHBOARD} {door.address}")
            stack.enter_context(AlertKeeper(settings))
            if hub.at is not None:
                stack.enter_context(kept_rollouts(settings, hub.at))
            console.say(READY)

        hub.run(ready)
    return 0


def _door(settings: "HubConfig", stack: ExitStack, descriptor: int | None) -> "Door | None":
    """The dashboard's; where it can't be, that is told, and the hub goes on: what nodes say comes first.

    `descriptor`: of a socket that listens already; None: it listens itself.
    """
    import socket

    from fleet.web.auth.token import TokenWrong
    from fleet.web.door import Door
    from fleet.web.listening import WebPortTaken, WebUnreachable
    from sensors.private_files import SecretOpen
    from sensors.terminal import console

    if not settings.web.enabled:
        return None
    try:
        listener = None if descriptor is None else socket.socket(fileno=descriptor)
        return stack.enter_context(Door(settings, listener))
    except (SecretOpen, TokenWrong, WebPortTaken, WebUnreachable) as error:
        console.warn(f"{error.sentence}; {error.hint}")
    except OSError as error:
        console.warn(f"there is no dashboard: descriptor {descriptor} is no socket: {error.strerror}")
    return None


def _nodes(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import node_rows
    from sensors.clock import SystemClock

    own = settings(chosen)
    with LedgerReader(own.where) as reader:
        rows = node_rows(reader, SystemClock().now(), own.health_period_s)
    return _show(rows, NODE_COLUMNS, chosen.json, "no node has introduced itself yet")


def _runs(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import run_rows

    with LedgerReader(settings(chosen).where) as reader:
        rows = run_rows(reader)
    return _show(rows, RUN_COLUMNS, chosen.json, "no run yet")


def _refused(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.listing import refused_rows

    with LedgerReader(settings(chosen).where) as reader:
        rows = refused_rows(reader)
    return _show(rows, REFUSED_COLUMNS, chosen.json, "nothing was refused")


def _report(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from fleet.reporting.pruned_runs import pruned_rows
    from fleet.reporting.run_records import known_run
    from fleet.reporting.run_summary import run_summary
    from replay.runs.tables import render
    from sensors.terminal import console
    from sensors.terminal.foreign_text import without_surrogates

    own = settings(chosen)
    with console.waiting("reading the run and its recordings"), LedgerReader(own.where) as reader:
        run = known_run(reader, without_surrogates(chosen.run))
        births = list(reader.births(run))
        if rows := pruned_rows(reader, births):
            return _show_pruned(rows, chosen.json)
        summary = run_summary(reader, run, births, own.truth)
    if chosen.json:
        console.print_json(summary)
    else:
        console.show(*render(summary))
    return 0


def _show_pruned(rows: Sequence[dict[str, Any]], as_json: bool) -> int:
    from sensors.terminal import console

    gone = sum(row["not_kept"] for row in rows)
    if as_json:
        console.print_json({"not_kept": gone, "streams": rows})
        return 0
    shown = [{**row, **_milliseconds(row["latency"].get("total"))} for row in rows]
    _show(shown, PRUNED_COLUMNS, False, "")
    console.show(
        f"{gone} of this run's reports are not kept any more: this is out of the rollups, latencies to within 1 %",
        "accuracy, and latencies by frame, can't be told any more; `gilmok hub history` has it by time",
    )
    return 0


def _milliseconds(total: dict[str, int] | None) -> dict[str, str | None]:
    return {f"total_{q}": None if total is None else f"{total[f'{q}_ns'] / 1e6:.1f} ms" for q in ("p50", "p99")}


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
