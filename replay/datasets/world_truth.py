"""The truth of a recording of the built-in world, line by line."""

import gzip
import itertools
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_VALUE, MOST_WHOLE
from replay.recording import DatasetWrong
from replay.truth import Role, Truth
from sensors.outside import MOST_LINE, ContentWrong, json_of, open_bytes

MOST_BYTES = 2**30
"""Unpacked: some five hours of a crossing at 10 fps."""
ROLES = {"positive": Role.POSITIVE, "region": Role.REGION, "invisible": Role.INVISIBLE}


class RecordingDamaged(DatasetWrong):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}", "render it again with `gilmok world render`, or take a whole copy")


class Thing(msgspec.Struct, frozen=True):
    """One road user in one frame, as the truth file has it."""

    track: int
    kind: str
    label: str
    role: Literal["positive", "region", "invisible"]
    box: tuple[float, float, float, float] | None
    """Its visible part."""
    amodal: tuple[float, float, float, float]
    occluded: float
    truncated: float
    distance_m: float
    position_m: tuple[float, float, float]
    heading_rad: float


class Line(msgspec.Struct, frozen=True):
    """One frame of the truth file."""

    seq: int
    t_ns: int
    """On the camera's own clock, faults included."""
    world_ns: int
    """When it was really taken, on the clock that all cameras of the world share."""
    fault: str
    objects: tuple[Thing, ...]


class WorldTruth:
    """The truth file, frame by frame; raises RecordingDamaged."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self.faults: set[str] = set()
        last = -1
        place = {label: i for i, label in enumerate(labels)}
        seen, frames, columns, boxes, levels = array("q"), array("q"), array("q"), array("d"), array("f")
        for number, row in _rows(path):
            try:
                line = json_of(row, Line)
            except ContentWrong as error:
                raise RecordingDamaged(path, f"line {number}: {error.what}") from error
            if not last < line.seq <= MOST_WHOLE:
                raise RecordingDamaged(path, f"line {number}: frame {line.seq} can't follow frame {last}")
            seen.append(line.seq)
            last = line.seq
            if line.fault:
                self.faults.add(line.fault)
            for thing in line.objects:
                if thing.label not in place or abs(thing.track) > MOST_WHOLE:
                    raise RecordingDamaged(path, f"line {number}: there is no label {thing.label!r}, or no such track")
                box = thing.box or thing.amodal
                if not all(abs(edge) <= MOST_VALUE for edge in box):
                    raise RecordingDamaged(path, f"line {number}: a box is not finite, or beyond any picture")
                frames.append(line.seq)
                columns.extend((place[thing.label], thing.track, ROLES[thing.role]))
                boxes.extend(box)
                levels.extend((thing.truncated, thing.occluded, thing.distance_m))
        ints, floats = np.asarray(columns, np.int64).reshape(-1, 3), np.array(levels, np.float32).reshape(-1, 3)
        things = Truth(
            boxes=np.asarray(boxes, np.float64).reshape(-1, 4),
            labels=ints[:, 0],
            tracks=ints[:, 1],
            roles=ints[:, 2],
            truncated=floats[:, 0],
            occluded=floats[:, 1],
            distance_m=floats[:, 2],
        )
        self.truths = FrameTruths(np.asarray(frames, np.int64), things, labelled=seen)


def _rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line by line: a small file may unpack to any size."""
    try:
        with open_bytes(path) as packed, gzip.open(packed) as rows:
            size = 0
            for number in itertools.count(1):
                row = rows.readline(MOST_LINE + 1)
                if not row:
                    return
                size += len(row)
                if len(row) > MOST_LINE or size > MOST_BYTES:
                    raise RecordingDamaged(path, f"line {number}: unpacks to more than any truth has")
                yield number, row
    except ContentWrong as error:
        raise RecordingDamaged(path, error.what) from error
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingDamaged(path, str(error)) from error
