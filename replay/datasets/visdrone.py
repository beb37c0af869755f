"""VisDrone: pictures (DET) and sequences (VID, MOT) from drones over streets.

VisDrone2019-DET-val/images/0000001_02999_d_0000005.jpg ...
VisDrone2019-DET-val/annotations/0000001_02999_d_0000005.txt     left, top, width, height, score, category, truncation,
                                                                 occlusion
VisDrone2019-{VID,MOT}-val/sequences/uav0000086_00000_v/0000001.jpg ...
VisDrone2019-{VID,MOT}-val/annotations/uav0000086_00000_v.txt    frame, target, and the same eight

Columns and their meaning: the makers' toolkits, github.com/VisDrone/VisDrone2018-{DET,VID,MOT}-toolkit. Category 0 is
a region in which nobody labelled, 11 what is none of the ten that are evaluated. A score of 0 says that a box is not
considered: the DET toolkit matches any number of detections of its class to it.
"""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replay.datasets.classes import own_groups
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    Boxes,
    Ids,
    LabelsWrong,
    Lenience,
    check_size,
    frame_number,
    numbers,
    rows,
    sized_box,
    whole,
)
from replay.datasets.layout import files_in, find_root, folders, pictures, unnumbered
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.spelling import numbered_pairs
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, nothing_there
from sensors.outside import ContentWrong, open_bytes
from sensors.sources.folder import pictures_in, sorted_by_number

NAME = "visdrone"
FPS = float("nan")
"""Neither the files nor the toolkits state one."""
PARTS = "VisDrone*"
IMAGES, SEQUENCES, LABELS_FOLDER = "images", "sequences", "annotations"
BEGINNING = 400

LABELS = (
    "pedestrian",
    "people",
    "bicycle",
    "car",
    "van",
    "truck",
    "tricycle",
    "awning-tricycle",
    "bus",
    "motor",
    "others",
)
"""Category 1 is the first; `people` are those who neither stand nor walk."""
GROUPS = {
    "person": Group(("pedestrian", "people"), ("person", "pedestrian", "people")),
    "vehicle": Group(("car", "van", "truck", "bus"), ("car", "van", "truck", "bus")),
    "bicycle": Group(("bicycle",), ("bicycle",)),
    "motorcycle": Group(("motor",), ("motorcycle", "motor", "motorbike")),
}
STILL, MOVING = 8, 10
"""Columns of a picture's rows, and of a sequence's."""


class VisDrone:
    def __init__(self, root: Path) -> None:
        marks = [f"{PARTS}/{IMAGES}", f"{PARTS}/{SEQUENCES}", f"{PARTS}/{LABELS_FOLDER}", f"{LABELS_FOLDER}/*.txt"]
        self._root = find_root(NAME, root, marks, _is_ours)
        inner = [found for found in folders(self._root) if found.match(PARTS)]
        parts = [self._root] if (self._root / LABELS_FOLDER).is_dir() else inner
        self._stills = {part.name: part for part in parts if (part / IMAGES).is_dir()}
        self._sequences: dict[str, tuple[Path, Path | None]] = {}
        for part in [part for part in parts if part.name not in self._stills]:
            files = {path.stem: path for path in files_in(part / LABELS_FOLDER, ".txt")}
            named = {found.name for found in folders(part / SEQUENCES)} | files.keys()
            for name in [path.name for path in sorted_by_number(map(Path, named))]:
                # VID and MOT have the same sequences.
                shown = name if name not in self._sequences else f"{part.name}/{name}"
                self._sequences[shown] = part / SEQUENCES / name, files.get(name)

    def recordings(self) -> Sequence[str]:
        return [*self._stills, *self._sequences]

    def open(self, name: str) -> PictureRecording:
        if name in self._stills:
            return _stills(name, self._stills[name])
        if name not in self._sequences:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        folder, path = self._sequences[name]
        read = _Rows()
        if path is not None:
            read.read(path)
        # A frame without a row is one with nothing in it.
        unmentioned = None if path is None else nothing_there()
        files = () if path is None else (path,)
        return read.recording(name, pictures(folder), {}, files, unmentioned, tuple(unnumbered(folder)))


