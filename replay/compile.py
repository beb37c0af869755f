"""A model compiled for a backend, calibrated with frames of recordings, and kept in the store with its record."""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from edge.backends import rknn
from edge.device.environment import python_of
from edge.device.opening import open_backend
from models import artefacts, catalogue
from models.manifest import Artefact, Calibration
from models.toolchains.job import QUANTISED, Job, toolchain
from replay.recording import open_dataset
from sensors.errors import GilmokError
from sensors.frame import Image

PICTURES = 32
"""How many frames of each recording calibrate where nobody says which."""


class CalibrationUnreadable(GilmokError):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} names no frames to calibrate with",
            "write DATASET:ROOT:NAME or DATASET:ROOT:NAME:FIRST-LAST/STEP, as in mot:data/MOT15:KITTI-17:1-100/4",
        )


class CalibrationMissing(GilmokError):
    def __init__(self, precision: str) -> None:
        super().__init__(
            f"{precision} needs pictures to calibrate with",
            "give --calibration DATASET:ROOT:NAME, a recording that will never be scored",
        )


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of a recording: every `step`-th from `first` to `last`, or PICTURES spread over it."""

    dataset: str
    root: Path
    name: str
    first: int | None = None
    last: int | None = None
    step: int | None = None

    @classmethod
    def of(cls, text: str) -> "Frames":
        """DATASET:ROOT:NAME[:FIRST-LAST[/STEP]]; raises CalibrationUnreadable."""
        found = re.fullmatch(r"([^:]+):([^:]+):([^:]+)(?::(\d+)-(\d+)(?:/(\d+))?)?", text)
        if found is None or found[6] == "0":
            raise CalibrationUnreadable(text)
        first, last, step = (None if number is None else int(number) for number in found.groups()[3:])
        return cls(found[1], Path(found[2]), found[3], first, last, step)

    def read(self, on_picture: Callable[[], None]) -> tuple[Calibration, list[Image]]:
        """Raises what opening a recording raises, PictureUnreadable, or CalibrationUnreadable for no frames at all."""
        recording = open_dataset(self.dataset, self.root).open(self.name)
        numbers = self._chosen(list(recording.numbers))
        if not numbers:
            raise CalibrationUnreadable(f"{self.dataset}:{self.root}:{self.name}:{self.first}-{self.last}")
        pictures = []
        for number in numbers:
            pictures.append(recording.picture(number))
            on_picture()
        told = Calibration(dataset=self.dataset, recording=self.name, digest=recording.digest, frames=tuple(numbers))
        return told, pictures

    def _chosen(self, numbers: Sequence[int]) -> list[int]:
        if self.first is None or self.last is None:
            places = np.linspace(0, len(numbers) - 1, min(PICTURES, len(numbers)))
            return [numbers[place] for place in np.rint(places).astype(int).tolist()]
        return [number for number in numbers if self.first <= number <= self.last][:: self.step or 1]


def compile_model(
    model: str,
    backend: str,
    precision: str,
    calibration: Sequence[Frames],
    options: Mapping[str, Any],
    on_step: Callable[[str], None],
) -> Artefact:
    """Compile, and put the artefact into the store (`models.artefacts`); an older one is replaced when all went well.

    Raises what `catalogue.locate` and the toolchain raise, and CalibrationMissing.
    """
    manifest, original = catalogue.locate(model)
    maker = toolchain(backend, precision)
    if precision in QUANTISED and not calibration:
        raise CalibrationMissing(precision)
    seen: list[Calibration] = []
    pictures: list[Image] = []
    for frames in calibration if precision in QUANTISED else ():
        told, some = frames.read(lambda: on_step("read pictures"))
        seen.append(told)
        pictures += some
    store = catalogue.store()
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store, prefix=".compiling-") as aside:
        folder, scratch = Path(aside, "artefact"), Path(aside, "scratch")
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
        if backend == rknn.NAME and python_of(backend).is_file():
            on_step("build the board's file")
            artefact = _with_board_file(artefact, folder)
        return artefacts.keep(store, artefact)


def _with_board_file(artefact: Artefact, folder: Path) -> Artefact:
    """Built by rknn-toolkit2 in its own environment, since nothing else writes .rknn files."""
    board = folder / "model.rknn"
    builder = open_backend(rknn.NAME, {"export": str(board)})
    builder.load(artefact, rknn.SIMULATOR).close()
    target = rknn.Rknn.Options().target
    return replace(
        artefact, parts={**artefact.parts, rknn.BOARD: board}, toolchain={**artefact.toolchain, "target": target}
    )
