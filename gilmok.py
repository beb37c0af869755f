"""gilmok: how fast and how right is a perception model on an NPU, on real streets?"""

import argparse
import importlib
import sys

from sensors.errors import GilmokError

__version__ = "0.1.0"

VERBS = {
    "run": ("fleet.cli_run:main", "run a scenario: broker, hub and nodes, and tell how it went"),
    "node": ("edge.cli:main", "run one node against any MQTT broker"),
    "hub": ("fleet.cli:main", "run the hub; list its nodes and runs; report a run"),
    "replay": ("replay.cli:main", "run a model over recordings without MQTT; list and check recordings"),
    "model": ("models.cli:main", "list, show, add and verify models"),
    "backend": ("edge.cli_backend:main", "list, check and install accelerators' backends"),
    "camera": (
        "edge.cli_camera:main",
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
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help="one of the verbs below; VERB --help tells more")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    module, function = VERBS[chosen.verb][0].split(":")
    try:
        return int(getattr(importlib.import_module(module), function)(chosen.rest))
    except GilmokError as error:
        print(f"gilmok: {error}", file=sys.stderr)
        return WORLD_WRONG
    except KeyboardInterrupt:
        print("gilmok: interrupted", file=sys.stderr)
        return WORLD_WRONG


if __name__ == "__main__":
    sys.exit(main())
