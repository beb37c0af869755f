"""An `instances` file of COCO as frames, by its makers or as labelling tools export it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_SHOWN, MOST_VALUE, MOST_WHOLE, LabelsWrong, Lenience, Loose, as_float, sized_box
from replay.datasets.soundness import counted
from replay.recording import Problem, Severity
from replay.truth import Role, Truth, constant, from_sizes

NOTHING = ("", "none", "null", "nan")
NO = (*NOTHING, "0", "false", "no")

Id: TypeAlias = int | float | str

_LAST_DIGITS = re.compile(r"([0-9]+)$")


class Image(msgspec.Struct):
    id: Id
    file_name: str
    width: Loose = None
    height: Loose = None
    frame_id: Loose = None
    frame_index: Loose = None
    """Of a video."""


class _Annotation(msgspec.Struct):
    image_id: Id
    category_id: Id
    bbox: tuple[Loose, Loose, Loose, Loose]
    id: Loose = None
    area: Loose = None
    iscrowd: bool | Loose = None


class _Category(msgspec.Struct):
    id: Id
    name: str
    supercategory: str | None = None


class Instances(msgspec.Struct):
    images: list[Image]
    categories: list[_Category]
    annotations: list[_Annotation]


@dataclass(eq=False)
class CocoFile:
    """An instances file as frames; raises LabelsWrong."""

    path: Path
    file: Instances
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
        self._truths = self._read()

    @property
    def scored(self) -> tuple[str, ...]:
        """The labels without a heading: a category without annotations which is nothing but the others' own kind."""
        used = {row.category_id for row in self.file.annotations}
        above = {kind.supercategory for kind in self.file.categories}
        headings = {kind.name for kind in self.file.categories if kind.id not in used and kind.name in above}
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
        rows = self.file.annotations
        # Few ids stand in many rows: each is looked at once.
        kinds = {value: self._kind(value, row) for row, value in self._first(lambda row: row.category_id)}
        frames = {value: self._frame(value) for _, value in self._first(lambda row: row.image_id)}
        boxes = self._columns([row.bbox for row in rows])
        areas = self._columns([(row.area,) for row in rows])[:, 0]
        bad = ~np.all(np.abs(boxes) <= MOST_VALUE, axis=1) | np.any(boxes[:, 2:] < 0, axis=1)
        for place in np.flatnonzero(bad).tolist():
            sized_box(self.path, self._at(place), *boxes[place].tolist())
        every = np.array([frames[row.image_id] for row in rows], np.int64)
        crowds = np.array([self._is_crowd(row, place) for place, row in enumerate(rows)], np.bool_)
        truth = Truth(
            boxes=from_sizes(boxes),
            labels=np.array([kinds[row.category_id] for row in rows], np.int64),
            tracks=constant(-1, len(rows)),
            roles=np.where(crowds, int(Role.REGION), int(Role.POSITIVE)),
            areas=np.where((areas >= 0) & (areas <= MOST_VALUE), areas, np.nan),
        )
        listed = every >= 0
        self._strange = int((~listed).sum())
        return FrameTruths(every[listed], truth.pick(listed) if self._strange else truth, labelled=self.names)

    def _at(self, place: int) -> str:
        told = self.file.annotations[place].id
        return f"annotation {place if told is None else told}"

    def _first(self, of: Callable[[_Annotation], Id]) -> Iterator[tuple[int, Id]]:
        """Every different value of a column, with the row where it stands first."""
        seen: set[Id] = set()
        for place, row in enumerate(self.file.annotations):
            if (value := of(row)) not in seen:
                seen.add(value)
                yield place, value

    def _kind(self, value: Id, place: int) -> int:
        kind = self._kinds.get(key := self._key(value, "category"))
        if kind is None:
            raise LabelsWrong(self.path, self._at(place), f"there is no category {key}")
        return kind

    def _frame(self, value: Id) -> int:
        """-1 for an image that isn't listed."""
        return self._numbers.get(self._key(value, "image"), -1)

    def _columns(self, rows: Sequence[Sequence[Loose]]) -> NDArray[np.float64]:
        """(N, columns): numbers, NaN for null; raises LabelsWrong."""
        plain = not any(isinstance(value, str) for row in rows for value in row)
        try:
            values = np.array(rows if plain else [], np.float64)
        except OverflowError:
            plain = False
        if not plain:
            read = [[self._number(value, self._at(place)) for value in row] for place, row in enumerate(rows)]
            values = np.array(read, np.float64)
        return values.reshape(len(rows), -1) if len(rows) else values.reshape(0, 4)

    def _is_crowd(self, row: _Annotation, place: int) -> bool:
        value = row.iscrowd
        if value is None or type(value) is int:
            return bool(value)
        self.lenience.note("iscrowd is written as true and false, or as text", self.path, self._at(place))
        return value.strip().lower() not in NO if isinstance(value, str) else bool(value)


def _frame_of(image: Image) -> int | None:
    """None where nothing tells it."""
    for said in (image.frame_index, image.frame_id):
        if isinstance(said, int) and 0 <= said <= MOST_WHOLE:
            return said
    digits = _LAST_DIGITS.search(image.file_name.rpartition(".")[0] or image.file_name)
    return int(digits[1]) if digits and len(digits[1]) < 19 else None
