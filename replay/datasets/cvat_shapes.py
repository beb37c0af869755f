"""CVAT's shapes as boxes, and the frames between the key frames of a track.

CVAT writes a track's box of every frame, with keyframe="0" on those that it interpolated; other tools write the key
frames alone. Between two of these CVAT moves every edge in a straight line, and the last one holds on to the end.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.labels import LabelsWrong, Lenience, cornered_box, frame_number, numbers
from sensors.outside_xml import Node

SHAPES = ("box", "polygon", "mask", "ellipse")
NO_BOXES = ("polyline", "points", "tag", "skeleton", "cuboid")
"""What is passed over."""
MOST_BETWEEN = 3_000_000
"""Boxes that are interpolated in one file."""
YES = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class Shape:
    box: tuple[float, float, float, float]
    """left, top, right, bottom in pixels."""
    area: float
    """Of the outline; NaN for a plain box."""
    occluded: float


def shape_of(path: Path, node: Node, lenience: Lenience) -> Shape:
    """Of one of SHAPES; raises LabelsWrong or ContentWrong."""
    area = math.nan
    if node.tag == "box":
        corners = [node.number(key) for key in ("xtl", "ytl", "xbr", "ybr")]
        cornered_box(path, node.line, corners)
        turned = node.number("rotation") if node.attributes.get("rotation") else 0.0
        if turned % 180:
            lenience.note("a turned box is read as the upright one around it", path, node.line)
            area = (corners[2] - corners[0]) * (corners[3] - corners[1])
            corners = _around(corners, math.radians(turned))
    elif node.tag == "polygon":
        lenience.note("an outline is read as the box around it", path, node.line)
        corners, area = _outline(path, node)
    elif node.tag == "mask":
        lenience.note("a mask is read as the box around it", path, node.line)
        left, top, width, height = (node.number(key) for key in ("left", "top", "width", "height"))
        corners = [left, top, left + width, top + height]
        cornered_box(path, node.line, corners)
    else:
        x, y, rx, ry = (node.number(key) for key in ("cx", "cy", "rx", "ry"))
        corners, area = [x - rx, y - ry, x + rx, y + ry], math.pi * rx * ry
        cornered_box(path, node.line, corners)
    left, top, right, bottom = corners
    return Shape((left, top, right, bottom), area, is_marked(node, "occluded"))


def is_marked(node: Node, name: str) -> bool:
    return node.attributes.get(name, "0").strip().lower() in YES


def _around(corners: Sequence[float], radians: float) -> list[float]:
    left, top, right, bottom = corners
    x, y = (left + right) / 2, (top + bottom) / 2
    cos, sin = abs(math.cos(radians)), abs(math.sin(radians))
    half = ((right - left) * cos + (bottom - top) * sin) / 2, ((right - left) * sin + (bottom - top) * cos) / 2
    return [x - half[0], y - half[1], x + half[0], y + half[1]]


def _outline(path: Path, node: Node) -> tuple[list[float], float]:
    texts = [text for point in node.attribute("points").split(";") if point for text in point.split(",")]
    points = np.array(numbers(path, node.line, texts), np.float64)
    if len(points) < 6 or len(points) % 2:
        raise LabelsWrong(path, node.line, f"a <polygon> has {len(points)} coordinates: no outline")
    xs, ys = points[::2], points[1::2]
    area = abs(float(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1)))) / 2
    return [float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())], area


class Shapes:
    """Every box of a file, row by row, while it is being read."""

    def __init__(self) -> None:
        self.frames, self.labels, self.tracks = array("q"), array("q"), array("q")
        self._flat = array("d")

    def add(self, frame: int, label: int, track: int, values: Sequence[float]) -> None:
        """`values`: left, top, right, bottom, area, occluded."""
        self.frames.append(frame)
        self.labels.append(label)
        self.tracks.append(track)
        self._flat.extend(values)

    def values(self) -> NDArray[np.float64]:
        """(N, 6)"""
        return np.asarray(self._flat, np.float64).reshape(-1, 6)


class TrackReader:
    """Tracks into rows."""

    def __init__(self, path: Path, into: Shapes, lenience: Lenience) -> None:
        self._path, self._into, self._lenience = path, into, lenience
        self._between = 0
        self._open: list[tuple[int, int, int, tuple[float, ...]]] = []
        """Frame, label, track and values of each track's last shape, if it isn't outside."""
        self.stride = 1
        """From one labelled frame to the next."""
        self.all_key_frames = True
        self.last = 0
        """The greatest frame number of the file."""

    def add(self, node: Node, label: int, track: int) -> int:
        """Returns how many shapes were passed over; raises LabelsWrong or ContentWrong."""
        held: list[tuple[int, bool, tuple[float, ...]]] = []
        for shape in node.children:
            if shape.tag not in SHAPES:
                continue
            frame = frame_number(self._path, shape.line, shape.attribute("frame"))
            read = shape_of(self._path, shape, self._lenience)
            self.all_key_frames &= shape.attributes.get("keyframe", "1").strip().lower() in YES
            held.append((frame, is_marked(shape, "outside"), (*read.box, read.area, read.occluded)))
            self.last = max(self.last, frame)
        held.sort(key=lambda one: one[0])
        for (frame, outside, values), (then, _, next_values) in pairwise(held):
            if frame == then:
                raise LabelsWrong(self._path, node.line, f"this track stands twice in frame {frame}")
            if not outside:
                self._into.add(frame, label, track, values)
                self._fill(label, track, (frame, values), (then, next_values))
        if held and not held[-1][1]:
            frame, _, values = held[-1]
            self._into.add(frame, label, track, values)
            self._open.append((frame, label, track, values))
        return sum(shape.tag in NO_BOXES for shape in node.children)

    def finish(self, last: int | None) -> None:
        """`last`: the video's last frame, if the file says."""
        if self.all_key_frames:
            for frame, label, track, values in self._open:
                self._fill(label, track, (frame, values), ((self.last if last is None else last) + 1, values))

    def _fill(
        self, label: int, track: int, start: tuple[int, tuple[float, ...]], end: tuple[int, tuple[float, ...]]
    ) -> None:
        """The frames between two, neither of them included."""
        (first, here), (then, there) = start, end
        self._between += max(0, then - first - 1) // self.stride
        if self._between > MOST_BETWEEN:
            raise LabelsWrong(self._path, 0, f"holds more than {MOST_BETWEEN:,} boxes between key frames")
        for frame in range(first + self.stride, then, self.stride):
            share = (frame - first) / (then - first)
            edges = [a + (b - a) * share for a, b in zip(here[:4], there[:4], strict=True)]
            self._into.add(frame, label, track, (*edges, *here[4:]))
