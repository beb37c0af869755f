"""`gilmok unit run|history`: an installed node looked after, and what was deployed on it."""

import argparse
from pathlib import Path
from typing import Any

from sensors import config
from sensors.clock import SystemClock
from sensors.logs import to_stderr
from sensors.signals import ended_by_signals


def register(verbs: Any) -> None:
    run = verbs.add_parser("run", help="run NODE.toml's node as a process, keep it alive, and deploy what is desired")
    run.set_defaults(call=_run)
    history = verbs.add_parser("history", help="what was deployed on this unit, and why it was kept or rolled back")
    history.add_argument("--json", action="store_true", help="print JSON instead of a table")
    history.set_defaults(call=_history)
    for verb in (run, history):
        verb.add_argument("config", type=Path, metavar="NODE.toml")


def _run(chosen: argparse.Namespace) -> int:
    from edge.config import NodeConfig
    from edge.unit.unit import Unit
    from sensors.service.systemd import service

    to_stderr()
    unit = Unit(config.read(chosen.config, NodeConfig), chosen.config.absolute().parent, SystemClock(), service())
    with ended_by_signals(unit.stop, finishing=lambda: unit.leaving):
        unit.run(lambda: None)
    return 0


def _history(chosen: argparse.Namespace) -> int:
    from edge.config import NodeConfig
    from edge.unit.listing import rows, standing
    from edge.unit.unit import memory_file
    from sensors.terminal import console
    from sensors.terminal.text_table import Table

    path = memory_file(config.read(chosen.config, NodeConfig))
    told, happened = standing(path), list(rows(path))
    if chosen.json:
        console.print_json({"standing": told, "events": happened})
        return 0
    table = Table("", list(happened[0]) if happened else [])
    for row in happened:
        table.add(*row.values())
    console.show(table, *(f"{name}: {text}" for name, text in told.items() if text))
    return 0
