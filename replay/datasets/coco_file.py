"""An `instances` file of COCO as frames, by its makers or as labelling tools export it."""

import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from replay.datasets.coco_instances import (
    WHAT,
    Annotation,
    Id,
    Image,
    Instances,
    InstancesFile,
    LargeInstances,
)
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    MOST_SHOWN,
    MOST_VALUE,
    MOST_WHOLE,
    Boxes,
    LabelsWrong,
    Lenience,
    Loose,
    as_float,
    sized_box,
)
from replay.datasets.soundness import counted
from replay.recording import Problem, Severity
from replay.truth import Role, Truth, constant
from sensors.outside import ContentWrong
from sensors.outside_json import json_elements, json_parts

NOTHING = ("", "none", "null", "nan")
MOST_EDGE = MOST_VALUE / 2
NO = (*NOTHING, "0", "false", "no")


_LAST_DIGITS = re.compile(r"([0-9]+)$")


@dataclass(eq=False)
class CocoFile:
    """An instances file as frames; raises LabelsWrong."""

    path: Path
    file: Instances | InstancesFile | LargeInstances
    video_frames: int | None = None
    """How many the video has that the images are frames of; None: they are pictures of their own."""
    lenience: Lenience = field(default_factory=Lenience)

    def __post_init__(self) -> None:
        images = self._by_id([(image.id, image.file_name) for image in self.file.images], "image")
        kinds = self._by_id([(kind.id, kind.name) for kind in self.file.categories], "category")
        frames = self._numbered if self.video_frames is None else self._video_numbered
        self._numbers = frames(list(images))
        self.names = {self._numbers[key]: images[key] for key in sorted(images, key=self._numbers.__getitem__)}
        order = sorted(kinds, key=lambda key: (isinstance(key, str), key))
        self.labels = tuple(dict.fromkeys(kinds[key] for key in order))
        place = {name: number for number, name in enumerate(self.labels)}
        self._kinds = {key: place[name] for key, name in kinds.items()}
        self.sizes = dict(self._sizes())
        self._strange = 0
        self._used: set[int | str] = set()
        """The categories of the annotations."""
        self._truths = self._read()

    @property
    def scored(self) -> tuple[str, ...]:
        """The labels without a heading: a category without annotations which is nothing but the others' own kind."""
        above = {kind.supercategory for kind in self.file.categories}
        idle = [kind.name for kind in self.file.categories if self._key(kind.id, "category") not in self._used]
        headings = {name for name in idle if name in above}
        return tuple(label for label in self.labels if label not in headings)

    def truths(self) -> Mapping[int, Truth]:
        return self._truths

    def frame_of(self, image_id: Id) -> int | None:
        """An image's number among `names`; None for one that isn't listed."""
        return self._numbers.get(self._key(image_id, "image"))

    def label_of(self, category_id: Id) -> int | None:
        """A category's place in `labels`."""
        return self._kinds.get(self._key(category_id, "category"))

    @property
    def problems(self) -> Iterator[Problem]:
        if self._strange:
            what = f"{counted(self._strange, 'annotation')} of images that the file doesn't list"
            yield Problem(Severity.UNSOUND, what)
        yield from self.lenience.problems()

    def _by_id(self, rows: Sequence[tuple[Id, str]], what: str) -> dict[int | str, str]:
        found: dict[int | str, str] = {}
        for value, name in rows:
            key = self._key(value, what)
            if key in found:
                raise LabelsWrong(self.path, f"{what} {key}", f"stands there twice: {found[key]} and {name}")
            found[key] = name
        return found

    def _key(self, value: Id, what: str) -> int | str:
        """An id: 7, 7.0 and "7" are one."""
        if isinstance(value, int):
            return value
        if isinstance(value, float) and value.is_integer():
            self.lenience.note("ids are written as floats", self.path)
            return int(value)
        if isinstance(value, str) and value.isdecimal() and len(value) < MOST_SHOWN:
            self.lenience.note("ids are written as text", self.path)
            return int(value)
        if isinstance(value, str):
            return value
        raise LabelsWrong(self.path, f"{what} {value}", "its id is no whole number")

    def _numbered(self, keys: Sequence[int | str]) -> dict[int | str, int]:
        """The frame number of each image: its id, or where one can't be a number, its place in the file."""
        if all(isinstance(key, int) and 0 <= key <= MOST_WHOLE for key in keys):
            return {key: int(key) for key in keys}
        self.lenience.note("image ids that are no numbers, or too long for one, are counted anew from 1", self.path)
        return {key: place for place, key in enumerate(keys, 1)}

    def _video_numbered(self, keys: Sequence[int | str]) -> dict[int | str, int]:
        """Each image's place in the video: its own frame number, or the number that its name ends in; or its id."""
        told = [_frame_of(image) for image in self.file.images]
        if any(number is None for number in told) or len(set(told)) < len(told):
            told = list(self._numbered(keys).values())
        places = [number for number in told if number is not None]
        if places and min(places) > 0 and max(places) == self.video_frames:
            self.lenience.note("frames that are counted from 1", self.path)
            places = [number - 1 for number in places]
        return dict(zip(keys, places, strict=True))

    def _sizes(self) -> Iterator[tuple[int, tuple[int, int]]]:
        for image in self.file.images:
            at = f"image {str(image.id)[:MOST_SHOWN]}"
            values = [self._number(value, at) for value in (image.width, image.height)]
            if any(value < 0 or value > MOST_VALUE for value in values):
                raise LabelsWrong(self.path, at, f"there is no picture of {values[0]:g}x{values[1]:g}")
            if all(value > 0 for value in values):
                yield self._numbers[self._key(image.id, "image")], (int(values[0]), int(values[1]))

    def _number(self, value: Loose, at: str) -> float:
        """NaN for null, or for nothing."""
        if isinstance(value, str):
            self.lenience.note("numbers are written as text", self.path, at)
            try:
                return float("nan") if value.strip().lower() in NOTHING else float(value)
            except ValueError:
                raise LabelsWrong(self.path, at, f"{value[:MOST_SHOWN]!r} is no number") from None
        return as_float(value)

    def _read(self) -> Mapping[int, Truth]:
        frames, labels, crowds = array("q"), array("q"), array("b")
        boxes, areas = Boxes(), array("d")
        # Few ids stand in many rows: each is looked at once.
        kinds: dict[Id, int] = {}
        numbers: dict[Id, int] = {}
        for place, row in enumerate(self._rows()):
            if (kind := kinds.get(row.category_id)) is None:
                kind = kinds[row.category_id] = self._kind(row.category_id, row, place)
            if (number := numbers.get(row.image_id)) is None:
                number = numbers[row.image_id] = self._frame(row.image_id)
            box = self._box(row, place)
            if number < 0:
                self._strange += 1
                continue
            frames.append(number)
            labels.append(kind)
            boxes.add(box)
            areas.append(self._area(row, place))
            crowds.append(self._is_crowd(row, place))
        marks = np.asarray(crowds, np.bool_)
        truth = Truth(
            boxes=boxes.array(),
            labels=np.asarray(labels, np.int64),
            tracks=constant(-1, len(labels)),
            roles=np.where(marks, int(Role.REGION), int(Role.POSITIVE))
            if marks.any()
            else constant(Role.POSITIVE, len(labels)),
            areas=np.asarray(areas, np.float64),
        )
        return FrameTruths(np.asarray(frames, np.int64), truth, labelled=self.names)

    def _rows(self) -> Iterator[Annotation]:
        if isinstance(self.file, Instances):
            yield from self.file.annotations
            return
        try:
            if isinstance(self.file, LargeInstances):
                yield from json_elements(self.path, Annotation, "annotations")
            else:
                yield from json_parts(memoryview(self.file.annotations), Annotation)
        except ContentWrong as error:
            what = error.what.replace("$[", "$.annotations[", 1)
            raise LabelsWrong(self.path, error.line, f"is not {WHAT}: {what}") from error

    def _at(self, row: Annotation, place: int) -> str:
        return f"annotation {place if row.id is None else str(row.id)[:MOST_SHOWN]}"

    def _kind(self, value: Id, row: Annotation, place: int) -> int:
        key = self._key(value, "category")
        self._used.add(key)
        kind = self._kinds.get(key)
        if kind is None:
            raise LabelsWrong(self.path, self._at(row, place), f"there is no category {key}")
        return kind

    def _frame(self, value: Id) -> int:
        """-1 for an image that isn't listed."""
        return self._numbers.get(self._key(value, "image"), -1)

    def _box(self, row: Annotation, place: int) -> Sequence[float]:
        """Corners; raises LabelsWrong."""
        plain: Any = row.bbox
        try:
            left, top, width, height = array("d", plain)
        except (TypeError, OverflowError):  # null, a text, or hundreds of digits
            left, top, width, height = (self._number(value, self._at(row, place)) for value in row.bbox)
        if 0 <= width <= MOST_EDGE and 0 <= height <= MOST_EDGE and abs(left) <= MOST_EDGE and abs(top) <= MOST_EDGE:
            return left, top, left + width, top + height
        return sized_box(self.path, self._at(row, place), left, top, width, height)

    def _area(self, row: Annotation, place: int) -> float:
        """NaN where it isn't told, or can't be."""
        area = row.area
        if area is None:
            return math.nan
        value = float(area) if type(area) is float else self._number(area, self._at(row, place))
        return value if 0 <= value <= MOST_VALUE else math.nan

    def _is_crowd(self, row: Annotation, place: int) -> bool:
        value = row.iscrowd
        if value is None or type(value) is int:
            return bool(value)
        self.lenience.note("iscrowd is written as true and false, or as text", self.path, self._at(row, place))
        return value.strip().lower() not in NO if isinstance(value, str) else bool(value)


def _frame_of(image: Image) -> int | None:
    """None where nothing tells it."""
    for said in (image.frame_index, image.frame_id):
        if isinstance(said, int) and 0 <= said <= MOST_WHOLE:
            return said
    digits = _LAST_DIGITS.search(image.file_name.rpartition(".")[0] or image.file_name)
    return int(digits[1]) if digits and len(digits[1]) < 19 else None
