"""COCO: stills with an `instances` file, by its makers or as labelling tools export it.

annotations/instances_val2017.json
val2017/000000000139.jpg ...      (or images/val2017/..., or images/...)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_SHOWN, MOST_VALUE, MOST_WHOLE, LabelsWrong, Lenience, json_labels, sized_box
from replay.datasets.layout import files_in, find_root
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, from_sizes
from sensors.sources.folder import sorted_by_number

NAME = "coco"
PREFIX = "instances_"
FPS = float("nan")
"""Stills have no rate."""
NOTHING = ("", "none", "null", "nan")
NO = (*NOTHING, "0", "false", "no")

Id: TypeAlias = int | float | str
Loose: TypeAlias = int | float | str | None
"""A number as tools write it."""


class Coco:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, (f"annotations/{PREFIX}*.json",))
        files = files_in(self._root / "annotations", ".json")
        named = {path.stem.removeprefix(PREFIX): path for path in files if path.name.startswith(PREFIX)}
        self._labels = {path.name: named[path.name] for path in sorted_by_number(map(Path, named))}

    def recordings(self) -> Sequence[str]:
        return list(self._labels)

    def open(self, name: str) -> PictureRecording:
        if name not in self._labels:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        path = self._labels[name]
        content = _Content(path, json_labels(path, _Instances, "a COCO instances file"))
        images = self._root / "images"
        listed = ListedPictures(content.names, (self._root / name, images / name, images, self._root))
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=content.labels,
            groups=groups_of(content.labels),
            pictures=listed.found,
            truths=content.truths(),
            truth_files=(path,),
            film=False,
            promised_sizes=content.sizes,
            read_problems=(*content.problems, *listed.problems()),
        )


class _Image(msgspec.Struct):
    id: Id
    file_name: str
    width: Loose = None
    height: Loose = None


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


class _Instances(msgspec.Struct):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


@dataclass(eq=False)
class _Content:
    """An instances file as frames; raises LabelsWrong."""

    path: Path
    file: _Instances
    lenience: Lenience = field(default_factory=Lenience)

    def __post_init__(self) -> None:
        images = self._by_id([(image.id, image.file_name) for image in self.file.images], "image")
        kinds = self._by_id([(kind.id, kind.name) for kind in self.file.categories], "category")
        self._numbers = self._frames(list(images))
        self.names = {self._numbers[key]: images[key] for key in sorted(images, key=self._numbers.__getitem__)}
        order = sorted(kinds, key=lambda key: (isinstance(key, str), key))
        self.labels = tuple(dict.fromkeys(kinds[key] for key in order))
        self._kinds = {key: self.labels.index(kinds[key]) for key in kinds}
        self.sizes = dict(self._sizes())
        self._strange = 0
        self._truths = self._read()

    def truths(self) -> Mapping[int, Truth]:
        return self._truths

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

    def _frames(self, keys: Sequence[int | str]) -> dict[int | str, int]:
        """The frame number of each image: its id, or where one can't be a number, its place in the file."""
        if all(isinstance(key, int) and 0 <= key <= MOST_WHOLE for key in keys):
            return {key: int(key) for key in keys}
        self.lenience.note("image ids that are no numbers, or too long for one, are counted anew from 1", self.path)
        return {key: place for place, key in enumerate(keys, 1)}

    def _sizes(self) -> Iterator[tuple[int, tuple[int, int]]]:
        for image in self.file.images:
            values = [self._number(value, f"image {image.id}") for value in (image.width, image.height)]
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
        return float("nan") if value is None else float(value)

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
            tracks=np.full(len(rows), -1),
            roles=np.where(crowds, int(Role.REGION), int(Role.POSITIVE)),
            areas=np.where(areas >= 0, areas, np.nan),
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
        if not plain:
            rows = [[self._number(value, self._at(place)) for value in row] for place, row in enumerate(rows)]
        values = np.array(rows, np.float64)
        return values.reshape(len(rows), -1) if len(rows) else values.reshape(0, 4)

    def _is_crowd(self, row: _Annotation, place: int) -> bool:
        value = row.iscrowd
        if value is None or type(value) is int:
            return bool(value)
        self.lenience.note("iscrowd is written as true and false, or as text", self.path, self._at(place))
        return value.strip().lower() not in NO if isinstance(value, str) else bool(value)
