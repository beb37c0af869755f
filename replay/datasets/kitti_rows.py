"""Rows as KITTI's label files have them, which others have taken over with types of their own.

type, truncated, occluded, alpha, left, top, right, bottom, height, width, length (m), x, y, z (m), rotation; a result's
score at the end; in tracking frame and track before them.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.classes import own_groups, own_problems
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import (
    MOST_SHOWN,
    LabelsWrong,
    Lenience,
    cornered_box,
    frame_number,
    numbers,
    rows,
    tracks_of,
    whole,
)
from replay.recording import Group, Problem
from replay.truth import Role, Truth

UNKNOWN_M = -1000.0
"""A coordinate that stands for "unknown"."""
TRUNCATED, OCCLUDED, BOX, SIZE, POSITION = 0, 1, slice(3, 7), slice(7, 10), slice(10, 13)
"""Columns of a label line after its type."""
COLUMNS = (14, 15)
"""How many they are; a result file adds a score."""


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
        self.ids: list[int] = []
        self.labels = array("q")
        self.values = array("d")
        self.own: dict[str, int] = {}
        """Types beside the makers' own -> their place in the label table."""

    def read(self, path: Path, frame: int | None = None) -> None:
        """`frame`: whose file it is; None: the lines begin with frame and track. Raises LabelsWrong."""
        lead = 2 if frame is None else 0
        for line, parts in rows(path, None, self.lenience):
            if len(parts) - lead - 1 not in COLUMNS:
                raise LabelsWrong(path, line, f"has {len(parts)} columns; KITTI's lines have {COLUMNS[0] + 1 + lead}")
            values = numbers(path, line, parts[lead + 1 : lead + 1 + COLUMNS[0]])
            cornered_box(path, line, values[BOX])
            self.labels.append(self._label(path, line, parts[lead]))
            self.frames.append(frame_number(path, line, parts[0]) if frame is None else frame)
            self.ids.append(whole(path, line, parts[1]) if frame is None else -1)
            self.values.extend(values)

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
        values = np.asarray(self.values).reshape(-1, COLUMNS[0])
        labels = np.asarray(self.labels, np.int64)
        names = (*self._types.labels, *self.own)
        counts = np.bincount(labels[labels >= 0], minlength=len(names))
        present = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
        groups = own_groups(self._types.groups, present)
        return KittiLabels(
            names=names,
            groups=groups,
            truths=FrameTruths(np.asarray(self.frames, np.int64), self._truth(labels, values), labelled=frames),
            problems=(*self.lenience.problems(), *own_problems(groups, present, self._types.labels)),
        )

    def _truth(self, labels: NDArray[np.int64], values: NDArray[np.float64]) -> Truth:
        position = values[:, POSITION]
        # Rope3D writes 0 for what it has in the picture alone.
        unknown = (position <= UNKNOWN_M).any(axis=1) | ~values[:, SIZE].any(axis=1)
        beside = [place for place, label in enumerate(self._types.labels) if label in self._types.neighbours]
        return Truth(
            boxes=values[:, BOX],
            labels=labels,
            tracks=tracks_of(self.ids, self._place, self.lenience),
            roles=np.select([labels < 0, np.isin(labels, beside)], [Role.REGION, Role.NEIGHBOUR], Role.POSITIVE),
            truncated=_known(values[:, TRUNCATED]),
            occluded=_known(values[:, OCCLUDED]),
            distance_m=np.where(unknown, np.nan, np.linalg.norm(position, axis=1)).astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class KittiLabels:
    names: tuple[str, ...]
    groups: Mapping[str, Group]
    truths: Mapping[int, Truth]
    problems: tuple[Problem, ...]


def _known(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(values < 0, np.nan, values).astype(np.float32)
