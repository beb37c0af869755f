"""`gilmok node`: one node against any MQTT broker."""

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sensors import config
from sensors.clock import SystemClock
from sensors.errors import GilmokError
from sensors.logs import to_stderr
from sensors.ranges import Descriptor, Port, in_range
from sensors.signals import ended_by_signals
from sensors.terminal import console
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from edge.unit.process.vitals import VitalsOut

READY = "ready"
SESSION = "session"
FOXGLOVE_PORT = 8765


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok node", description="Run one node against any MQTT broker.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run the node that NODE.toml describes")
    run.add_argument("config", type=Path, metavar="NODE.toml")
    run.add_argument(
        "--hold",
        action="store_true",
        help=f"when all is loaded, print the session's id and {READY!r}, and wait for a line on standard input before "
        "the first frame",
    )
    run.add_argument(
        "--foxglove",
        nargs="?",
        const=FOXGLOVE_PORT,
        type=in_range(Port),
        metavar="PORT",
        help="show pictures, boxes and health live to Foxglove on this machine (default: %(const)s; 0: any free port; "
        "needs gilmok[foxglove])",
    )
    run.add_argument(
        "--without-broker",
        action="store_true",
        help="begin also while no broker is there: what is reported waits in the spool",
    )
    run.add_argument("--base", type=Path, help="where relative paths in NODE.toml begin (default: its own folder)")
    run.add_argument(
        "--vitals",
        type=in_range(Descriptor),
        metavar="FD",
        help="from the unit that starts it: the number of an open socket on which it hears how the node is",
    )
    chosen = parser.parse_args(argv)
    if chosen.vitals is None:
        return _run(chosen, None)
    from edge.unit.process.vitals import VitalsOut

    vitals = VitalsOut(chosen.vitals)
    try:
        return _run(chosen, vitals)
    except GilmokError as error:
        vitals.ended(error)
        raise


def _run(chosen: argparse.Namespace, vitals: "VitalsOut | None") -> int:
    from edge.config import NodeConfig
    from edge.node import Node
    from edge.unit.process.vitals import Heartbeats
    from sensors.service.systemd import service

    to_stderr()
    path: Path = chosen.config
    node = Node(
        config.read(path, NodeConfig),
        chosen.base or path.parent,
        SystemClock(),
        foxglove=chosen.foxglove,
        systemd=service() if vitals is None else Heartbeats(vitals),
        vitals=vitals,
        without_broker=chosen.without_broker,
    )

    def stop() -> None:
        if not node.working:
            raise KeyboardInterrupt
        node.stop()

    def mark(*_: object) -> None:
        if node.recorder is not None:
            node.recorder.mark("an operator asked for it")

    def ready() -> None:
        if node.view is not None:
            console.say(f"foxglove {node.view.address}")
        if chosen.hold:
            assert node.session is not None
            console.say(f"{SESSION} {node.session.id}", READY)
            if sys.stdin is not None:  # closed, it has ended
                sys.stdin.readline()

    # Whoever is at the machine, or its unit, marks an event: what lies around it is kept.
    signal.signal(signal.SIGUSR1, mark)
    with ended_by_signals(stop, give_up=node.give_up, finishing=lambda: node.leaving):
        node.run(ready)
    return 0
