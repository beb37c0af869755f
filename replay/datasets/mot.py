"""MOTChallenge: pedestrians, in the layouts of MOT15 and of MOT16, MOT17 and MOT20.

{train,test}/PETS09-S2L1/seqinfo.ini
{train,test}/PETS09-S2L1/img1/000001.jpg ...
train/PETS09-S2L1/gt/gt.txt     frame, id, left, top, width, height, flag, x, y, z          (MOT15)
                                frame, id, left, top, width, height, flag, class, visibility   (since MOT16)
"""

from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.labels import LabelsWrong, by_frame, numbers, rows, whole
from replay.datasets.layout import find_root, folders, pictures
from replay.datasets.pictures import PictureRecording
from replay.recording import DatasetWrong, Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, from_sizes, nothing_there

NAME = "mot"
HALVES = ("train", "test")

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

NEIGHBOURS = (2, 7, 8, 12)
"""Classes that a detection of a pedestrian may rightly sit on; MOT20 adds class 6. Their flag is 0, as every class's
but the pedestrian's, and is not looked at."""
NEIGHBOURS_MOT20 = (*NEIGHBOURS, 6)

MOT15_COLUMNS, COLUMNS = 10, 9
FRAME, TRACK, BOX, FLAG, CLASS, VISIBILITY = 0, 1, slice(2, 6), 6, 7, 8


class SequenceWrong(DatasetWrong):
    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path}: {what}", "a sequence's seqinfo.ini states name, imDir, frameRate, seqLength, imWidth and imHeight"
        )


class MotChallenge:
    def __init__(self, root: Path) -> None:
        marks = [f"{half}/*/{part}" for half in HALVES for part in ("seqinfo.ini", "img1")]
        self._root = find_root(NAME, root, marks)
        self._places = {found.name: found for half in HALVES for found in folders(self._root / half)}

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> PictureRecording:
        if name not in self._places:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        folder = self._places[name]
        sequence = _Sequence.read(folder / "seqinfo.ini")
        images = pictures(folder / sequence.image_folder)
        path = folder / "gt" / "gt.txt"
        labelled = path.is_file()
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=sequence.fps,
            labels=LABELS,
            groups=GROUPS,
            pictures=images,
            truths=_read(path, NEIGHBOURS_MOT20 if name.startswith("MOT20") else NEIGHBOURS) if labelled else {},
            truth_files=(path,) if labelled else (),
            unmentioned=nothing_there() if labelled else None,
            promised_sizes=dict.fromkeys(images, sequence.size),
            read_problems=tuple(_problems(sequence, len(images))),
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
            parser.read_string(path.read_text(encoding="utf-8-sig"))
            section = parser["Sequence"]
            return cls(
                image_folder=section.get("imDir", "img1"),
                fps=float(section["frameRate"]),
                length=int(section["seqLength"]),
                size=(int(section["imWidth"]), int(section["imHeight"])),
            )
        except OSError as error:
            raise SequenceWrong(path, f"can't be read: {error.strerror}") from error
        except KeyError as error:
            raise SequenceWrong(path, f"there is no {error}") from error
        except (IniError, ValueError) as error:
            raise SequenceWrong(path, str(error).replace("\n", " ")) from error


def _problems(sequence: _Sequence, held: int) -> Iterator[Problem]:
    if held != sequence.length:
        what = f"seqinfo.ini promises {sequence.length} pictures, the folder {sequence.image_folder} holds {held}"
        yield Problem(Severity.UNSOUND, what)


def _read(path: Path, neighbours: Sequence[int]) -> dict[int, Truth]:
    lines = list(rows(path, ","))
    values = _table(path, lines)
    places = [line for line, _ in lines]
    frames, tracks = whole(path, places, values[:, FRAME]), whole(path, places, values[:, TRACK])
    in_mot15 = values.shape[1] == MOT15_COLUMNS
    classes = np.ones(len(values), np.int64) if in_mot15 else whole(path, places, values[:, CLASS])
    for wrong in np.flatnonzero((classes < 1) | (classes > len(LABELS))).tolist():
        raise LabelsWrong(path, places[wrong], f"there is no MOT class {classes[wrong]}")
    visibility = np.full(len(values), np.nan) if in_mot15 else values[:, VISIBILITY]
    neighbour = np.isin(classes, neighbours)
    roles = np.select([neighbour, values[:, FLAG] != 0], [Role.NEIGHBOUR, Role.POSITIVE], Role.INVISIBLE)
    truth = Truth(
        boxes=from_sizes(values[:, BOX]),
        labels=classes - 1,
        tracks=tracks,
        roles=roles.astype(np.int64),
        occluded=(1 - visibility).astype(np.float32),
    )
    return by_frame(frames, truth)


def _table(path: Path, lines: Sequence[tuple[int, list[str]]]) -> NDArray[np.float64]:
    """(N, COLUMNS or MOT15_COLUMNS)"""
    if not lines:
        return np.empty((0, COLUMNS))
    first, columns = lines[0][0], len(lines[0][1])
    if columns not in (COLUMNS, MOT15_COLUMNS):
        raise LabelsWrong(path, first, f"has {columns} columns; gt.txt has {MOT15_COLUMNS} in MOT15, later {COLUMNS}")
    for line, parts in lines:
        if len(parts) != columns:
            raise LabelsWrong(path, line, f"has {len(parts)} columns, the first line has {columns}")
    return np.array([numbers(path, line, parts) for line, parts in lines])
