"""What is really in a picture: boxes from the drawn numbers and from the geometry, and how well each can be seen."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world.bodies import LABELS, Body
from sensors.world.camera import NEAR_M, Camera, View
from sensors.world.mesh import Mesh
from sensors.world.traffic import Pose, Track

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels; a box round one pixel is one wide."""
MASK_PX = 96

FAIR_AREA = 400 / (640 * 360)
"""A smaller share of the picture is too small to be asked for: 20 x 20 pixels of 640 x 360."""
FAIR_HEIGHT = 24 / 360
"""Likewise of its height: 24 of 360 pixels, where KITTI's "moderate" asks for 25 of 375."""
FAIR_SIDE_PX = 7.0
FAIR_OCCLUDED = 0.60
FAIR_TRUNCATED = 0.60

Role = Literal["positive", "region", "invisible"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One road user in one frame. `visible` is None where not a pixel of it is drawn."""

    track: int
    kind: str
    label: str
    visible: Box | None
    amodal: Box
    """Of the whole shape as if nothing stood before it, cut at the picture's edge."""
    visible_px: float
    occluded: float
    """Share of its part inside the picture that others hide, 0..1."""
    truncated: float
    """Share of its full box outside the picture, 0..1."""
    distance_m: float
    position_m: tuple[float, float, float]
    """Middle of its footprint in the world."""
    heading_rad: float


def role(seen: Seen, camera: Camera, min_height: float = FAIR_HEIGHT) -> Role:
    """Whether a detector must find it, may find it (too small, too hidden or too far outside), or can't."""
    if seen.visible is None:
        return "invisible"
    wide, tall = seen.visible[2] - seen.visible[0], seen.visible[3] - seen.visible[1]
    small = wide * tall < FAIR_AREA * camera.width * camera.height or min(wide, tall) < FAIR_SIDE_PX
    small = small or tall < min_height * camera.height
    if small or seen.occluded > FAIR_OCCLUDED or seen.truncated > FAIR_TRUNCATED:
        return "region"
    return "positive"


def observe(
    camera: Camera, view: View, track: Track, body: Body, pose: Pose, numbers: NDArray[np.int32], number: int
) -> Seen | None:
    """What `numbers`, (s height, s width) for any whole s, show of it; None where it is outside the picture.

    The finer the numbers, the finer the visible box: the software renderer fills every pixel that a left edge touches.
    """
    fine = numbers.shape[1] // camera.width
    mesh = body.frames[body.frame(pose)]
    local = _local(mesh, pose, view)
    full = _outline(camera, local)
    if full is None:
        return None
    cut = (max(full[0], 0.0), max(full[1], 0.0), min(full[2], camera.width), min(full[3], camera.height))
    if cut[2] - cut[0] < 0.5 or cut[3] - cut[1] < 0.5:
        return None
    x0, y0 = int(max(cut[0] - 2, 0)) * fine, int(max(cut[1] - 2, 0)) * fine
    window = numbers[y0 : (math.ceil(cut[3]) + 2) * fine, x0 : (math.ceil(cut[2]) + 2) * fine] == number
    count = int(np.count_nonzero(window))
    visible: Box | None = None
    if count:
        rows, columns = np.flatnonzero(window.any(axis=1)), np.flatnonzero(window.any(axis=0))
        edges = (x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1)
        left, top, right, bottom = (float(edge) / fine for edge in edges)
        visible = (left, top, right, bottom)
    whole = (full[2] - full[0]) * (full[3] - full[1])
    inside = (cut[2] - cut[0]) * (cut[3] - cut[1])
    area = _silhouette(camera, local, mesh, cut)
    position = (pose.x, pose.y, 0.0)
    return Seen(
        track=track.id,
        kind=track.kind,
        label=LABELS[track.kind],
        visible=visible,
        amodal=cut,
        visible_px=count / fine**2,
        occluded=float(np.clip(1 - count / fine**2 / max(area, 1.0), 0, 1)),
        truncated=float(np.clip(1 - inside / max(whole, 1e-6), 0, 1)),
        distance_m=math.dist((view.x, view.y, view.z), (pose.x, pose.y, mesh.size[2] / 2)),
        position_m=position,
        heading_rad=pose.heading,
    )


def _local(mesh: Mesh, pose: Pose, view: View) -> NDArray[np.float64]:
    """Corners in the camera's axes: right, forward, up."""
    c, s = math.cos(pose.heading), math.sin(pose.heading)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    world = mesh.corners @ turn.T + np.array([pose.x - view.x, pose.y - view.y, -view.z])
    return np.asarray(world @ view.axes().T, np.float64)


def _outline(camera: Camera, local: NDArray[np.float64]) -> Box | None:
    """Bounds of the projected triangles, cut at the near plane, not at the picture's edge."""
    ahead = local[:, 1] >= NEAR_M
    if not ahead.any():
        return None
    points = [local[ahead]]
    if not ahead.all():
        triangles = local.reshape(-1, 3, 3)
        for i, j in ((0, 1), (1, 2), (2, 0)):
            a, b = triangles[:, i], triangles[:, j]
            crosses = (a[:, 1] >= NEAR_M) != (b[:, 1] >= NEAR_M)
            a, b = a[crosses], b[crosses]
            points.append(a + (b - a) * ((NEAR_M - a[:, 1]) / (b[:, 1] - a[:, 1]))[:, None])
    x, y, z = np.concatenate(points).T
    u = camera.width / 2 + camera.focal_px * x / y
    v = camera.height / 2 - camera.focal_px * z / y
    return float(u.min()), float(v.min()), float(u.max()), float(v.max())


def _silhouette(camera: Camera, local: NDArray[np.float64], mesh: Mesh, cut: Box) -> float:
    """Pixels that the shape would cover inside the picture were it alone: the union of its parts' hulls."""
    wide, tall = cut[2] - cut[0], cut[3] - cut[1]
    scale = min(max(MASK_PX / max(wide, tall), 0.25), 8.0)
    mask = np.zeros((math.ceil(tall * scale) + 2, math.ceil(wide * scale) + 2), np.uint8)
    depth = np.maximum(local[:, 1], NEAR_M)
    u = (camera.width / 2 + camera.focal_px * local[:, 0] / depth - cut[0]) * scale
    v = (camera.height / 2 - camera.focal_px * local[:, 2] / depth - cut[1]) * scale
    points = np.clip(np.stack([u, v], axis=1), -2000, 2000).astype(np.float32)
    for a, b in mesh.parts:
        hull = cv2.convexHull(points[a:b])[:, 0]
        cv2.fillConvexPoly(mask, np.round(hull * 16 - 8).astype(np.int32), 1, cv2.LINE_8, 4)
    border = 0.5 * 2 * (wide + tall) * scale * 0.5
    covered = float(np.count_nonzero(mask[: math.ceil(tall * scale), : math.ceil(wide * scale)]))
    return max(covered - border * 0.5, 1.0) / scale**2
