"""KITTI: a vehicle's camera; boxes count from 0, and reach to the last pixel.

    training/image_2/000000.png ...        training/label_2/000000.txt     (object: stills)
    training/image_02/0000/000000.png ...  training/label_02/0000.txt      (tracking: drives)

`testing` has the same folders without labels. https://www.cvlibs.net/datasets/kitti
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import own_groups, own_problems
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    MOST_SHOWN,
    LabelsWrong,
    Lenience,
    cornered_box,
    frame_number,
    numbers,
    rows,
    tracks_of,
    whole,
)
from replay.datasets.layout import files_in, find_root, folders, numbered, pictures
from replay.datasets.pictures import PictureRecording
from replay.recording import Group, Problem, RecordingUnknown
from replay.truth import Role, Truth, nothing_there
from sensors.sources.folder import sorted_by_number

FPS = 10.0
LABEL_ENDING = ".txt"
TRAINING, TESTING = "training", "testing"

LABELS = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc")
DONT_CARE = "DontCare"
# The tracking labels say "Person" where the object labels say "Person_sitting".
INDEX = {label: i for i, label in enumerate(LABELS)} | {"Person": LABELS.index("Person_sitting"), DONT_CARE: -1}
PLAIN = {label.casefold(): label for label in INDEX}
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
        files = numbered(label_folder, LABEL_ENDING)
        read = _Rows(label_folder)
        for number, path in files.items():
            read.read(path, number)
        labels = read.labelled(files)
        return PictureRecording(
            dataset=self.name,
            name=name,
            fps=FPS,
            labels=labels.names,
            groups=labels.groups,
            pictures=pictures(image_folder),
            truths=labels.truths,
            truth_files=tuple(files.values()),
            film=False,
            read_problems=labels.problems,
        )


class KittiTracking:
    name = "kitti-tracking"

    def __init__(self, root: Path) -> None:
        self._root = find_root(self.name, root, [f"{half}/{part}" for half in _HALVES for part in _DRIVES])
        self._places: dict[str, tuple[Path, Path]] = {}
        for half in _HALVES:
            image_folder, label_folder = (self._root / half / part for part in _DRIVES)
            drives = {folder.name: folder for folder in folders(image_folder)}
            drives |= {path.stem: path.with_suffix("") for path in files_in(label_folder, LABEL_ENDING)}
            for name in [path.name for path in sorted_by_number(drives.values())]:
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
        read = _Rows(path)
        if labelled:
            read.read(path)
        labels = read.labelled(())
        return PictureRecording(
            dataset=self.name,
            name=name,
            fps=FPS,
            labels=labels.names,
            groups=labels.groups,
            pictures=pictures(folder),
            truths=labels.truths,
            truth_files=(path,) if labelled else (),
            unmentioned=nothing_there() if labelled else None,
            read_problems=labels.problems,
            note=_note(name) if labelled else "",
        )


_HALVES = (TRAINING, TESTING)
_STILLS = ("image_2", "label_2")
_DRIVES = ("image_02", "label_02")


def _note(drive: str) -> str:
    if drive.isdecimal() and int(drive) in OFFICIAL_DRIVES:
        return ""
    return f"the labels of {drive} are derived: KITTI tracking itself labels the drives 0000..0020 only"


class _Rows:
    """The rows of one label file or of many."""

    def __init__(self, place: Path) -> None:
        """`place`: the file or folder that they are of."""
        self._place = place
        self.lenience = Lenience()
        self.frames = array("q")
        self.ids: list[int] = []
        self.labels = array("q")
        self.values = array("d")
        self.own: dict[str, int] = {}
        """Types beside KITTI's own -> their place in the label table."""

    def read(self, path: Path, frame: int | None = None) -> None:
        """`frame`: whose file it is; None: the lines begin with frame and track. Raises LabelsWrong."""
        lead = 2 if frame is None else 0
        for line, parts in rows(path, None, self.lenience):
            if len(parts) - lead - 1 not in COLUMNS:
                raise LabelsWrong(path, line, f"has {len(parts)} columns; KITTI's lines have {COLUMNS[0] + 1 + lead}")
            values = numbers(path, line, parts[lead + 1 : lead + 1 + COLUMNS[0]])
            cornered_box(path, line, values[BOX])
            self.labels.append(self._label(path, line, parts[lead]))
            self.frames.append(frame_number(path, line, parts[0]) if frame is None else frame)
            self.ids.append(whole(path, line, parts[1]) if frame is None else -1)
            self.values.extend(values)

    def _label(self, path: Path, line: int, kind: str) -> int:
        if kind in INDEX:
            return INDEX[kind]
        if kind.casefold() in PLAIN:
            self.lenience.note(f"the type {kind} is read as {PLAIN[kind.casefold()]}", path, line)
            return INDEX[PLAIN[kind.casefold()]]
        if not any(character.isalpha() for character in kind):
            raise LabelsWrong(path, line, f"there is no type {kind[:MOST_SHOWN]!r}")
        return self.own.setdefault(kind, len(LABELS) + len(self.own))

    def labelled(self, frames: Iterable[int]) -> "_Labels":
        """`frames`: those that have a label file of their own, even an empty one."""
        values = np.asarray(self.values).reshape(-1, COLUMNS[0])
        labels = np.asarray(self.labels, np.int64)
        names = (*LABELS, *self.own)
        counts = np.bincount(labels[labels >= 0], minlength=len(names))
        present = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
        groups = own_groups(GROUPS, present)
        return _Labels(
            names=names,
            groups=groups,
            truths=FrameTruths(np.asarray(self.frames, np.int64), self._truth(labels, values), labelled=frames),
            problems=(*self.lenience.problems(), *own_problems(groups, present, LABELS)),
        )

    def _truth(self, labels: NDArray[np.int64], values: NDArray[np.float64]) -> Truth:
        position = values[:, POSITION]
        unknown = (position <= UNKNOWN_M).any(axis=1)
        return Truth(
            boxes=values[:, BOX],
            labels=labels,
            tracks=tracks_of(self.ids, self._place, self.lenience),
            roles=np.where(labels < 0, int(Role.REGION), int(Role.POSITIVE)),
            truncated=_known(values[:, TRUNCATED]),
            occluded=_known(values[:, OCCLUDED]),
            distance_m=np.where(unknown, np.nan, np.linalg.norm(position, axis=1)).astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class _Labels:
    names: tuple[str, ...]
    groups: Mapping[str, Group]
    truths: Mapping[int, Truth]
    problems: tuple[Problem, ...]


def _known(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(values < 0, np.nan, values).astype(np.float32)
