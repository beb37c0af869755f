"""Rows as KITTI's label files have them, which others have taken over with types of their own.

type, truncated, occluded, alpha, left, top, right, bottom, height, width, length (m), x, y, z (m), rotation; a result's
score at the end; in tracking frame and track before them.
"""

import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import own_groups, own_problems
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    MOST_SHOWN,
    Boxes,
    Ids,
    LabelsWrong,
    Lenience,
    check_size,
    cornered_box,
    frame_number,
    numbers,
    rows,
    whole,
)
from replay.recording import Group, Problem
from replay.truth import Role, Truth

UNKNOWN_M = -1000.0
"""A coordinate that stands for "unknown"."""
BOX, SIZE, POSITION = slice(3, 7), slice(7, 10), slice(10, 13)
"""Columns of a label line after its type, of which the first two are truncation and occlusion."""
COLUMNS = (14, 15)
"""How many they are; a result file adds a score."""


ROPE3D_BESIDE = ("denorm", "extrinsics")
ROPE3D_NAMES = "*_obstacle.*"


def is_rope3d(half: Path) -> bool:
    """Whether a folder with `image_2` and `label_2` is Rope3D's: by what else it holds, or by its pictures' names."""
    if any((half / one).is_dir() for one in ROPE3D_BESIDE) or any(half.parent.glob(f"{half.name}-image_2*")):
        return True
    return any(True for folder in ("label_2", "image_2") for _ in (half / folder).glob(ROPE3D_NAMES))


@dataclass(frozen=True)
class Types:
    """What a data set of such rows calls things."""

    labels: tuple[str, ...]
    index: Mapping[str, int]
    """Type -> its place in `labels`; -1: a region without a class."""
    groups: Mapping[str, Group]
    neighbours: Collection[str] = ()
    """Labels that may be found and need not be."""

    @cached_property
    def plain(self) -> Mapping[str, str]:
        """In small letters -> as it is."""
        return {label.casefold(): label for label in self.index}


class KittiRows:
    """The rows of one label file or of many."""

    def __init__(self, place: Path, types: Types) -> None:
        """`place`: the file or folder that they are of."""
        self._place = place
        self._types = types
        self.lenience = Lenience()
        self.frames = array("q")
        self.ids = Ids()
        self.labels = array("q")
        self._boxes, self._levels = Boxes(), array("f")
        """The levels: truncated, occluded, distance in metres."""
        self.own: dict[str, int] = {}
        """Types beside the makers' own -> their place in the label table."""

    def read(self, path: Path, frame: int | None = None) -> None:
        """`frame`: whose file it is; None: the lines begin with frame and track. Raises LabelsWrong."""
        lead = 2 if frame is None else 0
        if frame is not None:
            check_size(path)
        for line, parts in rows(path, None, self.lenience):
            if len(parts) - lead - 1 not in COLUMNS:
                raise LabelsWrong(path, line, f"has {len(parts)} columns; KITTI's lines have {COLUMNS[0] + 1 + lead}")
            values = numbers(path, line, parts[lead + 1 : lead + 1 + COLUMNS[0]])
            self._boxes.add(cornered_box(path, line, values[BOX]))
            self.labels.append(self._label(path, line, parts[lead]))
            self.frames.append(frame_number(path, line, parts[0]) if frame is None else frame)
            self.ids.add(whole(path, line, parts[1]) if frame is None else -1)
            self._levels.extend((*map(_known, values[:2]), _distance(values)))

    def _label(self, path: Path, line: int, kind: str) -> int:
        if kind in self._types.index:
            return self._types.index[kind]
        if (own := self._types.plain.get(kind.casefold())) is not None:
            self.lenience.note(f"the type {kind} is read as {own}", path, line)
            return self._types.index[own]
        if not any(character.isalpha() for character in kind):
            raise LabelsWrong(path, line, f"there is no type {kind[:MOST_SHOWN]!r}")
        return self.own.setdefault(kind, len(self._types.labels) + len(self.own))

    def labelled(self, frames: Iterable[int]) -> "KittiLabels":
        """`frames`: those that have a label file of their own, even an empty one."""
        labels = np.asarray(self.labels, np.int64)
        names = (*self._types.labels, *self.own)
        counts = np.bincount(labels[labels >= 0], minlength=len(names))
        present = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
        groups = own_groups(self._types.groups, present)
        return KittiLabels(
            names=names,
            groups=groups,
            truths=FrameTruths(np.asarray(self.frames, np.int64), self._truth(labels), labelled=frames),
            problems=(*self.lenience.problems(), *own_problems(groups, present, self._types.labels)),
        )

    def _truth(self, labels: NDArray[np.int64]) -> Truth:
        beside = [place for place, label in enumerate(self._types.labels) if label in self._types.neighbours]
        levels = np.asarray(self._levels, np.float32).reshape(-1, 3)
        return Truth(
            boxes=self._boxes.array(),
            labels=labels,
            tracks=self.ids.array(self._place, self.lenience),
            roles=np.select([labels < 0, np.isin(labels, beside)], [Role.REGION, Role.NEIGHBOUR], Role.POSITIVE),
            truncated=levels[:, 0],
            occluded=levels[:, 1],
            distance_m=levels[:, 2],
        )


@dataclass(frozen=True, slots=True)
class KittiLabels:
    names: tuple[str, ...]
    groups: Mapping[str, Group]
    truths: Mapping[int, Truth]
    problems: tuple[Problem, ...]


def _known(level: float) -> float:
    return math.nan if level < 0 else level


def _distance(values: Sequence[float]) -> float:
    """Metres; NaN where the row says none. Rope3D writes 0 for what it has in the picture alone."""
    x, y, z = values[POSITION]
    unknown = min(x, y, z) <= UNKNOWN_M or not any(values[SIZE])
    return math.nan if unknown else math.sqrt(x * x + y * y + z * z)
