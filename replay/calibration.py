"""Frames of recordings for a quantiser to see; nothing may be scored on them afterwards."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.manifest import Calibration
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


@dataclass(frozen=True, slots=True)
class CalibrationFrames:
    """Frames of a recording: every `step`-th from `first` to `last`, or PICTURES spread over it."""

    dataset: str
    root: Path
    name: str
    first: int | None = None
    last: int | None = None
    step: int | None = None

    @classmethod
    def of(cls, text: str) -> "CalibrationFrames":
        """DATASET:ROOT:NAME[:FIRST-LAST[/STEP]]; raises CalibrationUnreadable."""
        found = re.fullmatch(r"([^:]+):([^:]+):([^:]+)(?::(\d+)-(\d+)(?:/(\d+))?)?", text)
        if found is None or found[6] == "0":
            raise CalibrationUnreadable(text)
        first, last, step = (None if number is None else int(number) for number in found.groups()[3:])
        return cls(found[1], Path(found[2]), found[3], first, last, step)

    def read(self, on_picture: Callable[[], None] = lambda: None) -> tuple[Calibration, list[Image]]:
        """The pictures in the order of their numbers, and which ones they are, for the artefact's record.

        Raises what opening a recording raises, PictureUnreadable, or CalibrationUnreadable for no frames at all.
        """
        recording = open_dataset(self.dataset, self.root).open(self.name)
        numbers = self._chosen(list(recording.numbers))
        if not numbers:
            raise CalibrationUnreadable(f"{self.dataset}:{self.root}:{self.name}:{self.first}-{self.last}")
        pictures = []
        for number in numbers:
            pictures.append(recording.picture(number))
            on_picture()
        seen = Calibration(dataset=self.dataset, recording=self.name, digest=recording.digest, frames=tuple(numbers))
        return seen, pictures

    def _chosen(self, numbers: Sequence[int]) -> list[int]:
        if self.first is None or self.last is None:
            places = np.linspace(0, len(numbers) - 1, min(PICTURES, len(numbers)))
            return [numbers[place] for place in np.rint(places).astype(int).tolist()]
        return [number for number in numbers if self.first <= number <= self.last][:: self.step or 1]
