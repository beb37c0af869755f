"""`gilmok replay`: recordings through a model without MQTT, and what recordings there are."""

import argparse

from replay.cli import compare, determinism, gate, profile, recordings, report, run, score, trend, whatif


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="gilmok replay", description=__doc__)
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
