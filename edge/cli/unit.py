"""`gilmok unit`: a node as part of its machine."""

from edge.cli import running, service
from sensors.terminal.command_line import command_parser


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok unit", description="A node as part of its machine: installed, watched, brought up to date."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    running.register(verbs)
    service.register(verbs)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))
