"""BDD100K: a vehicle's camera; the labels of 2020 for detection (stills) and tracking (drives, five frames a second).

images/100k/{train,val,test}/b1c66a42-6f7d68ca.jpg ...    labels/det_20/det_{train,val}.json
images/track/{train,val}/VIDEO/VIDEO-0000001.jpg ...      labels/box_track_20/{train,val}/VIDEO.json

The stills' labels of 2018 are read, too: one file of a split, or labels/100k/{train,val}/b1c66a42-6f7d68ca.json ...

Makers: https://github.com/bdd100k/bdd100k. Label files have a gigabyte: they are read a frame at a time.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import Boxes, Ids, LabelsWrong, Lenience, Loose, cornered_box, loose_numbers
from replay.datasets.layout import files_in, find_root, folders, numbered_or_counted, pictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.spelling import spelling
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.outside_json import json_elements
from sensors.sources.folder import pictures_in

NAME = "bdd100k"
TRACK_FPS = 5.0
STILLS, DRIVES = "images/100k", "images/track"
STILL_LABELS, DRIVE_LABELS = "labels/det_20", "labels/box_track_20"
SPLITS = ("train", "val", "test")
FORMER = "labels/bdd100k_labels_images_{}.json"
"""Of 2018, in the same form."""
SINGLE_LABELS = "labels/100k"
"""Likewise, a file for each picture."""

MOST_BYTES = 2**24
"""Of a picture's own file: lanes and areas have many points."""

IGNORED = {"other person": "pedestrian", "other vehicle": "car", "trailer": "truck"}
"""Categories that the makers' evaluation leaves out, and whose found boxes each of them takes."""


class Bdd100k:
    def __init__(self, root: Path) -> None:
        marks = (STILLS, DRIVES, STILL_LABELS, DRIVE_LABELS, SINGLE_LABELS)
        self._root = find_root(NAME, root, marks)
        self._stills = {split: self._still_labels(split) for split in SPLITS if self._has_stills(split)}
        self._drives: dict[str, tuple[Path, Path | None]] = {}
        for split in SPLITS:
            images, labels = self._root / DRIVES / split, self._root / DRIVE_LABELS / split
            files = {path.stem: path for path in files_in(labels, ".json")}
            names = dict.fromkeys([*(folder.name for folder in folders(images)), *files])
            self._drives |= {name: (images / name, files.get(name)) for name in names}

    def recordings(self) -> Sequence[str]:
        return [*self._stills, *self._drives]

    def open(self, name: str) -> PictureRecording:
        if name in self._drives:
            folder, path = self._drives[name]
            return self._opened(name, pictures(folder), path, TRACK_FPS)
        if name not in self._stills:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        folder = self._root / STILLS / name
        found = numbered_or_counted(pictures_in(folder)) if folder.is_dir() else {}
        return self._opened(name, found, self._stills[name], float("nan"))

    def _has_stills(self, split: str) -> bool:
        return (self._root / STILLS / split).is_dir() or self._still_labels(split) is not None

    def _still_labels(self, split: str) -> Path | None:
        places = (self._root / STILL_LABELS / f"det_{split}.json", self._root / FORMER.format(split))
        whole = next((path for path in places if path.is_file()), None)
        single = self._root / SINGLE_LABELS / split
        return single if whole is None and files_in(single, ".json") else whole

    def _opened(self, name: str, found: Mapping[int, Path], path: Path | None, fps: float) -> PictureRecording:
        film = fps == fps
        read = _Objects(path, found, tracked=film) if path else None
        names = read.labels if read else ()
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=fps,
            labels=names,
            groups=_groups(names),
            pictures=found,
            truths=read.truths() if read else {},
            truth_files=read.files if read else (),
            film=film,
            folder=self._drives[name][0] if film else None,
            read_problems=tuple(read.problems()) if read else (),
        )


def _groups(labels: Sequence[str]) -> dict[str, Group]:
    groups = groups_of([label for label in labels if label not in IGNORED])
    for label, of in IGNORED.items():
        if label in labels and of in groups:
            groups[of] = Group((*groups[of].truth, label), groups[of].found)
    return groups


class _Box(msgspec.Struct):
    x1: Loose
    y1: Loose
    x2: Loose
    y2: Loose


class _Label(msgspec.Struct):
    category: str
    id: Loose = None
    box2d: _Box | None = None
    """None: a lane or an area."""
    attributes: dict[str, Any] | None = None

    def is_(self, what: str) -> bool | None:
        """None where nothing is said. The labels of the two tasks differ in their capitals."""
        said = self.attributes or {}
        value = said.get(what, said.get(what.capitalize()))
        return value if isinstance(value, bool) else None


