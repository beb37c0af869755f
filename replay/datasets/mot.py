"""MOTChallenge: pedestrians, in the layouts of MOT15 and of MOT16, MOT17 and MOT20, and as labelling tools export it.

{train,test}/PETS09-S2L1/seqinfo.ini
{train,test}/PETS09-S2L1/img1/000001.jpg ...
train/PETS09-S2L1/gt/gt.txt     frame, id, left, top, width, height, flag, x, y, z          (MOT15)
                                frame, id, left, top, width, height, flag, class, visibility   (since MOT16)
train/PETS09-S2L1/gt/labels.txt the classes' names, one a line, where they are not MOTChallenge's own

Sequences may also lie in the root itself, or be it. Tools leave seqinfo.ini away: the pictures then say their sizes,
and nobody the rate.
"""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import own_groups, own_problems
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    Boxes,
    Ids,
    LabelsWrong,
    Lenience,
    frame_number,
    numbers,
    rows,
    sized_box,
    whole,
)
from replay.datasets.layout import LayoutAbsent, find_root, folders, matching, pictures
from replay.datasets.pictures import PictureRecording
from replay.recording import DatasetWrong, Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant, nothing_there
from sensors.outside import MOST_SMALL_BYTES, ContentWrong, read_bytes, text_of

NAME = "mot"
HALVES = ("train", "test")
GT = "gt/gt.txt"
INI, IMAGES = "seqinfo.ini", "img1"

LABELS = (
    "pedestrian",
    "person on vehicle",
    "car",
    "bicycle",
    "motorbike",
    "non-motorised vehicle",
    "static person",
    "distractor",
    "occluder",
    "occluder on the ground",
    "full occluder",
    "reflection",
    "crowd",
)
"""Class 1 is the first."""
GROUPS = {"person": Group(("pedestrian",), ("person",))}
MOST_CLASSES = 1000

NEIGHBOURS = (2, 7, 8, 12)
"""Classes that a detection of a pedestrian may rightly sit on; MOT20 adds class 6. Their flag is 0, as every class's
but the pedestrian's, and is not looked at."""
NEIGHBOURS_MOT20 = (*NEIGHBOURS, 6)

MOT15_COLUMNS, COLUMNS, LEAST_COLUMNS = 10, 9, 7
FRAME, TRACK, BOX, FLAG, CLASS, VISIBILITY = 0, 1, slice(2, 6), 6, 7, 8
MOST_FPS = 10_000.0


class SequenceWrong(DatasetWrong):
    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path}: {what}",
            f"correct {path.name}: it states name, imDir, frameRate, seqLength, imWidth and imHeight of the sequence",
        )


class MotChallenge:
    def __init__(self, root: Path) -> None:
        try:
            self._root = find_root(NAME, root, [f"{half}/*/{part}" for half in HALVES for part in (INI, "img1")])
            places = [found for half in HALVES for found in folders(self._root / half)]
        except LayoutAbsent as absent:
            try:
                self._root = find_root(NAME, root, [f"*/{INI}", f"*/{GT}", INI, GT])
            except LayoutAbsent as error:
                raise (error if error.nearby else absent) from None
            places = [found for found in folders(self._root) if _is_sequence(found)] or [self._root]
        self._places = {found.name: found for found in places}

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> PictureRecording:
        if name not in self._places:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        folder = self._places[name]
        sequence = _Sequence.read(folder / INI) if (folder / INI).exists() else None
        place = folder / (sequence.image_folder if sequence else IMAGES)
        images = pictures(place)
        path = next(matching(folder, GT), folder / GT)
        labelled = path.is_file()
        labels = _read(path, NEIGHBOURS_MOT20 if name.startswith("MOT20") else NEIGHBOURS) if labelled else _Labels()
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=sequence.fps if sequence else math.nan,
            labels=labels.names,
            groups=labels.groups,
            pictures=images,
            folder=place,
            truths=labels.truths,
            truth_files=(path,) if labelled else (),
            unmentioned=nothing_there() if labelled else None,
            promised_sizes=dict.fromkeys(images, sequence.size) if sequence else {},
            read_problems=(*_problems(sequence, len(images)), *labels.problems),
        )


@dataclass(frozen=True, slots=True)
class _Sequence:
    image_folder: str
    fps: float
    length: int
    size: tuple[int, int]

    @classmethod
    def read(cls, path: Path) -> "_Sequence":
        """Raises SequenceWrong."""
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(text_of(read_bytes(path, MOST_SMALL_BYTES)))
            section = parser["Sequence"]
            read = cls(
                image_folder=section.get("imDir", IMAGES),
                fps=float(section["frameRate"]),
                length=int(section["seqLength"]),
                size=(int(section["imWidth"]), int(section["imHeight"])),
            )
        except ContentWrong as error:
            raise SequenceWrong(path, error.what) from error
        except KeyError as error:
            raise SequenceWrong(path, f"there is no {error}") from error
        except (IniError, ValueError) as error:
            raise SequenceWrong(path, str(error).replace("\n", " ")) from error
        if not 0 < read.fps <= MOST_FPS:
            raise SequenceWrong(path, f"frameRate={section['frameRate']} is no number of frames a second")
        if read.length < 0 or min(read.size) < 1:
            raise SequenceWrong(path, "seqLength, imWidth or imHeight is not above 0")
        return read


