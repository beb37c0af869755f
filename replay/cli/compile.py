"""`gilmok model compile`: a model's file made into what a backend runs best."""

import argparse
from typing import TYPE_CHECKING

from models.toolchains.job import TOOLCHAINS
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from models.manifest import Calibration
    from sensors.frame import Image


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok model compile",
        description="Compile a model for a backend, and keep it in the store: `--backend B --precision P` runs it.",
    )
    parser.add_argument("model", metavar="MODEL", help="a model of the catalogue, or a model's file")
    parser.add_argument("--backend", required=True, help=f"for which: {', '.join(TOOLCHAINS)}")
    parser.add_argument("--precision", default="fp32", help="fp32, fp16, int8 or u16, as the backend has it")
    parser.add_argument(
        "--calibration",
        action="append",
        default=[],
        metavar="DATASET:ROOT:NAME[:FIRST-LAST/STEP]",
        help="frames that a quantiser may see, and nothing may be scored on; may be given several times",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the toolchain, as TOML"
    )
    parser.add_argument("--json", action="store_true", help="print the artefact's record as JSON")
    chosen = parser.parse_args(argv)
    return _compile(chosen)


def _compile(chosen: argparse.Namespace) -> int:
    from edge.device.finishing import finish
    from models.toolchains.compiling import compile_model
    from replay.calibration import CalibrationFrames
    from sensors.config import assignments, plain
    from sensors.terminal import console

    wanted = [CalibrationFrames.of(text) for text in chosen.calibration]
    # Quantisers don't tell how far they are.
    with console.bars("elapsed") as bars:
        task = bars.add_task(chosen.model, total=None)

        def on_step(what: str) -> None:
            bars.update(task, description=f"{chosen.model}: {what}")

        def calibrate() -> "tuple[list[Calibration], list[Image]]":
            read = [frames.read(lambda: on_step("read pictures")) for frames in wanted]
            return [seen for seen, _ in read], [picture for _, pictures in read for picture in pictures]

        artefact = compile_model(
            chosen.model,
            chosen.backend,
            chosen.precision,
            calibrate=calibrate if wanted else None,
            options=assignments(chosen.set),
            finish=lambda made, folder: finish(made, folder, on_step),
            on_step=on_step,
        )
    if chosen.json:
        console.print_json(plain(artefact))
        return 0
    what = f"{artefact.model} for {artefact.backend}, {artefact.precision}"
    console.say(f"{what}: {artefact.path} (sha256 {artefact.sha256})")
    for seen in artefact.calibration:
        frames = f"{len(seen.frames)} frames of {seen.dataset} {seen.recording}"
        console.say(f"  calibrated with {frames}: never score on them")
    if artefact.cuts:
        console.say(f"  {len(artefact.cuts)} heads kept apart, joined on the host: {', '.join(artefact.cuts)}")
    return 0
