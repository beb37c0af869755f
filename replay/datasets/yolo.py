"""YOLO: a text file of boxes beside each picture, as Ultralytics reads it and most labelling tools write it.

data.yaml                                    path, train, val, test, names (`yolo_config`)
images/{train,val,test}/0001.jpg ...         or {train,valid,test}/images/...
labels/{train,val,test}/0001.txt ...         class, centre x, centre y, width, height: fractions of the picture
                                             class, x1, y1, x2, y2, x3, y3, ...: an outline, read as the box around it
classes.txt, images/, labels/                where a tool writes no data.yaml
obj.data, obj.names, train.txt, obj_train_data/0001.{jpg,txt}      as CVAT writes it for Darknet
"""

import math
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_SHOWN, Boxes, LabelsWrong, Lenience, check_size, rows, whole
from replay.datasets.layout import files_in, find_root, folders, in_order, numbered_or_counted
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.spelling import by_stem, spelled, spelling, stems
from replay.datasets.yolo_config import (
    IMAGES,
    LABELS,
    MARKS,
    YoloConfig,
    find_config,
    fractions,
    is_config,
    read_config,
)
from replay.recording import Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant, nothing_there
from sensors.sources.folder import is_picture
from sensors.sources.pictures import PictureUnreadable, read_header

NAME = "yolo"
FPS = float("nan")
"""The layout states none."""
BOX_COLUMNS = 5
LEAST_OUTLINE = 7
"""Columns of a triangle."""
NO_LABELS = {"classes.txt", "notes.txt", "readme.txt", "train.txt", "val.txt", "test.txt"}
"""Texts that tools leave among the labels."""


class Yolo:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, MARKS, is_config)
        self._config = read_config(find_config(self._root, root.expanduser().resolve()))

    def recordings(self) -> Sequence[str]:
        return list(self._config.splits)

    def open(self, name: str) -> PictureRecording:
        if name not in self._config.splits:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        split = _Split(self._config, name)
        read = _Rows(self._config, split.pictures)
        for number, path in split.labels.items():
            read.read(path, number)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=self._config.names,
            groups=groups_of(self._config.names),
            pictures=split.pictures,
            truths=FrameTruths(np.asarray(read.frames, np.int64), read.truth(), labelled=split.labels),
            truth_files=(self._config.path, *split.labels.values()),
            # A picture without a file has nothing in it, so says the layout; unless nobody labelled any.
            unmentioned=nothing_there() if split.labels else None,
            film=False,
            read_problems=(*split.problems(), *read.problems()),
        )


class _Split:
    """The pictures of a split by frame number, and the label file of each that has one."""

    def __init__(self, config: YoloConfig, name: str) -> None:
        self._problems: list[Problem] = []
        if config.dropped.get(name):
            what = f"{name} in {config.path.name} begins with folders that aren't here: {config.dropped[name]}"
            self._problems.append(Problem(Severity.REMARK, what))
        places = config.splits[name]
        found = [path for place in places for path in self._pictures(place, config.path.parent)]
        self.pictures = numbered_or_counted(list(dict.fromkeys(found)))
        beside: dict[Path, dict[int, Path]] = {}
        place_of = {folder: _place_of_labels(folder) for folder in {path.parent for path in self.pictures.values()}}
        for number, path in self.pictures.items():
            beside.setdefault(place_of[path.parent], {})[number] = path
        labels: dict[int, Path] = {}
        for folder, held in beside.items():
            labels |= self._matched(held, files_in(folder, ".txt"))
        self.labels = {number: labels[number] for number in self.pictures if number in labels}
        self._problems += spelled([(self.pictures[number], path) for number, path in self.labels.items()])
        self._problems += self._strangers([place for place in places if place.is_dir()], beside)

    def problems(self) -> Iterator[Problem]:
        yield from self._problems
        without = len(self.pictures) - len(self.labels)
        if without and self.labels:
            what = f"{counted(without, 'picture')} without a label file: taken for pictures with nothing in them"
            yield Problem(Severity.REMARK, what)

    def _pictures(self, place: Path, root: Path) -> list[Path]:
        if place.is_dir():
            return in_order(place, (path for path in place.rglob("*") if is_picture(path) and _visible(path, place)))
        names = [parts[0] for _, parts in rows(place, "\n", Lenience())]
        listed = ListedPictures(dict(enumerate(names)), (place.parent, root, root.parent))
        # A list is of one split: pictures beside it belong to another.
        self._problems += listed.problems(strangers=False)
        if absent := len(names) - len(listed.found):
            first = next(name for place, name in enumerate(names) if place not in listed.found)
            what = f"{counted(absent, 'picture')} of {place.name} that {'is' if absent == 1 else 'are'} not there"
            self._problems.append(Problem(Severity.UNSOUND, f"{what}, {first[:80]} first"))
        return list(listed.found.values())

    def _matched(self, pictures: Mapping[int, Path], files: Sequence[Path]) -> dict[int, Path]:
        """The label file of each of a folder's pictures that has one."""
        key = spelling({path.stem for path in pictures.values()}, stems(files))
        named = by_stem(files, key)
        found = {number: named[name] for number, path in pictures.items() if (name := key(path.stem)) in named}
        owners: dict[Path, int] = {}
        for number, path in found.items():
            if (owner := owners.setdefault(path, number)) != number:
                both = f"{pictures[owner].name} and {pictures[number].name}"
                self._problems.append(Problem(Severity.UNSOUND, f"{path.name} is the label file of {both}"))
        return found

    def _strangers(self, places: Sequence[Path], folders: Collection[Path]) -> Iterator[Problem]:
        """Labels of pictures that aren't there; `folders`: of the label files."""
        known = set(self.labels.values())
        for folder in sorted(folders):
            if not any(_labels_folder(place) in (folder, *folder.parents) for place in places):
                continue
            held = [path for path in files_in(folder, ".txt") if path.name.lower() not in NO_LABELS]
            if strange := [path for path in held if path not in known]:
                what = f"{counted(len(strange), 'label file')} without a picture: {strange[0].name} first"
                yield Problem(Severity.UNSOUND, what)


