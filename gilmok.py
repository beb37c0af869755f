"""gilmok: how fast and how right is a perception model on an NPU, on real streets?"""

import argparse
import importlib
import sys

from sensors.errors import GilmokError

__version__ = "0.1.0"

VERBS = {
    "demo": ("fleet.cli.demo:main", "see a testbed alive: four cameras at a drawn crossing, nothing to download"),
    "run": ("fleet.cli.run:main", "run a scenario: broker, hub and nodes, and tell how it went"),
    "node": ("edge.cli.node:main", "run one node against any MQTT broker"),
    "hub": ("fleet.cli.hub:main", "run the hub; list its nodes and runs; report a run"),
    "replay": ("replay.cli.replay:main", "run a model over recordings without MQTT; list and check recordings"),
    "model": ("models.cli.model:main", "list, show, add and verify models"),
    "model compile": ("replay.cli.compile:main", "compile and quantise a model for a backend"),
    "world": ("sensors.world.cli:main", "render recordings of the built-in world"),
    "backend": ("edge.cli.backend:main", "list, check and install accelerators' backends"),
    "qualify": ("replay.cli.qualify:main", "put a model on a chip to the test: accuracy, parity, latency, endurance"),
    "camera": (
        "edge.cli.camera:main",
        "look through a source: one frame as a PNG, with boxes if a model is named",
    ),
}

DONE, WORLD_WRONG, USAGE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """The console script. Returns the exit status: 0 done, 1 the world is wrong, 2 usage, 3 a regression."""
    arguments = sys.argv[1:] if argv is None else argv
    width = max(map(len, VERBS)) + 2
    parser = argparse.ArgumentParser(
        prog="gilmok",
        description=__doc__,
        epilog="verbs:\n" + "\n".join(f"  {verb:<{width}}{text}" for verb, (_, text) in VERBS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gilmok {__version__}")
    parser.add_argument(
        "verb",
        choices=[verb for verb in VERBS if " " not in verb],
        metavar="VERB",
        help="one of the verbs below; VERB --help tells more",
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    verb, rest = chosen.verb, chosen.rest
    # A verb of two words is another room's business than the first word's.
    if f"{verb} {' '.join(rest[:1])}" in VERBS:
        verb, rest = f"{verb} {rest[0]}", rest[1:]
    module, function = VERBS[verb][0].split(":")
    try:
        return int(getattr(importlib.import_module(module), function)(rest))
    except GilmokError as error:
        print(f"gilmok: {error}", file=sys.stderr)
        return WORLD_WRONG
    except KeyboardInterrupt:
        print("gilmok: interrupted", file=sys.stderr)
        return WORLD_WRONG


if __name__ == "__main__":
    sys.exit(main())
