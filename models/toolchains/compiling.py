"""A model compiled for a backend and kept in the store with its record: the door to every toolchain."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from models import artefacts, catalogue
from models.manifest import Artefact, Calibration
from models.toolchains.job import QUANTISED, Job, OnStep, toolchain
from sensors.errors import GilmokError
from sensors.frame import Image

Finish: TypeAlias = Callable[[Artefact, Path], Artefact]
"""Given the artefact and the folder of its files, adds what only the backend itself can make, if anything."""


class SidesOpen(GilmokError):
    def __init__(self, model: str) -> None:
        super().__init__(
            f"the input of model {model!r} follows the picture's size, and an artefact's has one",
            "export it with fixed sides",
        )


class CalibrationMissing(GilmokError):
    def __init__(self, precision: str) -> None:
        super().__init__(
            f"{precision} needs pictures to calibrate with",
            "give --calibration DATASET:ROOT:NAME, a recording that will never be scored",
        )


def compile_model(
    model: str,
    backend: str,
    precision: str,
    *,
    calibrate: Callable[[], tuple[Sequence[Calibration], Sequence[Image]]] | None = None,
    options: Mapping[str, Any],
    finish: Finish = lambda artefact, _folder: artefact,
    on_step: OnStep = lambda _what: None,
) -> Artefact:
    """Compile, and put the artefact into the store (`models.artefacts`); an older one is replaced when all went well.

    `model`: a name of the catalogue or a file. `calibrate` gives BGR pictures and where they are from; it is called
    where the precision needs some, once all else is known to be right. `options`: the toolchain's own table.
    Raises what `catalogue.locate` and the toolchain raise, SidesOpen, CalibrationMissing, and what `calibrate` and
    `finish` raise.
    """
    manifest, original = catalogue.locate(model)
    if manifest.input.rectangle_stride:
        raise SidesOpen(manifest.name)
    maker = toolchain(backend, precision)
    seen: Sequence[Calibration] = ()
    pictures: Sequence[Image] = ()
    if precision in QUANTISED:
        if calibrate is None:
            raise CalibrationMissing(precision)
        seen, pictures = calibrate()
    store = catalogue.store()
    with catalogue.aside(".compiling-") as aside:
        folder, scratch = aside / "artefact", aside / "scratch"
        folder.mkdir()
        scratch.mkdir()
        on_step("read the graph")
        made = maker.make(
            Job(manifest, original.path, precision, pictures, folder, scratch, options=options, on_step=on_step)
        )
        artefact = Artefact(
            model=manifest.name,
            path=made.path,
            sha256="",
            precision=precision,
            backend=backend,
            input=made.input,
            toolchain=dict(made.toolchain),
            source=manifest.sha256,
            outputs=made.outputs,
            cuts=made.cuts,
            stitch=made.stitch,
            parts=dict(made.parts),
            calibration=tuple(seen),
        )
        return artefacts.keep(store, finish(artefact, folder))