def _is_ours(match: Path) -> bool:
    """A folder by its name; a file by its first row."""
    if match.is_dir():
        return True
    try:
        with open_bytes(match) as file:
            first = file.read(BEGINNING).decode("utf-8", "replace").lstrip("\ufeff").strip().split("\n")[0]
    except (ContentWrong, OSError):
        return False
    parts = first.strip().rstrip(",").split(",")
    return len(parts) in (STILL, MOVING) and all(part.strip().lstrip("-").isdecimal() for part in parts)


def _stills(name: str, part: Path) -> PictureRecording:
    images, labelled, problems = numbered_pairs(pictures_in(part / IMAGES), files_in(part / LABELS_FOLDER, ".txt"))
    read = _Rows()
    for number, path in labelled.items():
        read.read(path, number)
    return read.recording(name, images, labelled, tuple(labelled.values()), None, problems)


@dataclass(eq=False)
class _Rows:
    """The rows of one label file or of many."""

    def __post_init__(self) -> None:
        self._lenience = Lenience()
        self._frames, self._categories, self._roles = array("q"), array("q"), array("q")
        self._ids = Ids()
        self._boxes, self._levels = Boxes(), array("f")
        self._place = Path()

    def read(self, path: Path, frame: int | None = None) -> None:
        """`frame`: whose file it is; None: the lines begin with frame and target. Raises LabelsWrong."""
        self._place = path
        if frame is not None:
            check_size(path)
        lead = 2 if frame is None else 0
        width = MOVING if frame is None else STILL
        for line, parts in rows(path, ",", self._lenience):
            if len(parts) != width:
                raise LabelsWrong(path, line, f"has {len(parts)} columns; these rows of VisDrone have {width}")
            left, top, right, bottom, score, category, truncated, occluded = numbers(path, line, parts[lead:])
            if category not in range(len(LABELS) + 1):
                raise LabelsWrong(
                    path, line, f"there is no category {parts[lead + 5]}: they go from 0 to {len(LABELS)}"
                )
            self._frames.append(frame_number(path, line, parts[0]) if frame is None else frame)
            # What is ignored has ids, too, but is no object.
            track = whole(path, line, parts[1]) if frame is None else -1
            self._ids.add(track if category else -1)
            self._boxes.add(sized_box(path, line, left, top, right, bottom))
            self._categories.append(int(category) - 1)
            self._roles.append(Role.POSITIVE if score and category else Role.REGION)
            self._levels.extend(value if value >= 0 else math.nan for value in (truncated, occluded))

    def recording(
        self,
        name: str,
        images: Mapping[int, Path],
        labelled: Mapping[int, Path],
        files: tuple[Path, ...],
        unmentioned: Truth | None,
        problems: Sequence[Problem] = (),
    ) -> PictureRecording:
        truth = self._truth()
        wanted = truth.labels[truth.of_role(Role.POSITIVE)]
        counts = np.bincount(wanted, minlength=len(LABELS)).tolist()
        present = {label: n for label, n in zip(LABELS, counts, strict=True) if n}
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=LABELS,
            groups=own_groups(GROUPS, present),
            pictures=images,
            truths=FrameTruths(np.asarray(self._frames, np.int64), truth, labelled=labelled),
            truth_files=files,
            unmentioned=unmentioned,
            film=unmentioned is not None,
            read_problems=(*self._problems(truth), *problems),
        )

    def _truth(self) -> Truth:
        levels = np.asarray(self._levels, np.float32).reshape(-1, 2)
        return Truth(
            boxes=self._boxes.array(),
            labels=np.asarray(self._categories, np.int64),
            tracks=self._ids.array(self._place, self._lenience),
            roles=np.asarray(self._roles, np.int64),
            truncated=levels[:, 0],
            occluded=levels[:, 1],
        )

    def _problems(self, truth: Truth) -> Iterator[Problem]:
        yield from self._lenience.problems()
        ignored = int((truth.of_role(Role.REGION) & (truth.labels >= 0)).sum())
        if ignored:
            what = f"{counted(ignored, 'box')} with a score of 0: found or not, they count for nothing"
            yield Problem(Severity.REMARK, what)
