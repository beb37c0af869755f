"""DAIR-V2X-I: pictures of cameras at crossings, a JSON file each.

single-infrastructure-side/image/000000.jpg ...
single-infrastructure-side/label/camera/000000.json      (or where data_info.json's label_camera_path says)
single-infrastructure-side/data_info.json

The cooperative set's infrastructure-side has the same layout, and vehicle sides, too. Layout and fields: data/README.md
of the makers' github.com/AIR-THU/DAIR-V2X. They name ten classes; that files also hold *Ignore and Unknown_* types is
told by programs that others publish for them, not by the makers: PedestrianIgnore and CarIgnore are read as crowds of
their class, OtherIgnore as a region, Unknown_* as things that need not be found.
"""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from replay.datasets.classes import own_groups, own_problems
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import Boxes, LabelsWrong, Lenience, Loose, check_size, cornered_box, json_labels, numbers
from replay.datasets.layout import find_root, numbered, pictures
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.recording import Group, RecordingUnknown
from replay.truth import Role, Truth, constant

NAME = "dair-v2x-i"
FPS = float("nan")
"""The pictures are of many crossings, taken out of their films."""
SIDES = ("single-infrastructure-side*", "infrastructure-side", "*/infrastructure-side")
IMAGES, LABELS_FOLDER, INDEX = "image", "label/camera", "data_info.json"

LABELS = (
    "Car",
    "Truck",
    "Van",
    "Bus",
    "Pedestrian",
    "Cyclist",
    "Tricyclist",
    "Motorcyclist",
    "Barrowlist",
    "TrafficCone",
)
PLAIN = {label.casefold(): label for label in LABELS}
GROUPS = {
    "vehicle": Group(("Car", "Truck", "Van", "Bus"), ("car", "truck", "bus", "van")),
    "person": Group(("Pedestrian",), ("person", "pedestrian")),
}
CROWDS = {"pedestrianignore": "Pedestrian", "carignore": "Car"}
REGIONS = ("otherignore", "othersignore")
UNKNOWN = "unknown"


class _Corners(msgspec.Struct):
    xmin: Loose
    ymin: Loose
    xmax: Loose
    ymax: Loose


class _Object(msgspec.Struct):
    type: str
    box: _Corners = msgspec.field(name="2d_box")
    truncated_state: Loose = None
    occluded_state: Loose = None
    track_id: Loose = None


class _Indexed(msgspec.Struct):
    image_path: str
    label_camera_path: str = ""
    label_camera_std_path: str = ""


class DairV2xI:
    def __init__(self, root: Path) -> None:
        marks = [f"{side}/{LABELS_FOLDER}" for side in SIDES] + [f"{side}/{INDEX}" for side in SIDES]
        self._root = find_root(NAME, root, [LABELS_FOLDER, INDEX, *marks], _is_side)
        sides = [self._root, *sorted(found for side in SIDES for found in self._root.glob(side))]
        self._sides = {side.name: side for side in sides if (side / IMAGES).is_dir() and _is_side(side / INDEX)}

    def recordings(self) -> Sequence[str]:
        return list(self._sides)

    def open(self, name: str) -> PictureRecording:
        if name not in self._sides:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        side = self._sides[name]
        images = pictures(side / IMAGES)
        files = _label_files(side)
        read = _Objects()
        for number, path in files.items():
            read.read(path, number)
        truth = read.truth()
        counts = np.bincount(truth.labels[truth.of_role(Role.POSITIVE)], minlength=len(read.labels)).tolist()
        present = {label: n for label, n in zip(read.labels, counts, strict=True) if n}
        groups = own_groups(GROUPS, present)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=read.labels,
            groups=groups,
            pictures=images,
            folder=side / IMAGES,
            truths=FrameTruths(np.asarray(read.frames, np.int64), truth, labelled=files),
            truth_files=tuple(files.values()),
            film=False,
            read_problems=(*read.lenience.problems(), *own_problems(groups, present, LABELS)),
        )


def _is_side(match: Path) -> bool:
    """Pictures and labels lie beside it: `image` alone is anybody's name."""
    side = match.parent if match.name == INDEX else match.parent.parent
    return (side / IMAGES).is_dir() and ((side / LABELS_FOLDER).is_dir() or (side / INDEX).is_file())


def _label_files(side: Path) -> Mapping[int, Path]:
    """By picture number; raises LabelsWrong."""
    beside = numbered(side / LABELS_FOLDER, ".json")
    if beside or not (side / INDEX).is_file():
        return beside
    listed = json_labels(side / INDEX, list[_Indexed], "the index of DAIR-V2X")
    if not listed and pictures(side / IMAGES):
        raise LabelsWrong(side / INDEX, 0, "lists no picture, and there are some")
    names: dict[int, str] = {}
    for row in listed:
        stem = Path(row.image_path).stem
        if not stem.isdecimal() or len(stem) > 18:
            raise LabelsWrong(side / INDEX, f"image_path {row.image_path[:60]}", "names no numbered picture")
        if told := row.label_camera_path or row.label_camera_std_path:
            names[int(stem)] = told
    return ListedPictures(names, (side,)).found


class _Objects:
    """The objects of all pictures while they are being read."""

    def __init__(self) -> None:
        self.lenience = Lenience()
        self._kinds = {label: place for place, label in enumerate(LABELS)}
        self.frames, self._labels, self._roles = array("q"), array("q"), array("q")
        self._boxes, self._levels = Boxes(), array("d")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self._kinds)

    def read(self, path: Path, number: int) -> None:
        """Raises LabelsWrong."""
        check_size(path)
        for place, one in enumerate(json_labels(path, list[_Object], "a label file of DAIR-V2X"), 1):
            at = f"object {place}"
            # The makers' own are texts: nothing to tell.
            corners = [str(one.box.xmin), str(one.box.ymin), str(one.box.xmax), str(one.box.ymax)]
            self._boxes.add(cornered_box(path, at, numbers(path, at, corners)))
            role, label = self._kind(path, at, one.type)
            self.frames.append(number)
            self._roles.append(role)
            self._labels.append(label)
            states = (one.truncated_state, one.occluded_state)
            self._levels.extend(self._level(path, at, state) for state in states)

    def truth(self) -> Truth:
        n = len(self._labels)
        levels = np.asarray(self._levels).reshape(-1, 2).astype(np.float32)
        return Truth(
            boxes=self._boxes.array(),
            labels=np.asarray(self._labels, np.int64),
            tracks=constant(-1, n),
            roles=np.asarray(self._roles, np.int64),
            truncated=levels[:, 0],
            occluded=levels[:, 1],
        )

    def _kind(self, path: Path, at: str, kind: str) -> tuple[Role, int]:
        plain = kind.strip().casefold()
        if not plain:
            raise LabelsWrong(path, at, "has no type")
        if plain in REGIONS:
            return Role.REGION, -1
        if plain in CROWDS:
            return Role.REGION, self._kinds[CROWDS[plain]]
        label = PLAIN.get(plain, kind.strip())
        role = Role.NEIGHBOUR if plain.startswith(UNKNOWN) else Role.POSITIVE
        return role, self._kinds.setdefault(label, len(self._kinds))

    def _level(self, path: Path, at: str, state: Loose) -> float:
        if state in (None, ""):
            return float("nan")
        value = numbers(path, at, [str(state)])[0]
        return value if value >= 0 else float("nan")
