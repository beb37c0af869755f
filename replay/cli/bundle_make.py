"""`gilmok bundle make`: a model for one kind of chip, tried here, with all that a unit checks of it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.ranges import Factor, Several, in_range
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.assembly import Loaded
    from models.bundle.making import Ingredients, SelfTest
    from models.bundle.tuples import Admission
    from sensors.frame import Image

FRAMES = 3
SAMPLES, SAMPLE = Path(__file__).parents[1] / "samples", "crossing-day-rsu-1"


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok bundle make",
        description="Make a bundle. The model runs here on the self-test's frames; what it answers is what a unit has "
        "to answer. The bundle is good for a device like the one here, and for others as --admit says.",
    )
    parser.add_argument("--model", required=True, help="a model of the catalogue, or a model's file")
    parser.add_argument("--backend", required=True, help="`gilmok backend list` names them")
    parser.add_argument("--precision", default="original", help="a compiled artefact's (default: the model's own file)")
    parser.add_argument("--device", help="one of the backend's, to record the self-test on (default: the first)")
    parser.add_argument(
        "--elsewhere",
        metavar="KIND",
        help="the chip (npu, gpu, ...) is not here: record the self-test with the model's own file on ONNX Runtime's "
        "CPU, and say by --admit what architecture and runtime it has",
    )
    parser.add_argument("--name", help="of the line of deployments (default: MODEL-BACKEND-PRECISION)")
    parser.add_argument("--config", type=Path, metavar="NODE-PATCH.toml", help="what it changes of a unit's NODE.toml")
    parser.add_argument("--qualification", type=Path, metavar="DIR", help="that `gilmok qualify` left of this artefact")
    parser.add_argument(
        "--frames", type=Path, metavar="DIR", help="pictures of the self-test (default: of the drawn crossing)"
    )
    parser.add_argument("--n", type=in_range(Several), default=FRAMES, help="how many of them (default: %(default)s)")
    parser.add_argument(
        "--admit",
        action="append",
        default=[],
        metavar="PART=RULE",
        help="what a unit's device may be: architecture, compiler, runtime, driver, firmware; * is anything, "
        "'onnxruntime >=1.31,<2' a range (default: what the device here is)",
    )
    parser.add_argument(
        "--fps", type=in_range(Factor), default=0.0, help="that a unit's self-test has to reach (default: none asked)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return _make(parser.parse_args(argv))


def _make(chosen: argparse.Namespace) -> int:
    from models.bundle.making import BundleTaken, make
    from models.cli.bundle import show
    from sensors.terminal import console

    if chosen.out.exists():
        raise BundleTaken(chosen.out)
    with console.bars("elapsed") as bars:
        bars.add_task(f"{chosen.model} on {chosen.backend}", total=None)
        made = make(_ingredients(chosen), chosen.out)
    show(made, console.print_json if chosen.json else None)
    if not made.expected.boxes:
        score = made.expected.bounds.score
        console.warn(f"no frame of the self-test has a box of score {score:g}: only tensors are compared; see --frames")
    return DONE


def _ingredients(chosen: argparse.Namespace) -> "Ingredients":
    from edge.answering.pictures import tuple_of
    from edge.assembly import opened
    from edge.config import BackendChoice, ModelChoice
    from models import catalogue
    from models.bundle.making import Ingredients
    from models.bundle.node_patch import NodePatch, read_patch
    from models.bundle.tuples import exactly
    from models.labels import renamed
    from replay.qualify.bundled import qualification_of

    model = ModelChoice.of(chosen.model)
    manifest, artefact = catalogue.locate(str(model.file or model.name), chosen.backend, chosen.precision)
    qualification = None
    if chosen.qualification is not None:
        qualification = (chosen.qualification, qualification_of(chosen.qualification, artefact))
    patch = NodePatch() if chosen.config is None else read_patch(chosen.config)
    rules = _rules(chosen.admit)
    runs, choice = artefact, BackendChoice()
    if chosen.elsewhere is None:
        options = dict(patch.backend.options)
        device = chosen.device or _first_device(chosen.backend, options)
        choice = BackendChoice(name=chosen.backend, device=device, options=options)
    else:
        admitted = _elsewhere(chosen.backend, chosen.elsewhere, rules)
        _, runs = catalogue.locate(str(model.file or model.name))
    with opened(renamed(manifest, patch.model.labels), runs, choice, Path()) as parts:
        if chosen.elsewhere is None:
            admitted = exactly(tuple_of(parts), **rules)
        recorded_by = chosen.precision if chosen.elsewhere is None else catalogue.ORIGINAL
        self_test = _self_test(chosen, parts, recorded_by)
    return Ingredients(
        name=chosen.name or f"{manifest.name}-{chosen.backend}-{chosen.precision}",
        manifest=manifest,
        artefact=artefact,
        precision=chosen.precision,
        backend=chosen.backend,
        good_for=(admitted,),
        self_test=self_test,
        qualification=qualification,
        patch=chosen.config,
        extras=(chosen.backend,),
    )


def _first_device(backend: str, options: "Mapping[str, object]") -> str:
    from edge.device.backend import DeviceAbsent
    from edge.device.opening import open_backend

    found = open_backend(backend, options).devices()
    if not found:
        raise DeviceAbsent(backend, "any", [])
    return found[0].name


def _rules(texts: list[str]) -> dict[str, str]:
    """PART=RULE, the rule as it stands: `*` and `>=1` are no TOML."""
    from models.bundle.tuples import RuleWrong

    found = {}
    for text in texts:
        part, equals, rule = text.partition("=")
        if not (part and equals and rule):
            raise RuleWrong("--admit", text, "it is no PART=RULE")
        found[part] = rule
    return found


def _elsewhere(backend: str, kind: str, rules: dict[str, str]) -> "Admission":
    """What nobody can look up here has to be said."""
    from models.bundle.tuples import DeviceTuple, RuleWrong, exactly

    for part in ("architecture", "runtime"):
        if part not in rules:
            raise RuleWrong(part, "", "a chip that is not here is not told from another without it")
    return exactly(DeviceTuple(backend=backend, kind=kind), **rules)


def _self_test(chosen: argparse.Namespace, parts: "Loaded", precision: str) -> "SelfTest":
    import msgspec

    from edge.answering.pictures import answers, tuple_of
    from models.bundle.making import SelfTest
    from models.bundle.self_test import NOT_ITSELF, Bounds

    bounds = Bounds() if precision == chosen.precision else NOT_ITSELF
    pictures = _pictures(chosen.frames, chosen.n)
    return SelfTest(
        recorded_on=tuple_of(parts),
        precision=precision,
        bounds=msgspec.structs.replace(bounds, fps=chosen.fps),
        pictures=pictures,
        answers=list(answers(parts, pictures)),
    )


def _pictures(folder: Path | None, n: int) -> "list[Image]":
    """`n` at most, evenly spread: of the folder, or of the drawn crossing that comes with gilmok."""
    from replay.qualify.campaign import evenly
    from replay.recording import open_dataset
    from sensors.sources.folder import pictures_in
    from sensors.sources.pictures import read_picture
    from sensors.sources.source import SourceUnusable

    if folder is None:
        recording = open_dataset("world", SAMPLES).open(SAMPLE)
        return [recording.picture(number) for number in evenly(recording.numbers, n)]
    paths = pictures_in(folder) if folder.is_dir() else []
    if not paths:
        raise SourceUnusable(f"there are no pictures in {folder}", "name a folder of PNG or JPEG files with --frames")
    return [read_picture(paths[place]) for place in evenly(range(len(paths)), n)]
