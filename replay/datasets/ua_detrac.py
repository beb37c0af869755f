"""UA-DETRAC: road cameras, an XML file a sequence.

    Insight-MVT_Annotation_{Train,Test}/MVI_40201/img00001.jpg ...
    DETRAC-{Train,Test}-Annotations-XML[-v3]/MVI_40201[_v3].xml

Where a sequence has both, the finer v3 labels are taken. Boxes stay as they are: apparently counted from 1, so that
one may end a pixel beyond the picture.
"""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import own_groups, own_problems, words_for
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import Boxes, Ids, LabelsWrong, Lenience, frame_number, sized_box, whole
from replay.datasets.layout import files_in, find_root, folders, pictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant
from sensors.outside import ContentWrong
from sensors.outside_xml import Node, XmlFile
from sensors.sources.folder import by_number

NAME = "ua-detrac"
FPS = 25.0
PICTURES = "Insight-MVT_Annotation_*"
LABELS = "DETRAC-*-Annotations-XML*"

COCO_VEHICLES = ("car", "bus", "truck")
NO_VEHICLES = {"person", "bicycle"}
"""COCO's words for types that somebody added to the makers' own, all of which are vehicles."""
IN_FRONT = "1"
"""An occlusion_status: this vehicle hides the other. 0: it is behind the other; -1: it is behind something else."""


class UaDetrac:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, (PICTURES, LABELS))
        self._pictures = {found.name: found for half in self._root.glob(PICTURES) for found in folders(half)}
        # Sorted, so that "..._v3.xml" of "...-XML-v3" comes last and wins.
        files = sorted(path for folder in self._root.glob(LABELS) for path in files_in(folder, ".xml"))
        self._labels = {path.stem.removesuffix("_v3"): path for path in files}

    def recordings(self) -> Sequence[str]:
        names = (Path(name) for name in self._pictures.keys() | self._labels.keys())
        return [path.name for path in sorted(names, key=by_number)]

    def open(self, name: str) -> PictureRecording:
        if name not in self.recordings():
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        folder, path = self._pictures.get(name), self._labels.get(name)
        labels = _read(path, name) if path else _Labels()
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=labels.types,
            groups=labels.groups,
            pictures=pictures(folder) if folder else {},
            folder=folder,
            truths=labels.truths,
            truth_files=(path,) if path else (),
            unmentioned=labels.unmentioned,
            read_problems=labels.problems,
        )


@dataclass(frozen=True, slots=True)
class _Labels:
    types: tuple[str, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=lambda: {"vehicle": Group((), COCO_VEHICLES)})
    truths: Mapping[int, Truth] = field(default_factory=dict)
    unmentioned: Truth | None = None
    problems: tuple[Problem, ...] = ()


def _read(path: Path, name: str) -> _Labels:
    """Raises LabelsWrong."""
    read = _Targets(path)
    try:
        file = XmlFile(path)
        if file.root.tag != "sequence":
            raise ContentWrong(f"holds a <{file.root.tag}>, not a <sequence>", file.root.line)
        for element in file.children():
            if element.tag == "frame":
                read.add_frame(element)
            elif element.tag == "ignored_region":
                for box in element.all("box"):
                    read.regions.add(_box(path, box))
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, error.what) from error
    if file.encoding_remark:
        read.lenience.note(file.encoding_remark, path)
    return read.labels(file.root.attributes.get("name", name), name)


class _Targets:
    """The targets of all frames while they are being read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lenience = Lenience()
        self.regions, self._boxes = Boxes(), Boxes()
        self._numbers: dict[int, int] = {}
        """Of each frame that is mentioned, its line."""
        self._frames, self._types = array("q"), array("q")
        self._ids = Ids()
        self._truncated, self._occluded = array("f"), array("f")
        self._type_places: dict[str, int] = {}
        self._miscounted: list[int] = []

    def add_frame(self, frame: Node) -> None:
        """Raises ContentWrong or LabelsWrong."""
        number = frame_number(self._path, frame.line, frame.attribute("num"))
        if number in self._numbers:
            raise ContentWrong(f"frame {number} stands there twice", frame.line)
        self._numbers[number] = frame.line
        targets = [*frame.all("target_list", "target"), *frame.all("target")]
        for target in targets:
            self._add(number, target)
        if frame.attributes.get("density", "") not in ("", str(len(targets))):
            self._miscounted.append(number)

    def _add(self, number: int, target: Node) -> None:
        box, attribute = next(target.all("box"), None), next(target.all("attribute"), None)
        if box is None or attribute is None:
            what = f"target {target.attributes.get('id')} of frame {number} has no box or no attribute"
            raise ContentWrong(what, target.line)
        left, top, right, bottom = _box(self._path, box)
        area = (right - left) * (bottom - top)
        hidden = sum(
            part.number("width") * part.number("height")
            for part in target.all("occlusion", "region_overlap")
            if part.attributes.get("occlusion_status") != IN_FRONT
        )
        kind = attribute.attribute("vehicle_type")
        self._frames.append(number)
        self._ids.add(whole(self._path, target.line, target.attribute("id")))
        self._boxes.add((left, top, right, bottom))
        self._types.append(self._type_places.setdefault(kind, len(self._type_places)))
        told = "truncation_ratio" in attribute.attributes
        self._truncated.append(attribute.number("truncation_ratio") if told else math.nan)
        self._occluded.append(min(1.0, hidden / area) if hidden > 0 and area > 0 else 0.0)

    def labels(self, told: str, name: str) -> _Labels:
        """`told`: the sequence's name as the file has it."""
        types = tuple(sorted(self._type_places))
        place = np.array([types.index(kind) for kind in self._type_places], np.int64)
        kinds = place[np.array(self._types, np.int64)]
        rows = Truth(
            boxes=self._boxes.array(),
            labels=kinds,
            tracks=self._ids.array(self._path, self.lenience),
            roles=constant(Role.POSITIVE, len(self._ids)),
            truncated=np.array(self._truncated, np.float32),
            occluded=np.array(self._occluded, np.float32),
        )
        counts = np.bincount(kinds, minlength=len(types)).tolist()
        present = dict(zip(types, counts, strict=True))
        vehicles = tuple(kind for kind in types if not NO_VEHICLES & set(words_for(kind)))
        groups = own_groups({"vehicle": Group(vehicles, COCO_VEHICLES)}, present)
        # The regions hold throughout; a frame with no target, or with no element at all, is a frame with nothing else.
        empty = _regions(self.regions.array())
        return _Labels(
            types=types,
            groups=groups,
            truths=FrameTruths(np.asarray(self._frames, np.int64), rows, labelled=self._numbers, always=empty),
            unmentioned=empty,
            problems=(*self._problems(told, name), *self.lenience.problems(), *own_problems(groups, present)),
        )

    def _problems(self, told: str, name: str) -> Iterator[Problem]:
        if told != name:
            yield Problem(Severity.UNSOUND, f"the labels say that they are of {told}")
        if self._miscounted:
            frames = counted(len(self._miscounted), "frame")
            what = f"{frames} with another number of targets than the density says, frame {self._miscounted[0]} first"
            yield Problem(Severity.REMARK, what)


def _box(path: Path, box: Node) -> tuple[float, ...]:
    left, top, width, height = (box.number(key) for key in ("left", "top", "width", "height"))
    return sized_box(path, box.line, left, top, width, height)


def _regions(boxes: NDArray[np.float64]) -> Truth:
    none = np.full(len(boxes), -1)
    return Truth(boxes, none, none, np.full(len(boxes), int(Role.REGION)))
