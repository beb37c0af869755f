"""KITTI: a vehicle's camera; boxes count from 0, and reach to the last pixel.

    training/image_2/000000.png ...        training/label_2/000000.txt     (object: stills)
    training/image_02/0000/000000.png ...  training/label_02/0000.txt      (tracking: drives)

`testing` has the same folders without labels. Where somebody left out that level, both folders lie in the root. https://www.cvlibs.net/datasets/kitti
"""

from collections.abc import Sequence
from pathlib import Path

from replay.datasets.kitti_rows import KittiRows, Types, is_rope3d
from replay.datasets.layout import files_in, find_repacked, folders, numbered, pictures
from replay.datasets.pictures import PictureRecording
from replay.recording import Group, RecordingUnknown
from replay.truth import nothing_there
from sensors.sources.folder import sorted_by_number

FPS = 10.0
LABEL_ENDING = ".txt"
TRAINING, TESTING = "training", "testing"
ALL = "all"
"""The stills of a root that has no halves."""

LABELS = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc")
DONT_CARE = "DontCare"
# The tracking labels say "Person" where the object labels say "Person_sitting".
INDEX = {label: i for i, label in enumerate(LABELS)} | {"Person": LABELS.index("Person_sitting"), DONT_CARE: -1}
GROUPS = {
    "vehicle": Group(("Car", "Van", "Truck"), ("car", "bus", "truck")),
    "person": Group(("Pedestrian", "Person_sitting"), ("person",)),
}

TYPES = Types(LABELS, INDEX, GROUPS)

OFFICIAL_DRIVES = range(21)
"""The tracking benchmark's labelled drives are 0000..0020."""


class KittiObject:
    name = "kitti-object"

    def __init__(self, root: Path) -> None:
        marks = [f"{half}/{part}" for half in _HALVES for part in _STILLS]
        self._root = find_repacked(self.name, root, marks, _is_kittis, _STILLS)

    def recordings(self) -> Sequence[str]:
        halves = [half for half in _HALVES if any((self._root / half / part).is_dir() for part in _STILLS)]
        return halves or [ALL]

    def open(self, name: str) -> PictureRecording:
        if name not in self.recordings():
            raise RecordingUnknown(self.name, self._root, name, self.recordings())
        image_folder, label_folder = (self._root / ("" if name == ALL else name) / part for part in _STILLS)
        files = numbered(label_folder, LABEL_ENDING)
        read = KittiRows(label_folder, TYPES)
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
            folder=image_folder,
            truths=labels.truths,
            truth_files=tuple(files.values()),
            film=False,
            read_problems=labels.problems,
        )


class KittiTracking:
    name = "kitti-tracking"

    def __init__(self, root: Path) -> None:
        marks = [f"{half}/{part}" for half in _HALVES for part in _DRIVES]
        self._root = find_repacked(self.name, root, marks, lambda _match: True, _DRIVES)
        self._places: dict[str, tuple[Path, Path | None]] = {}
        for half in (*_HALVES, ""):
            image_folder, label_folder = (self._root / half / part for part in _DRIVES)
            files = {path.stem: path for path in files_in(label_folder, LABEL_ENDING)}
            drives = {folder.name for folder in folders(image_folder)} | files.keys()
            for name in [path.name for path in sorted_by_number(map(Path, drives))]:
                # Both halves count their drives from 0000.
                shown = f"{half}/{name}" if half == TESTING else name
                self._places[shown] = image_folder / name, files.get(name)

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> PictureRecording:
        if name not in self._places:
            raise RecordingUnknown(self.name, self._root, name, self.recordings())
        folder, path = self._places[name]
        read = KittiRows(folder if path is None else path, TYPES)
        if path is not None:
            read.read(path)
        labels = read.labelled(())
        return PictureRecording(
            dataset=self.name,
            name=name,
            fps=FPS,
            labels=labels.names,
            groups=labels.groups,
            pictures=pictures(folder),
            folder=folder,
            truths=labels.truths,
            truth_files=() if path is None else (path,),
            unmentioned=None if path is None else nothing_there(),
            read_problems=labels.problems,
            note="" if path is None else _note(name),
        )


_HALVES = (TRAINING, TESTING)
_STILLS = ("image_2", "label_2")
_DRIVES = ("image_02", "label_02")


def _is_kittis(match: Path) -> bool:
    """Rope3D's rows lie in such folders, too."""
    return not is_rope3d(match.parent)


def _note(drive: str) -> str:
    if drive.isdecimal() and int(drive) in OFFICIAL_DRIVES:
        return ""
    return f"the labels of {drive} are derived: KITTI tracking itself labels the drives 0000..0020 only"
