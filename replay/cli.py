"""`gilmok replay`: recordings through a model without MQTT, and what recordings there are."""

import argparse

from replay import (
    cli_compare,
    cli_determinism,
    cli_gate,
    cli_profile,
    cli_recordings,
    cli_report,
    cli_run,
    cli_score,
    cli_trend,
    cli_whatif,
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="gilmok replay", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for part in (
        cli_run,
        cli_recordings,
        cli_score,
        cli_report,
        cli_compare,
        cli_gate,
        cli_trend,
        cli_whatif,
        cli_profile,
        cli_determinism,
    ):
        part.register(verbs)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))
