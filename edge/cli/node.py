"""`gilmok node`: one node against any MQTT broker."""

import sys
from pathlib import Path

from sensors import config
from sensors.clock import SystemClock
from sensors.logs import to_stderr
from sensors.ranges import Port, in_range
from sensors.signals import ended_by_signals
from sensors.terminal import console
from sensors.terminal.command_line import command_parser

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
    chosen = parser.parse_args(argv)
    return _run(chosen.config, chosen.hold, chosen.foxglove)


def _run(path: Path, hold: bool, foxglove: int | None) -> int:
    from edge.config import NodeConfig
    from edge.node import Node
    from sensors.service.systemd import service

    to_stderr()
    node = Node(config.read(path, NodeConfig), path.parent, SystemClock(), foxglove=foxglove, systemd=service())

    def stop() -> None:
        if not node.working:
            raise KeyboardInterrupt
        node.stop()

    def ready() -> None:
        if node.view is not None:
            console.say(f"foxglove {node.view.address}")
        if hold:
            assert node.session is not None
            console.say(f"{SESSION} {node.session.id}", READY)
            if sys.stdin is not None:  # closed, it has ended
                sys.stdin.readline()

    with ended_by_signals(stop, give_up=node.give_up, finishing=lambda: node.leaving):
        node.run(ready)
    return 0
