"""Rope3D: pictures of roadside cameras, with rows as KITTI has them and more types.

{training,validation}/label_2/148711_..._60_obstacle.txt     beside calib, denorm and extrinsics, which aren't read
training-image_2a/148711_..._60_obstacle.jpg ...             and training-image_2b, 2c, 2d; validation-image_2
{training,validation}/image_2/...                            where somebody put the pictures together
label_2, image_2*                                            where somebody left out the upper level

Rows and types: the makers' sample and tools, github.com/liyingying0113/rope3d-dataset-tools (show_tools/data_demo,
eval_tools/convert_FineclsToCoarse.py). How the pictures are split over folders isn't told there: this is what programs
that others publish for the set look for. The makers' own figures are of 3-D boxes; they leave `unknown_*` out.
"""

from collections.abc import Sequence
from pathlib import Path

from replay.datasets.kitti_rows import KittiRows, Types, is_rope3d
from replay.datasets.layout import files_in, find_repacked, folders
from replay.datasets.pictures import PictureRecording
from replay.datasets.spelling import numbered_pairs
from replay.recording import Group, RecordingUnknown
from sensors.sources.folder import pictures_in

NAME = "rope3d"
FPS = float("nan")
"""The pictures are of many cameras, taken out of their films."""
HALVES = ("training", "validation")
ROWS, TOGETHER = "label_2", "image_2"
ALL = "all"
"""The stills of a root that has no halves."""

LABELS = (
    "car",
    "van",
    "truck",
    "bus",
    "pedestrian",
    "cyclist",
    "motorcyclist",
    "tricyclist",
    "barrow",
    "trafficcone",
    "triangle_plate",
    "unknown_movable",
    "unknown_unmovable",
)
UNKNOWN = ("unknown_movable", "unknown_unmovable")
GROUPS = {
    "vehicle": Group(("car", "van", "truck", "bus"), ("car", "bus", "truck", "van")),
    "person": Group(("pedestrian",), ("person", "pedestrian")),
}
TYPES = Types(LABELS, {label: place for place, label in enumerate(LABELS)}, GROUPS, neighbours=UNKNOWN)


class Rope3D:
    def __init__(self, root: Path) -> None:
        marks = [f"{half}{part}" for part in (f"-{TOGETHER}*", "/denorm", f"/{ROWS}") for half in HALVES]
        self._root = find_repacked(NAME, root, marks, _is_ours, [ROWS, f"{TOGETHER}*"])

    def recordings(self) -> Sequence[str]:
        halves = [half for half in HALVES if (self._root / half / ROWS).is_dir() or self._folders(half)]
        return halves or [ALL]

    def open(self, name: str) -> PictureRecording:
        if name not in self.recordings():
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        half = "" if name == ALL else name
        label_folder = self._root / half / ROWS
        held = [path for folder in self._folders(half) for path in pictures_in(folder)]
        images, labelled, problems = numbered_pairs(held, files_in(label_folder, ".txt"))
        read = KittiRows(label_folder, TYPES)
        for number, path in labelled.items():
            read.read(path, number)
        labels = read.labelled(labelled)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=labels.names,
            groups=labels.groups,
            pictures=images,
            truths=labels.truths,
            truth_files=tuple(labelled.values()),
            film=False,
            read_problems=(*labels.problems, *problems),
        )

    def _folders(self, half: str) -> list[Path]:
        """Of the pictures; `half` empty: those of a root without halves."""
        start = f"{half}-{TOGETHER}" if half else TOGETHER
        apart = [folder for folder in folders(self._root) if folder.name.startswith(start)]
        together = self._root / half / TOGETHER
        return [*apart, *([together] if half and together.is_dir() else [])]


def _is_ours(match: Path) -> bool:
    """KITTI has such folders, too."""
    return not match.name.startswith((ROWS, TOGETHER)) or is_rope3d(match.parent)
