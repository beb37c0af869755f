"""`gilmok replay`: recordings through a model without MQTT, and what recordings there are."""

import argparse

from replay import cli_recordings, cli_run, cli_score


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="gilmok replay", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for part in (cli_run, cli_recordings, cli_score):
        part.register(verbs)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))