class _Frame(msgspec.Struct):
    name: str
    labels: list[_Label] | None = None


class _Objects2018(msgspec.Struct):
    objects: list[_Label]


class _Picture(msgspec.Struct):
    """A file of its own; `name` is the picture's without its ending."""

    name: str
    frames: list[_Objects2018]


@dataclass(eq=False)
class _Objects:
    """The objects of a label file, or of a folder of one for each picture; raises LabelsWrong."""

    path: Path
    """The file; of a folder, the one that is being read."""
    pictures: Mapping[int, Path]
    tracked: bool

    def __post_init__(self) -> None:
        self._lenience = Lenience()
        names = [path.name for path in self.pictures.values()]
        self._key = spelling(names)
        self._numbers = {self._key(name): number for number, name in zip(self.pictures, names, strict=True)}
        self._seen: set[str] = set()
        self._absent: list[str] = []
        self._kinds: dict[str, int] = {}
        self._ids = Ids()
        self._frames, self._labels, self._roles = array("q"), array("q"), array("q")
        self._boxes, self._truncated, self._occluded = Boxes(), array("f"), array("f")
        single = self.path.is_dir()
        self.files = tuple(files_in(self.path, ".json")) if single else (self.path,)
        named = {Path(name).stem: name for name in names}
        for path in self.files:
            self.path = path
            try:
                for frame in self._pictures(named) if single else json_elements(path, _Frame, "frames"):
                    self._add(frame)
            except ContentWrong as error:
                raise LabelsWrong(path, error.line, f"is not BDD100K's labels: {error.what}") from error
        if self.pictures and not self._seen:
            raise LabelsWrong(self.path, 0, "lists no picture, and there are some")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted(self._kinds))

    def truths(self) -> FrameTruths:
        known = {kind: number for number, kind in enumerate(self.labels)}
        place = np.array([known[kind] for kind in self._kinds], np.int64)
        rows = Truth(
            boxes=self._boxes.array(),
            labels=place[np.asarray(self._labels, np.int64)],
            tracks=self._ids.array(self.path, self._lenience),
            roles=np.asarray(self._roles, np.int64),
            truncated=np.asarray(self._truncated, np.float32),
            occluded=np.asarray(self._occluded, np.float32),
        )
        labelled = [self._numbers[name] for name in self._seen & self._numbers.keys()]
        return FrameTruths(np.asarray(self._frames, np.int64), rows, labelled=labelled)

    def problems(self) -> Iterator[Problem]:
        yield from self._lenience.problems()
        if self._absent:
            what = f"{counted(len(self._absent), 'labelled frame')} without a picture: {self._absent[0][:80]} first"
            yield Problem(Severity.UNSOUND, what)

    def _pictures(self, named: Mapping[str, str]) -> Iterator[_Frame]:
        """What a picture's own file says."""
        said = json_of(read_bytes(self.path, MOST_BYTES), _Picture, nan_as_null=True)
        yield _Frame(named.get(self.path.stem, said.name), [one for frame in said.frames for one in frame.objects])

    def _add(self, frame: _Frame) -> None:
        name = self._key(frame.name)
        if name in self._seen:
            raise LabelsWrong(self.path, f"frame {frame.name[:80]}", "stands there twice")
        self._seen.add(name)
        number = self._numbers.get(name)
        if number is None:
            self._absent.append(frame.name)
            return
        for label in frame.labels or ():
            if label.box2d is None:
                continue
            box = label.box2d
            at = f"frame {frame.name[:80]}"
            corners = loose_numbers(self.path, at, (box.x1, box.y1, box.x2, box.y2), self._lenience)
            self._boxes.add(cornered_box(self.path, at, corners))
            self._frames.append(number)
            self._labels.append(self._kinds.setdefault(label.category, len(self._kinds)))
            region = label.is_("crowd") or label.category in IGNORED
            self._roles.append(int(Role.REGION) if region else int(Role.POSITIVE))
            self._ids.add(_number(label.id) if self.tracked else -1)
            self._truncated.append(_flag(label.is_("truncated")))
            self._occluded.append(_flag(label.is_("occluded")))


def _number(track: Loose) -> int | str:
    """The makers write them as text; data frames make floats of them."""
    if track is None:
        return -1
    if isinstance(track, float):
        return int(track) if track.is_integer() else str(track)
    return int(track) if isinstance(track, str) and track.isdecimal() and len(track) < 19 else track


def _flag(said: bool | None) -> float:
    return float("nan") if said is None else float(said)
