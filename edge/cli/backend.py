"""`gilmok backend`: list, check and install backends."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from edge.conformance.suite import NETWORK, CheckResult, contract_artefact
from models.tensors import DType, Layout
from sensors import atomic_files, plugins
from sensors.config import assignments
from sensors.errors import GilmokError
from sensors.terminal import console
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE, WORLD_WRONG

if TYPE_CHECKING:
    from edge.conformance.subject import Subject
    from edge.device.backend import Backend
    from edge.device.survey import Finding
    from models.manifest import Artefact


class RecipeAbsent(GilmokError):
    def __init__(self, backend: str, install: str) -> None:
        super().__init__(f"backend {backend!r} needs no environment of its own", f"install it so: {install}")


class NothingToCheckOn(GilmokError):
    def __init__(self, backend: str, why: str) -> None:
        super().__init__(f"backend {backend!r} can't be checked: {why}", "`gilmok backend list` says what it needs")


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok backend", description="List, check and install backends.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    listing = _verb(verbs, "list", "every known backend: is it here, on which devices, and if not, why", _list)
    listing.add_argument("names", nargs="*", metavar="NAME")
    check = _verb(
        verbs, "check", "does a backend keep what every backend promises, on the device that is here?", _check
    )
    check.add_argument("name", metavar="NAME")
    check.add_argument("--device", help="one of its devices (default: the first)")
    check.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="an option of the backend")
    check.add_argument(
        "--file", type=Path, help="the network of `gilmok backend network`, made into a file by the vendor's compiler"
    )
    check.add_argument("--layout", choices=get_args(Layout), default="NCHW", help="of FILE's input (%(default)s)")
    check.add_argument("--dtype", choices=get_args(DType), default="float32", help="of FILE's input (%(default)s)")
    install = _verb(verbs, "install", "build the environment of a backend whose packages conflict with ours", _install)
    install.add_argument("name", metavar="NAME")
    network = _verb(verbs, "network", "write the ONNX network that `check` runs, for a vendor's compiler", _network)
    network.add_argument("out", type=Path, metavar="OUT.onnx")
    chosen = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = chosen.run
    return run(chosen)


def _verb(verbs: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    if name in ("list", "check"):
        parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _list(chosen: argparse.Namespace) -> int:
    from edge.device.survey import survey

    findings = survey(chosen.names or None)
    if chosen.json:
        console.print_json([msgspec.to_builtins(finding) for finding in findings])
        return DONE
    for finding in findings:
        _print_finding(finding)
    return DONE


def _print_finding(finding: "Finding") -> None:
    where = {"here": "installed", "apart": "installed in its own environment", "no": "not installed"}
    console.say(f"{finding.name}: {finding.about.silicon}")
    console.say(f"  {where[finding.installed]}; tried on: {finding.about.tried}")
    for device in finding.devices:
        console.say(f"  device {device.name} ({device.kind}): {device.description}; {device.facts.get('runtime', '')}")
    if finding.why:
        console.say(f"  no device: {finding.why}")
        console.say(f"  it takes: {finding.about.install}")


def _check(chosen: argparse.Namespace) -> int:
    from edge.conformance.checks import CHECKS
    from edge.conformance.suite import judge

    subject = _subject(chosen)
    results = []
    with console.bars("elapsed") as progress:
        task = progress.add_task(f"{chosen.name} on {subject.device}", total=len(CHECKS))
        for check in CHECKS:
            results.append(judge(check, subject))
            progress.advance(task)
    broken = sum(result.verdict == "broken" for result in results)
    if chosen.json:
        console.print_json([msgspec.to_builtins(result) for result in results])
    else:
        _print_results(results, subject)
    return WORLD_WRONG if broken else DONE


def _subject(chosen: argparse.Namespace) -> "Subject":
    from edge.conformance.subject import Subject
    from edge.device.opening import open_backend

    backend = open_backend(chosen.name, assignments(chosen.option))
    return Subject(backend, chosen.device or _first(chosen.name, backend), _artefact(chosen), NETWORK)


def _first(name: str, backend: "Backend") -> str:
    devices = backend.devices()
    if not devices:
        raise NothingToCheckOn(name, "the SDK finds no device")
    return devices[0].name


def _artefact(chosen: argparse.Namespace) -> "Artefact":
    if chosen.file is None:
        return contract_artefact(chosen.name)
    if not chosen.file.is_file():
        raise NothingToCheckOn(chosen.name, f"there is no file {chosen.file}")
    artefact = contract_artefact(chosen.name, chosen.file)
    contract = msgspec.structs.replace(artefact.input, layout=chosen.layout, dtype=chosen.dtype)
    return msgspec.structs.replace(artefact, input=contract)


def _print_results(results: Sequence[CheckResult], subject: "Subject") -> None:
    for result in results:
        console.say(f"{result.verdict:<9} {result.promise}{': ' if result.detail else ''}{result.detail}")
    kind = next((device.kind for device in subject.backend.devices() if device.name == subject.device), "unknown")
    counts = {verdict: sum(o.verdict == verdict for o in results) for verdict in ("kept", "broken", "not asked")}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    console.say(f"on {subject.device} ({kind}): {told}")


def _install(chosen: argparse.Namespace) -> int:
    from edge.device.environment import build

    plugin = plugins.load("backends", chosen.name)
    recipe = getattr(plugin, "recipe", None)
    if recipe is None:
        raise RecipeAbsent(chosen.name, plugin.about.install if hasattr(plugin, "about") else "see its package")
    with console.bars("elapsed") as progress:
        task = progress.add_task("environment", total=recipe.megabytes + 1)
        moved = 0

        def on_step(what: str, megabytes: int) -> None:
            nonlocal moved
            progress.update(task, description=f"{what} (about {megabytes} MB)", completed=moved)
            moved += megabytes

        python = build(chosen.name, recipe, on_step)
        progress.update(task, description=chosen.name, completed=recipe.megabytes + 1)
    console.say(f"{chosen.name}: {python}")
    return DONE


def _network(chosen: argparse.Namespace) -> int:
    atomic_files.write(chosen.out, NETWORK.read_bytes(), hint="name another file")
    console.say(f"{chosen.out}: input 1x3x32x32 float32, pixels 0..255; outputs 1x4x16x16 and 1x2x16x16")
    return DONE
