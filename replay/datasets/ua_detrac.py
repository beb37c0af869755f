"""UA-DETRAC: road cameras, an XML file a sequence.

    Insight-MVT_Annotation_{Train,Test}/MVI_40201/img00001.jpg ...
    DETRAC-{Train,Test}-Annotations-XML[-v3]/MVI_40201[_v3].xml

Where a sequence has both, the finer v3 labels are taken. Boxes stay as they are: apparently counted from 1, so that
one may end a pixel beyond the picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers.expat import ErrorString

import numpy as np
from numpy.typing import NDArray

from replay.datasets.labels import LabelsWrong, by_frame, read_labels
from replay.datasets.layout import find_root, folders, pictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, from_sizes, joined

NAME = "ua-detrac"
FPS = 25.0
PICTURES = "Insight-MVT_Annotation_*"
LABELS = "DETRAC-*-Annotations-XML*"

COCO_VEHICLES = ("car", "bus", "truck")
IN_FRONT = "1"
"""An occlusion_status: this vehicle hides the other. 0: it is behind the other; -1: it is behind something else."""


class UaDetrac:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, (PICTURES, LABELS))
        self._pictures = {found.name: found for half in self._root.glob(PICTURES) for found in folders(half)}
        # Sorted, so that "..._v3.xml" of "...-XML-v3" comes last and wins.
        files = sorted(self._root.glob(f"{LABELS}/*.xml"))
        self._labels = {path.stem.removesuffix("_v3"): path for path in files if not path.name.startswith(".")}

    def recordings(self) -> Sequence[str]:
        return sorted(self._pictures.keys() | self._labels.keys())

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
            groups={"vehicle": Group(labels.types, COCO_VEHICLES)},
            pictures=pictures(folder) if folder else {},
            truths=labels.truths,
            truth_files=(path,) if path else (),
            unmentioned=labels.unmentioned,
            read_problems=labels.problems,
        )


@dataclass(frozen=True, slots=True)
class _Labels:
    types: tuple[str, ...] = ()
    truths: dict[int, Truth] = field(default_factory=dict)
    unmentioned: Truth | None = None
    problems: tuple[Problem, ...] = ()


def _read(path: Path, name: str) -> _Labels:
    try:
        sequence = ET.fromstring(read_labels(path))
    except ET.ParseError as error:
        raise LabelsWrong(path, error.position[0], f"is not whole XML: {ErrorString(error.code)}") from error
    if sequence.tag != "sequence":
        raise LabelsWrong(path, 0, f"holds a <{sequence.tag}>, not a <sequence>")
    try:
        frames = _frames(sequence)
        regions = from_sizes(np.array([_box(box) for box in sequence.iterfind("ignored_region/box")]))
        targets = [_Target.of(number, target) for number, frame in frames.items() for target in frame.iter("target")]
    except KeyError as error:
        raise LabelsWrong(path, 0, f"an element lacks its attribute {error}") from error
    except ValueError as error:
        raise LabelsWrong(path, 0, str(error)) from error
    types = tuple(sorted({target.type for target in targets}))
    listed = by_frame(np.array([target.frame for target in targets], np.int64), _rows(targets, types))
    # The regions hold throughout; a frame with no target, or with no element at all, is a frame with nothing else.
    empty = _regions(regions)
    return _Labels(
        types=types,
        truths=dict.fromkeys(frames, empty) | {number: joined([truth, empty]) for number, truth in listed.items()},
        unmentioned=empty,
        problems=tuple(_problems(sequence, frames, name)),
    )


def _frames(sequence: ET.Element) -> dict[int, ET.Element]:
    frames: dict[int, ET.Element] = {}
    for frame in sequence.iterfind("frame"):
        number = int(frame.attrib["num"])
        if number in frames:
            raise ValueError(f"frame {number} stands there twice")
        frames[number] = frame
    return frames


@dataclass(frozen=True, slots=True)
class _Target:
    frame: int
    track: int
    box: tuple[float, float, float, float]
    """left, top, width, height"""
    type: str
    truncated: float
    occluded: float

    @classmethod
    def of(cls, frame: int, target: ET.Element) -> "_Target":
        box, attribute = target.find("box"), target.find("attribute")
        if box is None or attribute is None:
            raise ValueError(f"target {target.get('id')} of frame {frame} has no box or no attribute")
        left, top, width, height = _box(box)
        hidden = sum(
            float(part.attrib["width"]) * float(part.attrib["height"])
            for part in target.iterfind("occlusion/region_overlap")
            if part.get("occlusion_status") != IN_FRONT
        )
        return cls(
            frame=frame,
            track=int(target.attrib["id"]),
            box=(left, top, width, height),
            type=attribute.attrib["vehicle_type"],
            truncated=float(attribute.get("truncation_ratio", "nan")),
            occluded=min(1.0, hidden / (width * height)) if hidden else 0.0,
        )


def _box(box: ET.Element) -> tuple[float, float, float, float]:
    left, top, width, height = (float(box.attrib[key]) for key in ("left", "top", "width", "height"))
    return left, top, width, height


def _regions(boxes: NDArray[np.float64]) -> Truth:
    none = np.full(len(boxes), -1)
    return Truth(boxes, none, none, np.full(len(boxes), int(Role.REGION)))


def _rows(targets: Sequence[_Target], types: tuple[str, ...]) -> Truth:
    index = {kind: i for i, kind in enumerate(types)}
    return Truth(
        boxes=from_sizes(np.array([target.box for target in targets])),
        labels=np.array([index[target.type] for target in targets], np.int64),
        tracks=np.array([target.track for target in targets], np.int64),
        roles=np.full(len(targets), int(Role.POSITIVE)),
        truncated=np.array([target.truncated for target in targets], np.float32),
        occluded=np.array([target.occluded for target in targets], np.float32),
    )


def _problems(sequence: ET.Element, frames: Mapping[int, ET.Element], name: str) -> Iterator[Problem]:
    if sequence.get("name", name) != name:
        yield Problem(Severity.UNSOUND, f"the labels say that they are of {sequence.get('name')}")
    miscounted = [
        number
        for number, frame in frames.items()
        if frame.get("density") not in (None, str(sum(1 for _ in frame.iter("target"))))
    ]
    if miscounted:
        frames_told = counted(len(miscounted), "frame")
        what = f"{frames_told} with another number of targets than the density says, frame {miscounted[0]} first"
        yield Problem(Severity.REMARK, what)
