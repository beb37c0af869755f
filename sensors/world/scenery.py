"""What stands still beside the road: houses, trees, lamp posts, signals, signs."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.world.layouts import Layout
from sensors.world.mesh import Colour, Mesh, ball, box, join, limb, moved
from sensors.world.network import Line

LANE_M = 3.3
LAMP_HEIGHT_M = 7.5


@dataclass(frozen=True, slots=True)
class House:
    """A box with four walls; `x`, `y` its middle, `yaw` radians anticlockwise."""

    x: float
    y: float
    yaw: float
    width: float
    depth: float
    height: float
    style: int

    def corners(self) -> Line:
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        half = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        local = np.array([[a * self.width / 2, b * self.depth / 2] for a, b in half])
        return np.asarray(local @ np.array([[c, s], [-s, c]]) + np.array([self.x, self.y]))


@dataclass(frozen=True, slots=True)
class Prop:
    """Something small; its distance is that of its middle."""

    kind: str
    x: float
    y: float
    mesh: Mesh
    height: float
    lamp: tuple[float, float, float] | None = None
    """Where its lamp hangs, if it is a street lamp."""


@dataclass(frozen=True, slots=True)
class Scenery:
    houses: tuple[House, ...]
    props: tuple[Prop, ...]

    def lamps(self) -> NDArray[np.float64]:
        """(N, 3) metres."""
        return np.array([p.lamp for p in self.props if p.lamp is not None], float).reshape(-1, 3)


def furnish(layout: Layout, draw: np.random.Generator) -> Scenery:
    """Houses, trees and posts along every arm, none of them on a road."""
    houses: list[House] = []
    props: list[Prop] = []
    for arm in layout.arms:
        angle = math.radians(arm.bearing_deg)
        along = np.array([math.sin(angle), math.cos(angle)])
        right = np.array([along[1], -along[0]])
        edge = arm.lanes * LANE_M + layout.sidewalk_m
        for side in (-1.0, 1.0):
            out = right * side
            s = draw.uniform(20, 30)
            while s < arm.length_m + 30:
                width, depth = draw.uniform(11, 26), draw.uniform(10, 14)
                setback = edge + draw.uniform(1.0, 7.0)
                middle = along * (s + width / 2) + out * (setback + depth / 2)
                house = House(
                    middle[0],
                    middle[1],
                    math.atan2(along[1], along[0]),
                    width,
                    depth,
                    draw.uniform(6, 22),
                    int(draw.integers(8)),
                )
                s += width + (draw.uniform(0, 2) if draw.random() < 0.6 else draw.uniform(6, 16))
                if draw.random() < 0.85 and _clear(layout, house.corners(), 1.0):
                    houses.append(house)
            s = draw.uniform(16, 26)
            while s < arm.length_m:
                place = along * s + out * (edge - 0.7 + draw.uniform(0.0, 1.4))
                if draw.random() < 0.62 and _clear(layout, place[None], -1.2):
                    props.append(_tree(draw, float(place[0]), float(place[1])))
                s += draw.uniform(9, 20)
            s = draw.uniform(12, 20)
            while s < arm.length_m:
                place = along * s + out * (arm.lanes * LANE_M + 0.6)
                if _clear(layout, place[None], -layout.sidewalk_m + 0.2):
                    props.append(_lamp_post(place, -out))
                s += 32
            for _ in range(5):
                place = along * draw.uniform(15, 120) + out * (edge - draw.uniform(0.2, 0.9))
                if _clear(layout, place[None], -1.4):
                    props.append(_clutter(draw, place, float(draw.uniform(0, 6.28))))
        corner = along * (arm.lanes * LANE_M + 10.5) + right * (arm.lanes * LANE_M + 0.9)
        props.append(_signal(corner, -right, along))
    for _ in range(160):
        # Where no arm runs, an open field to the horizon would give the layout away.
        angle, far = draw.uniform(0, 2 * math.pi), draw.uniform(30, 170)
        x, y = far * math.sin(angle), far * math.cos(angle)
        width, depth = draw.uniform(11, 26), draw.uniform(10, 14)
        house = House(x, y, draw.uniform(0, math.pi), width, depth, draw.uniform(5, 16), int(draw.integers(8)))
        near = any(math.hypot(h.x - x, h.y - y) < 24 for h in houses)
        if not near and _clear(layout, house.corners(), 3.0):
            houses.append(house)
    return Scenery(tuple(houses), tuple(props))


def _clear(layout: Layout, points: Line, margin: float) -> bool:
    for arm in layout.arms:
        angle = math.radians(arm.bearing_deg)
        along = np.array([math.sin(angle), math.cos(angle)])
        s = points @ along
        off = np.abs(points @ np.array([along[1], -along[0]]))
        limit = arm.lanes * LANE_M + layout.sidewalk_m + margin
        if np.any((s > -limit) & (off < limit)):
            return False
    return True


def _tree(draw: np.random.Generator, x: float, y: float) -> Prop:
    height = float(draw.uniform(4.5, 9.0))
    green: Colour = (float(draw.uniform(0.16, 0.30)), float(draw.uniform(0.30, 0.42)), float(draw.uniform(0.10, 0.20)))
    trunk = limb((0, 0, 0), (0, 0, height * 0.55), 0.18, 0.11, (0.27, 0.21, 0.16))
    pieces = [trunk]
    for _ in range(9):
        spread = height * 0.24
        at = (
            float(draw.normal(0, spread * 0.55)),
            float(draw.normal(0, spread * 0.55)),
            float(height * draw.uniform(0.52, 0.92)),
        )
        r = height * float(draw.uniform(0.10, 0.19))
        tone = float(draw.uniform(0.8, 1.2))
        leaf = ball((r, r, r * 0.85), at, (green[0] * tone, green[1] * tone, green[2] * tone), 7, 11)
        wobble = 1 + 0.10 * np.sin(leaf.corners * 9.0).sum(axis=1, keepdims=True)
        centre = np.array(at, np.float32)
        speckle = (1 + 0.22 * np.sin(leaf.corners @ np.array([17.0, 23.0, 31.0]) * 1.7))[:, None]
        corners = (centre + (leaf.corners - centre) * wobble).astype(np.float32)
        colours = np.clip(leaf.colours * speckle, 0, 1).astype(np.float32)
        pieces.append(Mesh(corners, leaf.normals, colours, leaf.parts))
    return Prop("tree", x, y, moved(join(pieces), (x, y, 0)), height)


def _lamp_post(place: NDArray[np.float64], inward: NDArray[np.float64]) -> Prop:
    grey: Colour = (0.34, 0.35, 0.36)
    x, y = float(place[0]), float(place[1])
    tip = place + inward * 2.0
    lamp = (float(tip[0]), float(tip[1]), LAMP_HEIGHT_M)
    pole = limb((x, y, 0), (x, y, LAMP_HEIGHT_M + 0.2), 0.09, 0.06, grey)
    arm = limb((x, y, LAMP_HEIGHT_M + 0.1), lamp, 0.05, 0.05, grey)
    head = box((0.35, 0.35, 0.12), (lamp[0], lamp[1], LAMP_HEIGHT_M - 0.06), (0.85, 0.85, 0.80))
    return Prop("lamp", x, y, join([pole, arm, head]), LAMP_HEIGHT_M, lamp)


def _signal(place: NDArray[np.float64], inward: NDArray[np.float64], along: NDArray[np.float64]) -> Prop:
    x, y = float(place[0]), float(place[1])
    dark: Colour = (0.10, 0.11, 0.10)
    pieces = [limb((x, y, 0), (x, y, 5.6), 0.09, 0.07, (0.32, 0.33, 0.34))]
    over = place + inward * 3.4
    pieces.append(limb((x, y, 5.5), (float(over[0]), float(over[1]), 5.6), 0.06, 0.05, (0.32, 0.33, 0.34)))
    lamps: tuple[Colour, ...] = ((0.12, 0.75, 0.30), (0.30, 0.24, 0.05), (0.28, 0.05, 0.05))
    for spot, z in ((place, 2.9), (over, 4.9)):
        pieces.append(box((0.34, 0.34, 1.0), (float(spot[0]), float(spot[1]), z), dark))
        face = spot + along * 0.18
        for k, colour in enumerate(lamps):
            pieces.append(ball((0.11, 0.11, 0.11), (float(face[0]), float(face[1]), z + 0.2 + 0.3 * k), colour, 5, 8))
    return Prop("signal", x, y, join(pieces), 5.6)


def _clutter(draw: np.random.Generator, place: NDArray[np.float64], yaw: float) -> Prop:
    """Bins, signs, boxes and bollards: what a detector must learn to leave alone."""
    x, y = float(place[0]), float(place[1])
    kind = int(draw.integers(5))
    tone = float(draw.uniform(0.2, 0.7))
    if kind == 0:
        mesh = box((0.55, 0.55, 1.05), (0, 0, 0), (0.12, 0.26 + 0.2 * tone, 0.16))
    elif kind == 1:
        face = [(0.75, 0.10, 0.10), (0.10, 0.25, 0.65), (0.80, 0.70, 0.10)][int(draw.integers(3))]
        mesh = join(
            [
                limb((0, 0, 0), (0, 0, 2.6), 0.035, 0.035, (0.5, 0.5, 0.5)),
                ball((0.33, 0.03, 0.33), (0, 0.04, 2.4), face, 8, 14),
            ]
        )
    elif kind == 2:
        mesh = box((0.9, 0.45, 1.3), (0, 0, 0), (tone, tone, tone * 0.95))
    elif kind == 3:
        mesh = join(
            [
                box((1.3, 0.12, 1.7), (0, 0, 0.5), (tone, 0.5, 0.9 - tone)),
                box((1.4, 0.18, 0.5), (0, 0, 0), (0.2, 0.2, 0.2)),
            ]
        )
    else:
        shrubs = [
            ball(
                (0.7, 0.6, 0.55),
                (float(draw.normal(0, 0.6)), float(draw.normal(0, 0.3)), 0.4),
                (0.16, 0.32, 0.14),
                6,
                9,
            )
            for _ in range(3)
        ]
        mesh = join(shrubs)
    return Prop("clutter", x, y, moved(mesh, (x, y, 0), yaw=yaw), 1.5)
