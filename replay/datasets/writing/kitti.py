"""KITTI, object and tracking; of findings, with the score that its results have at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.kitti import DONT_CARE, FPS, GROUPS, TRAINING, TYPES
from replay.datasets.writing.content import (
    Content,
    FrameRows,
    Scale,
    Scales,
    Writer,
    known,
    of_roles,
    plain,
    trackless,
    unclassed,
    without,
)
from replay.truth import Role, Truth
from sensors import atomic_files

NO_ANGLE, NO_SIZE, NO_PLACE = "-10", "-1 -1 -1", "-1000 -1000 -1000"
PEDESTRIAN = "Pedestrian"
HALF = 0.5
"""A fraction hidden: up to it partly occluded (1), beyond it largely (2)."""


class KittiObject(Writer):
    """Regions are DontCare, a crowd too; positions in metres can't be said by a distance alone."""

    layout = "kitti-object"
    groups = GROUPS
    rate = FPS
    makers = "PNG pictures and calibration files"

    def label(self, name: str) -> str:
        """Without spaces, with a letter, and a type of KITTI's own as KITTI writes it."""
        one = "_".join(name.split())
        if one.casefold() == "person":
            return PEDESTRIAN  # Person is KITTI tracking's word for somebody who sits
        return TYPES.plain.get(one.casefold(), one if any(map(str.isalpha, one)) else f"type_{one}")

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        return of_roles(truth, Role.POSITIVE, Role.REGION)

    def kept(self, truth: Truth, _size: tuple[int, int], scales: Scales, /) -> Truth:
        told = without(truth, "distance_m", "areas")
        told = told if scales.truncated.fractions else without(told, "truncated")
        return trackless(self._regions(replace(told, occluded=levelled(told.occluded, scales.occluded))))

    def pictures(self, _name: str, /) -> str:
        return f"{TRAINING}/image_2"

    def called(self, _name: str, /) -> str:
        return TRAINING

    def write(self, root: Path, content: Content) -> None:
        folder = root / TRAINING / "label_2"
        folder.mkdir(parents=True, exist_ok=True)
        names = [self.label(label) for label in content.labels]
        for frame in content.frames:
            text = "".join(f"{line}\n" for line in lines(frame, names))
            atomic_files.write(folder / f"{Path(frame.picture).stem}.txt", text)

    @staticmethod
    def _regions(truth: Truth) -> Truth:
        nothing = np.where(of_roles(truth, Role.REGION), np.nan, 0).astype(np.float32)
        told = replace(truth, truncated=truth.truncated + nothing, occluded=truth.occluded + nothing)
        return unclassed(told, Role.REGION)


class KittiTracking(KittiObject):
    layout = "kitti-tracking"

    def kept(self, truth: Truth, _size: tuple[int, int], scales: Scales, /) -> Truth:
        told = without(truth, "distance_m", "areas")
        truncated = levelled(told.truncated, scales.truncated)
        occluded = levelled(told.occluded, scales.occluded)
        return self._regions(replace(told, truncated=truncated, occluded=occluded))

    def pictures(self, name: str, /) -> str:
        return f"{TRAINING}/image_02/{name}"

    def called(self, name: str, /) -> str:
        return name

    def write(self, root: Path, content: Content) -> None:
        folder = root / TRAINING / "label_02"
        folder.mkdir(parents=True, exist_ok=True)
        names = [self.label(label) for label in content.labels]
        with atomic_files.replacing(folder / f"{content.name}.txt") as file:
            for frame in content.frames:
                tracks = frame.rows.tracks.tolist()
                for track, line in zip(tracks, lines(frame, names), strict=True):
                    file.write(f"{frame.number} {track} {line}\n".encode())


def levelled(column: NDArray[np.float32], scale: Scale) -> NDArray[np.float32]:
    """As KITTI's levels: 0 nothing, 1 up to half, 2 more; what is levels already, and NaN, stays."""
    if scale.levels:
        return column
    levels = np.where(column <= 0, 0.0, np.where(column <= HALF, 1.0, 2.0))
    return np.where(np.isnan(column), np.nan, levels).astype(np.float32)


def lines(frame: FrameRows, names: Sequence[str]) -> Iterable[str]:
    """Type, truncated, occluded, alpha, corners, size, position, rotation, and of findings their score."""
    rows = frame.rows
    for place, box in enumerate(rows.boxes.tolist()):
        label = int(rows.labels[place])
        kind = names[label] if label >= 0 else DONT_CARE
        levels = [known(float(column[place]), "-1") for column in (rows.truncated, rows.occluded)]
        score = "" if frame.scores is None else f" {plain(float(frame.scores[place]))}"
        corners = " ".join(map(plain, box))
        yield f"{kind} {' '.join(levels)} {NO_ANGLE} {corners} {NO_SIZE} {NO_PLACE} {NO_ANGLE}{score}"
