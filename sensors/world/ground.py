"""What lies on the ground: asphalt, pavements, markings, wear and the shadows of what stands still, drawn in tiles."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world.network import Lane, Line, Network, ribbon
from sensors.world.textures import Picture, noise

TILE_M = 32.0
NEAR_M = 50.0
FAR_M = 120.0
REACH_M = 272.0
SHIFT = 4
WHITE = (215, 218, 220)
YELLOW = (70, 170, 215)


@dataclass(frozen=True, slots=True)
class Tile:
    x: float
    y: float
    picture: Picture
    """Its first row lies in the north."""


class Shapes:
    """Outlines with their bounds, so that a tile looks only at those that reach it."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._low = np.array([line.min(axis=0) for line in lines]).reshape(-1, 2)
        self._high = np.array([line.max(axis=0) for line in lines]).reshape(-1, 2)

    def over(self, x: float, y: float) -> list[Line]:
        """Those whose bounds touch the tile with its south-west corner at (x, y), in their order."""
        reached = (self._high >= (x, y)) & (self._low <= (x + TILE_M, y + TILE_M))
        return [self._lines[k] for k in np.flatnonzero(reached.all(axis=1))]


class Ground:
    """Draws any tile of one world's ground; shadows are polygons in metres, darkened by `shade` (0..1)."""

    def __init__(self, network: Network, draw: np.random.Generator, shadows: list[Line], shade: float) -> None:
        self._network = network
        self._shadows = Shapes(shadows)
        self._shade = shade
        self._grain = noise(draw, 1024, ((512, 0.55), (128, 0.25), (16, 0.30), (4, 0.35)))
        self._patches = noise(draw, 1024, ((8, 1.0), (32, 0.5)))
        self._sizes: dict[int, tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]] = {}
        self._asphalt = draw.uniform(74, 112)
        self._slab = draw.uniform(128, 168)
        self._lawn = draw.random() < 0.55
        self._yellow = draw.random() < 0.5
        self._repairs = [(Shapes([shape]), tone) for shape, tone in (self._repair(draw) for _ in range(26))]
        roads = [ribbon(lane.shape, lane.width_m + 0.1) for lane in network.lanes if lane.kind in ("drive", "walk")]
        self._roads = Shapes([*roads, network.junction])
        corners = [corner.shape for corner in network.of_kind("corner")]
        self._corners = Shapes(corners)
        self._pavement = Shapes([*(ribbon(w.shape, w.width_m + 0.3) for w in network.of_kind("walk")), *corners])
        self._tar = Shapes([*(ribbon(d.shape, d.width_m + 0.25) for d in network.of_kind("drive")), network.junction])
        paths = network.of_kind("drive") + network.of_kind("inside")
        self._wear = Shapes([ribbon(lane.shape, 0.42, side) for lane in paths for side in (-0.8, 0.8)])
        self._marks = [(Shapes(lines), colour) for lines, colour in self._markings()]

    def tiles(self) -> list[Tile]:
        """Fine where the road is, coarse elsewhere."""
        out = []
        for i in range(int(2 * REACH_M / TILE_M)):
            for j in range(int(2 * REACH_M / TILE_M)):
                x, y = -REACH_M + i * TILE_M, -REACH_M + j * TILE_M
                near = max(abs(x + TILE_M / 2), abs(y + TILE_M / 2)) < NEAR_M
                far = max(abs(x), abs(y)) > FAR_M
                size = 64
                if self._roads.over(x, y):
                    size = 1024 if near else 256 if far else 512
                out.append(Tile(x, y, self._tile(x, y, size)))
        return out

    def _tile(self, x: float, y: float, size: int) -> Picture:
        scale = size / TILE_M
        grain, patches, lawn = self._textures(size)
        if size == 64:
            return np.clip(self._darkened(lawn, x, y, scale), 0, 255).astype(np.uint8)
        picture = lawn.copy()

        def fill(shapes: Shapes) -> NDArray[np.bool_] | None:
            over = shapes.over(x, y)
            return _filled(over, x, y, size) > 0 if over else None

        if (pavement := fill(self._pavement)) is not None:
            slabs = np.array([0.98, 1.0, 1.01], np.float32) * np.float32(self._slab)
            slabs = slabs * (1 + 0.05 * grain[pavement] + 0.05 * patches[pavement])
            joint = max(1, round(0.6 * scale))
            for place in np.nonzero(pavement):
                slabs[place % joint == 0] *= 0.90
            picture[pavement] = slabs
        if (road := fill(self._tar)) is not None:
            if (corners := fill(self._corners)) is not None:
                road &= ~corners
            kerb = np.ones((3, 3), np.uint8)
            edge = cv2.dilate(road.astype(np.uint8), kerb, iterations=max(1, round(0.09 * scale))) > 0
            picture[edge & ~road] = 150.0
            tar = np.array([1.02, 1.0, 0.98], np.float32) * np.float32(self._asphalt)
            tar = tar * (1 + 0.10 * grain[road] + 0.06 * patches[road])
            for shapes, tone in [*self._repairs, (self._wear, 0.93)]:
                if (mask := fill(shapes)) is not None:
                    tar[mask[road]] *= tone
            picture[road] = tar
        for shapes, colour in self._marks:
            if (mask := fill(shapes)) is not None:
                worn = 0.80 + 0.14 * grain[mask]
                picture[mask] = 0.8 * (np.array(colour, np.float32) * worn) + 0.2 * picture[mask]
        return np.clip(self._darkened(picture, x, y, scale), 0, 255).astype(np.uint8)

    def _textures(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Of any tile of size x size pixels: grain, patches (size, size, 1), and a tile of lawn (size, size, 3)."""
        if size not in self._sizes:
            grain, patches = (
                cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA)[..., None]
                for whole in (self._grain, self._patches)
            )
            colour = np.array([62, 105, 92] if self._lawn else [118, 128, 132], np.float32)
            lawn = np.asarray(colour * (1 + 0.16 * grain + 0.10 * patches), np.float32)
            self._sizes[size] = (np.asarray(grain, np.float32), np.asarray(patches, np.float32), lawn)
        return self._sizes[size]

    def _darkened(self, picture: NDArray[np.float32], x: float, y: float, scale: float) -> NDArray[np.float32]:
        over = self._shadows.over(x, y)
        if not over or self._shade <= 0:
            return picture
        mask = _filled(over, x, y, len(picture))
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.12 * scale, 0.5)).astype(np.float32)[..., None] / 255
        tint = np.array([0.82, 0.94, 1.0], np.float32)
        return np.asarray(picture * (1 - np.float32(self._shade) * soft * tint), np.float32)

    def _repair(self, draw: np.random.Generator) -> tuple[Line, float]:
        lanes = self._network.of_kind("drive")
        lane = lanes[int(draw.integers(len(lanes)))]
        a, b = lane.shape[0], lane.shape[-1]
        centre = a + (b - a) * draw.uniform(0.1, 0.98)
        along = (b - a) / np.linalg.norm(b - a)
        across = np.array([-along[1], along[0]])
        half_l, half_w = draw.uniform(0.6, 5.0), draw.uniform(0.3, 1.5)
        corners = [centre + s * along * half_l + t * across * half_w for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        return np.array(corners), float(draw.choice([0.78, 0.86, 1.10]))

    def _markings(self) -> list[tuple[list[Line], tuple[int, int, int]]]:
        white: list[Line] = []
        middle: list[Line] = []
        by_edge: dict[str, list[Lane]] = {}
        for lane in self._network.of_kind("drive"):
            by_edge.setdefault(lane.edge, []).append(lane)
        for edge, lanes in by_edge.items():
            for index, lane in enumerate(lanes):
                half = lane.width_m / 2
                if index < len(lanes) - 1:
                    white += _dashes(lane.shape, half, 0.14, 3.0, 6.0)
                else:
                    middle.append(ribbon(lane.shape, 0.13, half - 0.12))
                if index == 0:
                    white.append(ribbon(lane.shape, 0.12, -half + 0.18))
                if edge.endswith("_in"):
                    a, b = lane.shape[-2], lane.shape[-1]
                    along = (b - a) / np.linalg.norm(b - a)
                    stop = np.stack([b - along * 0.9, b - along * 0.5])
                    white.append(ribbon(stop, lane.width_m - 0.3))
        for crossing in self._network.of_kind("crossing"):
            white += _dashes(crossing.shape, 0.0, crossing.width_m - 0.5, 0.5, 0.55)
        return [(white, WHITE), (middle, YELLOW if self._yellow else WHITE)]


def _dashes(line: Line, shift: float, width: float, on: float, off: float) -> list[Line]:
    out = []
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    s = off / 2
    while s + on < along[-1]:
        at = np.array([s, s + on])
        piece = np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1)
        out.append(ribbon(piece, width, shift))
        s += on + off
    return out


def _filled(shapes: list[Line], x: float, y: float, size: int) -> NDArray[np.uint8]:
    """255 inside any of them, on a tile of size x size pixels."""
    mask = np.zeros((size, size), np.uint8)
    for shape in shapes:
        cv2.fillPoly(mask, [_pixels(shape, x, y, size / TILE_M)], 255, cv2.LINE_8, SHIFT)
    return mask


def _pixels(shape: Line, x: float, y: float, scale: float) -> NDArray[np.int32]:
    columns = (shape[:, 0] - x) * scale - 0.5
    rows = (TILE_M - (shape[:, 1] - y)) * scale - 0.5
    return np.round(np.stack([columns, rows], axis=1) * (1 << SHIFT)).astype(np.int32)
