"""gilmok: how fast and how right is a perception model on an NPU, on real streets?"""

# No more than `main` takes to listen to signals: until then they end the program as they end Python, without a word.
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from edge.config import BackendChoice as BackendChoice
    from edge.config import ModelChoice as ModelChoice
    from edge.detector import Detector as Detector
    from edge.detector import load_model as load_model
    from models.detections import Detections as Detections
    from replay.public import SAMPLES as SAMPLES
    from replay.public import Evaluation as Evaluation
    from replay.public import compare as compare
    from replay.public import evaluate as evaluate
    from replay.public import open_dataset as open_dataset
    from replay.public import read_run as read_run
    from replay.public import score as score
    from replay.runs.offline import OfflineRun as OfflineRun
    from replay.runs.offline import ReplayConfig as ReplayConfig
    from replay.truth import Role as Role
    from replay.truth import Truth as Truth
    from sensors.errors import GilmokError as GilmokError

__version__ = "0.1.0"

ROOMS = ("sensors", "models", "edge", "replay", "fleet")

PUBLIC = {
    "BackendChoice": "edge.config",
    "Detections": "models.detections",
    "Detector": "edge.detector",
    "Evaluation": "replay.public",
    "GilmokError": "sensors.errors",
    "ModelChoice": "edge.config",
    "OfflineRun": "replay.runs.offline",
    "ReplayConfig": "replay.runs.offline",
    "Role": "replay.truth",
    "SAMPLES": "replay.public",
    "Truth": "replay.truth",
    "compare": "replay.public",
    "evaluate": "replay.public",
    "load_model": "edge.detector",
    "open_dataset": "replay.public",
    "read_run": "replay.public",
    "score": "replay.public",
}
"""What a notebook finds here, and where it comes from when it is first used: docs/python.md."""

VERBS = {
    "demo": ("fleet.cli.demo:main", "see a testbed alive: four cameras at a drawn crossing, nothing to download"),
    "run": ("fleet.cli.run:main", "run a scenario: broker, hub and nodes, and tell how it went"),
    "node": ("edge.cli.node:main", "run one node against any MQTT broker"),
    "unit": ("edge.cli.unit:main", "a node as part of its machine: installed, watched, brought up to date"),
    "hub": ("fleet.cli.hub:main", "run the hub; list its nodes and runs; report a run"),
    "fleet": ("fleet.cli.fleet:main", "who belongs to a fleet: keys, certificates, what a broker lets each of them do"),
    "fleet simulate": ("fleet.cli.simulate:main", "many nodes without inference: what do a broker and a hub hold?"),
    "fleet rollout": ("fleet.cli.rollout:main", "bring a model to units in waves, judged by what it does there"),
    "replay": ("replay.cli.replay:main", "run a model over recordings without MQTT; list and check recordings"),
    "model": ("models.cli.model:main", "list, show, add and verify models"),
    "model compile": ("replay.cli.compile:main", "compile and quantise a model for a backend"),
    "model doctor": (
        "replay.cli.doctor:main",
        "is a model fed and read the way it was trained?",
    ),
    "bundle": ("models.cli.bundle:main", "verify and show bundles: what units are given to run"),
    "bundle make": ("replay.cli.bundle_make:main", "make a bundle of a model for one kind of chip"),
    "bundle repository": (
        "models.cli.repository:main",
        "sign bundles for units, in a folder that any server serves",
    ),
    "world": ("sensors.world.cli:main", "render recordings of the built-in world"),
    "backend": ("edge.cli.backend:main", "list, check and install accelerators' backends"),
    "qualify": ("replay.cli.qualify:main", "put a model on a chip to the test: accuracy, parity, latency, endurance"),
    "campaign": ("replay.cli.campaign:main", "models on chips over recordings: planned, run, resumed, compared"),
    "camera": (
        "edge.cli.camera:main",
        "look through a source: one frame as a PNG, with boxes if a model is named",
    ),
}

WORLD_WRONG, INTERRUPTED = 1, 130


if not TYPE_CHECKING:  # where types are checked, only what is imported above is here

    def __getattr__(name: str) -> object:
        if name not in PUBLIC:
            raise AttributeError(f"module 'gilmok' has no attribute {name!r}")
        refuse_strangers()
        import importlib

        found = globals()[name] = getattr(importlib.import_module(PUBLIC[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})


class PackageShadowed(ImportError):
    """A package of another project would be imported in the place of one of the five that lie beside this file."""

    def __init__(self, room: str, found: "Path | None") -> None:
        from pathlib import Path

        if found is None:
            super().__init__(f"package {room!r} of gilmok is missing\n  Install gilmok again.")
            return
        folder = found.parent.parent if found.name == "__init__.py" else found.parent
        hint = "Install gilmok in an environment of its own: python3 -m venv gilmok-env"
        if folder in (Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry):
            hint = f"Take {folder} out of the environment variable PYTHONPATH."
        elif folder == Path.cwd():
            hint = "Start in another folder than this one."
        super().__init__(f"{found} stands in the place of gilmok's own package {room!r}\n  {hint}")


def refuse_strangers() -> None:
    """Raise PackageShadowed where one of the five is not ours: `models` and `replay` are names that others use, too.

    Looks without importing; what was imported before counts, since a notebook may have had its own `models` first.
    """
    import importlib.util
    from pathlib import Path

    here = Path(__file__).resolve().parent
    for room in ROOMS:
        there = sys.modules.get(room)
        spec = there.__spec__ if there else importlib.util.find_spec(room)
        places = [spec.origin, *(spec.submodule_search_locations or [])] if spec else []
        found = next((Path(place).resolve() for place in places if place), None)
        if found != here / room / "__init__.py":
            raise PackageShadowed(room, found)


def main(argv: list[str] | None = None) -> int:
    """The console script. Returns the exit status: 0 done, 1 the world is wrong, 2 usage, 3 a regression, 70 a defect
    of ours, 130 interrupted.
    """
    if argv is None:
        # Around the verb, which has its own way: while modules are imported, and while the interpreter goes down.
        try:
            signal.signal(signal.SIGINT, _interrupted)
            signal.signal(signal.SIGTERM, _interrupted)
        except ValueError:
            pass  # called in another thread than the main one, whose they are
    try:
        refuse_strangers()
    except PackageShadowed as error:
        print(f"gilmok: {error}", file=sys.stderr)
        return WORLD_WRONG
    from sensors.terminal.exit_status import ended

    arguments = sys.argv[1:] if argv is None else argv
    return ended(lambda: _called(arguments), words=arguments, real=argv is None)


def _interrupted(_number: int, _frame: "FrameType | None") -> None:
    os.write(2, b"gilmok: interrupted\n")
    os._exit(INTERRUPTED)


def _called(arguments: list[str]) -> int:
    """Import the verb's own module, and no other, and call it."""
    import argparse
    import importlib

    from sensors.terminal.command_line import command_parser

    width = max(map(len, VERBS)) + 2
    parser = command_parser(
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
    from sensors.signals import ended_by_signals, interrupt

    with ended_by_signals(interrupt):
        return int(getattr(importlib.import_module(module), function)(rest))


if __name__ == "__main__":
    sys.exit(main())
