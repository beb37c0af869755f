"""`gilmok model compile`: a model's file made into what a backend runs best."""

import argparse
import sys

import msgspec

from models.toolchains.job import TOOLCHAINS


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from replay.compile import Frames, compile_model
    from sensors.config import assignments, plain

    calibration = [Frames.of(text) for text in chosen.calibration]
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        # Quantisers don't tell how far they are.
        task = bars.add_task(chosen.model, total=None)

        def on_step(what: str) -> None:
            bars.update(task, description=f"{chosen.model}: {what}")

        artefact = compile_model(
            chosen.model, chosen.backend, chosen.precision, calibration, assignments(chosen.set), on_step
        )
    if chosen.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(plain(artefact))).decode() + "\n")
        return 0
    print(f"{artefact.model} for {artefact.backend}, {artefact.precision}: {artefact.path} (sha256 {artefact.sha256})")
    for told in artefact.calibration:
        print(f"  calibrated with {len(told.frames)} frames of {told.dataset} {told.recording}: never score on them")
    if artefact.cuts:
        print(f"  {len(artefact.cuts)} heads kept apart, joined on the host: {', '.join(artefact.cuts)}")
    return 0