def _is_sequence(folder: Path) -> bool:
    return any(any(matching(folder, part)) for part in (INI, GT))


def _problems(sequence: _Sequence | None, held: int) -> Iterator[Problem]:
    if sequence is None:
        what = f"there is no {INI}: nobody states the frame rate, which a run in real time needs"
        yield Problem(Severity.REMARK, what)
    elif held != sequence.length:
        what = f"{INI} promises {sequence.length} pictures, the folder {sequence.image_folder} holds {held}"
        yield Problem(Severity.UNSOUND, what)


@dataclass(frozen=True, slots=True)
class _Labels:
    names: tuple[str, ...] = LABELS
    groups: Mapping[str, Group] = field(default_factory=lambda: GROUPS)
    truths: Mapping[int, Truth] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class _Columns:
    """What gt.txt holds, column by column."""

    def __init__(self) -> None:
        self.frames = array("q")
        self.ids = Ids()
        self.boxes = Boxes()
        self.rest = array("f")
        """The columns from the flag on, padded to COLUMNS: flag, class or x, visibility or y."""
        self.width = 0

    @classmethod
    def read(cls, path: Path, lenience: Lenience) -> "_Columns":
        read = cls()
        for line, parts in rows(path, ",", lenience):
            read.width = read.width or len(parts)
            if not LEAST_COLUMNS <= read.width <= MOT15_COLUMNS:
                what = f"has {read.width} columns; gt.txt has {MOT15_COLUMNS} in MOT15, later {COLUMNS}"
                raise LabelsWrong(path, line, what)
            if len(parts) != read.width:
                raise LabelsWrong(path, line, f"has {len(parts)} columns, the first line has {read.width}")
            read.frames.append(frame_number(path, line, parts[FRAME]))
            read.ids.add(whole(path, line, parts[TRACK]))
            values = numbers(path, line, parts[BOX.start :])
            read.boxes.add(sized_box(path, line, *values[:4]))
            read.rest.extend([*values[4:], math.nan, math.nan][:3])
        return read

    @property
    def flags(self) -> NDArray[np.float64]:
        return np.asarray(self.rest).reshape(-1, 3)[:, 0]

    @property
    def has_classes(self) -> bool:
        """Ten columns are MOT15's, which end in a position in metres or in -1; tools write the class there, too."""
        if self.width < MOT15_COLUMNS:
            return self.width > FLAG + 1
        said = np.asarray(self.rest).reshape(-1, 3)[:, 1]
        return bool(np.all(said == np.rint(said)) and np.any(said != -1))

    def classes(self, path: Path, known: int) -> NDArray[np.int64]:
        """From 1; raises LabelsWrong for one that can't be a class."""
        said = np.asarray(self.rest).reshape(-1, 3)[:, 1]
        if not self.has_classes:
            return constant(1, len(said))
        for wrong in np.flatnonzero((said != np.rint(said)) | (said < 1) | (said > max(known, MOST_CLASSES))).tolist():
            line, _ = next(islice(rows(path, ",", Lenience()), wrong, None))
            raise LabelsWrong(path, line, f"there is no class {said[wrong]:g}")
        return said.astype(np.int64)

    @property
    def visible(self) -> NDArray[np.float64]:
        said = np.asarray(self.rest).reshape(-1, 3)[:, 2]
        return np.where(said < 0, np.nan, said) if self.has_classes else np.full(len(said), np.nan)


def _read(path: Path, neighbours: Sequence[int]) -> _Labels:
    lenience = Lenience()
    own = _own_names(path.with_name("labels.txt"))
    columns = _Columns.read(path, lenience)
    classes = columns.classes(path, len(own))
    if columns.width == MOT15_COLUMNS and columns.has_classes:
        lenience.note("ten columns of which the eighth holds a class", path)
    names = own or LABELS
    names += tuple(f"class {n}" for n in range(len(names) + 1, int(classes.max(initial=0)) + 1))
    neighbour = np.isin(classes, () if own else neighbours)
    roles = np.select([neighbour, columns.flags != 0], [Role.NEIGHBOUR, Role.POSITIVE], Role.INVISIBLE)
    truth = Truth(
        boxes=columns.boxes.array(),
        labels=classes - 1,
        tracks=columns.ids.array(path, lenience),
        roles=roles.astype(np.int64),
        occluded=(1 - columns.visible).astype(np.float32),
    )
    counts = np.bincount(truth.labels[truth.of_role(Role.POSITIVE)], minlength=len(names))
    present = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    groups = own_groups({} if own else GROUPS, present)
    return _Labels(
        names=names,
        groups=groups,
        truths=FrameTruths(np.asarray(columns.frames, np.int64), truth),
        problems=(*lenience.problems(), *own_problems(groups, present)),
    )


def _own_names(path: Path) -> tuple[str, ...]:
    """The classes of a labelling tool's export, one a line; none where there is no such file."""
    if not path.is_file():
        return ()
    return tuple(parts[0] for _, parts in rows(path, "\n", Lenience()))