class _Rows:
    """The rows of all label files."""

    def __init__(self, config: YoloConfig, pictures: Mapping[int, Path]) -> None:
        self._config = config
        self._lenience = Lenience()
        self._sizes: dict[int, tuple[int, int]] = {}
        self._unsized = 0
        for number, path in pictures.items():
            try:
                self._sizes[number] = read_header(path).upright
            except PictureUnreadable:
                continue
        usual = Counter(self._sizes.values()).most_common(1)
        self._usual = usual[0][0] if usual else (1, 1)
        self.frames, self._labels = array("q"), array("q")
        self._boxes, self._areas = Boxes(), array("d")
        self._outlines = 0

    def read(self, path: Path, number: int) -> None:
        """Raises LabelsWrong."""
        check_size(path)
        size = self._sizes.get(number)
        self._unsized += size is None
        width, height = size or self._usual
        seen: set[int] = set()
        for line, parts in rows(path, None, self._lenience):
            if (key := hash(tuple(parts))) in seen:
                self._lenience.note("a row that stands there twice counts once", path, line)
                continue
            seen.add(key)
            self._labels.append(self._class(path, line, parts[0]))
            self.frames.append(number)
            values = self._values(path, line, parts)
            if len(values) == BOX_COLUMNS - 1:
                x, y, w, h = values
                if w < 0 or h < 0:
                    raise LabelsWrong(path, line, f"the box has a negative size: {w:g}x{h:g}")
                self._boxes.add(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height))
                self._areas.append(math.nan)
            else:
                self._outlines += 1
                xs, ys = np.array(values[::2]) * width, np.array(values[1::2]) * height
                self._boxes.add((xs.min(), ys.min(), xs.max(), ys.max()))
                self._areas.append(_area(xs, ys))

    def truth(self) -> Truth:
        n = len(self._labels)
        return Truth(
            boxes=self._boxes.array(),
            labels=np.asarray(self._labels, np.int64),
            tracks=constant(-1, n),
            roles=constant(Role.POSITIVE, n),
            areas=np.asarray(self._areas, np.float64),
        )

    def problems(self) -> Iterator[Problem]:
        yield from self._lenience.problems()
        if self._outlines:
            what = (
                f"{counted(self._outlines, 'outline')} read as the box around {'it' if self._outlines == 1 else 'each'}"
            )
            yield Problem(Severity.REMARK, what)
        if self._unsized:
            size = "x".join(map(str, self._usual))
            what = f"{counted(self._unsized, 'picture')} of unknown size: their boxes are taken for those of {size}"
            yield Problem(Severity.REMARK, what)

    def _values(self, path: Path, line: int, parts: list[str]) -> list[float]:
        if self._config.key_points and len(parts) > BOX_COLUMNS:
            parts = parts[:BOX_COLUMNS]
        if len(parts) == BOX_COLUMNS + 1:
            raise LabelsWrong(path, line, "has 6 columns, as a prediction with its score has: a label has 5")
        if len(parts) != BOX_COLUMNS and (len(parts) < LEAST_OUTLINE or len(parts) % 2 == 0):
            what = (
                f"has {len(parts)} columns: a box has {BOX_COLUMNS}, an outline an odd number from {LEAST_OUTLINE} on"
            )
            raise LabelsWrong(path, line, what)
        return fractions(path, line, parts[1:])

    def _class(self, path: Path, line: int, text: str) -> int:
        number = whole(path, line, text)
        if not 0 <= number < len(self._config.names):
            known = f"{self._config.path.name} has {counted(len(self._config.names), 'class')}, from 0"
            raise LabelsWrong(path, line, f"there is no class {text[:MOST_SHOWN]}: {known}")
        return number


def _place_of_labels(pictures: Path) -> Path:
    """The labels of a folder's pictures lie where `images` in its path is `labels`, or beside them."""
    elsewhere = _labels_folder(pictures)
    return elsewhere if elsewhere.is_dir() else pictures


def _labels_folder(path: Path) -> Path:
    parts = list(path.parts)
    for place in reversed(range(len(parts))):
        if parts[place].lower() == IMAGES:
            beside = Path(*parts[:place])
            spelled_so = [LABELS, *(one.name for one in folders(beside) if one.name.lower() == LABELS)]
            parts[place] = next((name for name in spelled_so if (beside / name).is_dir()), LABELS)
            break
    return Path(*parts)


def _visible(path: Path, below: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(below).parts)


def _area(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> float:
    return float(abs(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1)))) / 2
