"""Triangles with a colour and a normal a corner, and the few solids from which every shape here is built.

Axes of a shape: x to its right, y forward, z up, metres, origin on the ground below its middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
Station = tuple[float, float, float, float]
"""One rib of a loft: position along y, half the width, bottom and top z, metres."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Unindexed triangles: corners, normals and colours are (3 T, 3) float32, colours 0..1."""

    corners: Floats
    normals: Floats
    colours: Floats
    parts: tuple[tuple[int, int], ...]
    """Half-open ranges of corners, each nearly convex: the silhouette is the union of their hulls."""

    @property
    def size(self) -> tuple[float, float, float]:
        """Width, length and height in metres."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        return float(high[0] - low[0]), float(high[1] - low[1]), float(high[2] - low[2])


def join(meshes: Sequence[Mesh]) -> Mesh:
    parts: list[tuple[int, int]] = []
    start = 0
    for mesh in meshes:
        parts.extend((start + a, start + b) for a, b in mesh.parts)
        start += len(mesh.corners)
    return Mesh(
        np.concatenate([m.corners for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.colours for m in meshes]),
        tuple(parts),
    )


def moved(mesh: Mesh, by: tuple[float, float, float] = (0.0, 0.0, 0.0), pitch: float = 0.0, yaw: float = 0.0) -> Mesh:
    """Turned about x by `pitch` and then about z by `yaw` (radians), then moved."""
    turn = _about_z(yaw) @ _about_x(pitch)
    corners = mesh.corners @ turn.T + np.asarray(by, np.float32)
    return Mesh(corners.astype(np.float32), (mesh.normals @ turn.T).astype(np.float32), mesh.colours, mesh.parts)


def scaled(mesh: Mesh, width: float, length: float, height: float) -> Mesh:
    """Stretched to the given extents, centred on x and y, standing on z = 0."""
    low, high = mesh.corners.min(axis=0), mesh.corners.max(axis=0)
    factor = np.array([width, length, height], np.float32) / np.maximum(high - low, 1e-6)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]], np.float32)
    normals = mesh.normals / factor
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return Mesh(
        ((mesh.corners - middle) * factor).astype(np.float32), normals.astype(np.float32), mesh.colours, mesh.parts
    )


def solid(corners: Floats, colour: Colour, normals: Floats | None = None) -> Mesh:
    """One convex part from (3 T, 3) corners; flat outward normals where none are given, wound to match."""
    corners = corners.astype(np.float32).reshape(-1, 3, 3)
    if normals is None:
        flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        inward = np.sum(flat * (corners.mean(axis=1) - corners.mean(axis=(0, 1))), axis=1) < 0
        corners[inward] = corners[inward][:, ::-1]
        flat[inward] *= -1
        flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
        normals = np.repeat(flat, 3, axis=0)
    corners = corners.reshape(-1, 3)
    colours = np.tile(np.asarray(colour, np.float32), (len(corners), 1))
    return Mesh(corners, normals.astype(np.float32), colours, ((0, len(corners)),))


def box(size: tuple[float, float, float], at: tuple[float, float, float], colour: Colour) -> Mesh:
    """A box of (width, length, height) whose bottom face is centred on `at`."""
    w, d, h = size[0] / 2, size[1] / 2, size[2]
    x = np.array([[-w, -d, 0], [w, -d, 0], [w, d, 0], [-w, d, 0], [-w, -d, h], [w, -d, h], [w, d, h], [-w, d, h]])
    faces = [(0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4)]
    faces += [(1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4), (3, 4, 7)]
    return solid((x[np.array(faces).reshape(-1)] + np.array(at)).astype(np.float32), colour)


def loft(stations: Sequence[Station], colour: Colour, sides: int = 12, squareness: float = 4.0) -> Mesh:
    """A skin over ribs along y; each rib is a superellipse (2 is round, 4 a rounded box). Normals are smooth."""
    angle = (np.arange(sides) + 0.5) * 2 * np.pi / sides
    c, s = np.cos(angle), np.sin(angle)
    ring_x = np.sign(c) * np.abs(c) ** (2 / squareness)
    ring_z = np.sign(s) * np.abs(s) ** (2 / squareness)
    rings = np.stack(
        [
            np.stack([half * ring_x, np.full(sides, y), (low + high) / 2 + (high - low) / 2 * ring_z], axis=1)
            for y, half, low, high in stations
        ]
    )
    centres = np.array([[0.0, y, (low + high) / 2] for y, _, low, high in stations])
    triangles: list[NDArray[np.float64]] = []
    for i in range(len(stations) - 1):
        a, b = rings[i], rings[i + 1]
        a2, b2 = np.roll(a, -1, axis=0), np.roll(b, -1, axis=0)
        triangles.append(np.stack([a, b, b2, a, b2, a2], axis=1).reshape(-1, 3))
    skin = np.concatenate(triangles)
    first, last = rings[0], rings[-1]
    start = np.stack([np.tile(centres[0], (sides, 1)), first, np.roll(first, -1, axis=0)], axis=1)
    end = np.stack([np.tile(centres[-1], (sides, 1)), np.roll(last, -1, axis=0), last], axis=1)
    shell = solid(np.concatenate([skin, start.reshape(-1, 3), end.reshape(-1, 3)]).astype(np.float32), colour)
    return _smoothed(shell)


def cylinder(radius: float, width: float, at: tuple[float, float, float], colour: Colour, sides: int = 12) -> Mesh:
    """A wheel: its axis along x, centred on `at`."""
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack([np.zeros(sides), radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    left, right = ring - np.array([width / 2, 0, 0]), ring + np.array([width / 2, 0, 0])
    left2, right2 = np.roll(left, -1, axis=0), np.roll(right, -1, axis=0)
    hub_l, hub_r = np.tile([[-width / 2, 0, 0]], (sides, 1)), np.tile([[width / 2, 0, 0]], (sides, 1))
    corners = np.stack([left, right2, right, left, left2, right2, hub_l, left2, left, hub_r, right, right2], axis=1)
    return solid((corners.reshape(-1, 3) + np.array(at)).astype(np.float32), colour)


def limb(
    start: tuple[float, float, float], end: tuple[float, float, float], r0: float, r1: float, colour: Colour
) -> Mesh:
    """A tapered round bar between two points."""
    a, b = np.array(start, float), np.array(end, float)
    axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    side = np.cross(axis, [1.0, 0.0, 0.0] if abs(axis[0]) < 0.8 else [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    angle = np.arange(7) * 2 * np.pi / 7
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other
    low, high = a + ring * r0, b + ring * r1
    low2, high2 = np.roll(low, -1, axis=0), np.roll(high, -1, axis=0)
    tip_a, tip_b = np.tile(a - axis * r0 * 0.5, (7, 1)), np.tile(b + axis * r1 * 0.5, (7, 1))
    corners = np.stack([low, low2, high2, low, high2, high, tip_a, low2, low, tip_b, high, high2], axis=1)
    return _smoothed(solid(corners.reshape(-1, 3).astype(np.float32), colour))


def ball(
    radius: tuple[float, float, float], at: tuple[float, float, float], colour: Colour, rows: int = 6, sides: int = 9
) -> Mesh:
    """An ellipsoid centred on `at`."""
    theta = np.linspace(0, np.pi, rows + 1)
    phi = np.arange(sides + 1) * 2 * np.pi / sides
    unit = np.stack(
        [
            np.outer(np.sin(theta), np.cos(phi)),
            np.outer(np.sin(theta), np.sin(phi)),
            np.outer(np.cos(theta), np.ones(sides + 1)),
        ],
        axis=2,
    )
    a, b, c, d = unit[:-1, :-1], unit[1:, :-1], unit[1:, 1:], unit[:-1, 1:]
    points = np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3)
    normals = points / np.array(radius)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return solid((points * np.array(radius) + np.array(at)).astype(np.float32), colour, normals.astype(np.float32))


def painted(mesh: Mesh, where: NDArray[np.bool_], colour: Colour) -> Mesh:
    """The same mesh with the corners of the mask in another colour; a triangle follows its first corner."""
    colours = mesh.colours.copy()
    colours[np.repeat(where[0::3], 3)] = colour
    return Mesh(mesh.corners, mesh.normals, colours, mesh.parts)


def _smoothed(mesh: Mesh) -> Mesh:
    keys = np.round(mesh.corners, 4)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.reshape(-1)
    total = np.zeros((int(group.max()) + 1, 3))
    np.add.at(total, group, mesh.normals)
    normals = total[group]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Mesh(mesh.corners, normals.astype(np.float32), mesh.colours, mesh.parts)


def _about_x(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_z(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
