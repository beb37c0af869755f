"""`gilmok replay`: recordings through a model without MQTT, and what recordings there are."""

from replay.cli import compare, determinism, gate, profile, recordings, report, run, score, trend, whatif
from sensors.command_line import command_parser


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok replay", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for part in (
        run,
        recordings,
        score,
        report,
        compare,
        gate,
        trend,
        whatif,
        profile,
        determinism,
    ):
        part.register(verbs)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))
