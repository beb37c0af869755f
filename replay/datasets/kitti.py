"""KITTI: a vehicle's camera; boxes count from 0, and reach to the last pixel.

    training/image_2/000000.png ...        training/label_2/000000.txt     (object: stills)
    training/image_02/0000/000000.png ...  training/label_02/0000.txt      (tracking: drives)

`testing` has the same folders without labels. https://www.cvlibs.net/datasets/kitti
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.labels import LabelsWrong, by_frame, numbers, rows, whole
from replay.datasets.layout import find_root, folders, pictures
from replay.datasets.pictures import PictureRecording
from replay.recording import Group, RecordingUnknown
from replay.truth import Role, Truth, nothing_there

FPS = 10.0
TRAINING, TESTING = "training", "testing"

LABELS = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc")
DONT_CARE = "DontCare"
# The tracking labels say "Person" where the object labels say "Person_sitting".
INDEX = {label: i for i, label in enumerate(LABELS)} | {"Person": LABELS.index("Person_sitting"), DONT_CARE: -1}
GROUPS = {
    "vehicle": Group(("Car", "Van", "Truck"), ("car", "bus", "truck")),
    "person": Group(("Pedestrian", "Person_sitting"), ("person",)),
}

UNKNOWN_M = -1000.0
"""A coordinate that stands for "unknown"."""
OFFICIAL_DRIVES = range(21)
"""The tracking benchmark's labelled drives are 0000..0020."""

TRUNCATED, OCCLUDED, BOX, POSITION = 0, 1, slice(3, 7), slice(10, 13)
"""Columns of a label line after its type."""
COLUMNS = (14, 15)
"""How many they are; a result file adds a score."""


class KittiObject:
    name = "kitti-object"

    def __init__(self, root: Path) -> None:
        self._root = find_root(self.name, root, [f"{half}/{part}" for half in _HALVES for part in _STILLS])

    def recordings(self) -> Sequence[str]:
        return [half for half in _HALVES if any((self._root / half / part).is_dir() for part in _STILLS)]

    def open(self, name: str) -> PictureRecording:
        if name not in self.recordings():
            raise RecordingUnknown(self.name, self._root, name, self.recordings())
        image_folder, label_folder = (self._root / name / part for part in _STILLS)
        files = {int(path.stem): path for path in sorted(label_folder.glob("*.txt")) if path.stem.isdecimal()}
        return PictureRecording(
            dataset=self.name,
            name=name,
            fps=FPS,
            labels=LABELS,
            groups=GROUPS,
            pictures=pictures(image_folder),
            truths={number: _read(path)[1] for number, path in files.items()},
            truth_files=tuple(files.values()),
            film=False,
        )


class KittiTracking:
    name = "kitti-tracking"

    def __init__(self, root: Path) -> None:
        self._root = find_root(self.name, root, [f"{half}/{part}" for half in _HALVES for part in _DRIVES])
        self._places: dict[str, tuple[Path, Path]] = {}
        for half in _HALVES:
            image_folder, label_folder = (self._root / half / part for part in _DRIVES)
            names = {folder.name for folder in folders(image_folder)} | {
                path.stem for path in label_folder.glob("*.txt")
            }
            for name in sorted(names):
                # Both halves count their drives from 0000.
                shown = name if half == TRAINING else f"{half}/{name}"
                self._places[shown] = (image_folder / name, label_folder / f"{name}.txt")

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> PictureRecording:
        if name not in self._places:
            raise RecordingUnknown(self.name, self._root, name, self.recordings())
        folder, path = self._places[name]
        labelled = path.is_file()
        return PictureRecording(
            dataset=self.name,
            name=name,
            fps=FPS,
            labels=LABELS,
            groups=GROUPS,
            pictures=pictures(folder),
            truths=by_frame(*_read(path, tracked=True)) if labelled else {},
            truth_files=(path,) if labelled else (),
            unmentioned=nothing_there() if labelled else None,
            note=_note(name) if labelled else "",
        )


_HALVES = (TRAINING, TESTING)
_STILLS = ("image_2", "label_2")
_DRIVES = ("image_02", "label_02")


def _note(drive: str) -> str:
    if drive.isdecimal() and int(drive) in OFFICIAL_DRIVES:
        return ""
    return f"the labels of {drive} are derived: KITTI tracking itself labels the drives 0000..0020 only"


def _read(path: Path, tracked: bool = False) -> tuple[NDArray[np.int64], Truth]:
    """Frame numbers (0 throughout where there are none) and the rows of a label file."""
    lead = 2 if tracked else 0
    lines, identities, labels, values = [], [], [], []
    for line, parts in rows(path):
        if len(parts) - lead - 1 not in COLUMNS:
            raise LabelsWrong(path, line, f"has {len(parts)} columns; KITTI's lines have {COLUMNS[0] + 1 + lead}")
        if parts[lead] not in INDEX:
            raise LabelsWrong(path, line, f"there is no KITTI type {parts[lead]!r}")
        lines.append(line)
        labels.append(INDEX[parts[lead]])
        identities.append(numbers(path, line, parts[:lead]) or [0, -1])
        values.append(numbers(path, line, parts[lead + 1 : lead + 1 + COLUMNS[0]]))
    frames, tracks = (whole(path, lines, column) for column in np.array(identities).reshape(-1, 2).T)
    return frames, _truth(np.array(labels, np.int64), tracks, np.array(values).reshape(-1, COLUMNS[0]))


def _truth(labels: NDArray[np.int64], tracks: NDArray[np.int64], values: NDArray[np.float64]) -> Truth:
    position = values[:, POSITION]
    unknown = (position <= UNKNOWN_M).any(axis=1)
    return Truth(
        boxes=values[:, BOX],
        labels=labels,
        tracks=tracks,
        roles=np.where(labels < 0, int(Role.REGION), int(Role.POSITIVE)),
        truncated=_known(values[:, TRUNCATED]),
        occluded=_known(values[:, OCCLUDED]),
        distance_m=np.where(unknown, np.nan, np.linalg.norm(position, axis=1)).astype(np.float32),
    )


def _known(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(values < 0, np.nan, values).astype(np.float32)
