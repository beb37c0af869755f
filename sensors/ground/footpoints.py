"""From pixels to points on the ground, and from what is known how well to an uncertainty in metres."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.ground.geometry import CameraGeometry, Points, axes

LENS_PX = 0.1
"""A pixel whose ray doesn't come back to it this well lies where the lens model no longer holds."""
MOST_SPREAD = 0.5
"""Standard deviation to distance: beyond, near the horizon, a point would be no measurement."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundPoints:
    """Of N pixels; all NaN where a ray meets no ground: at or above the horizon, or too near to it to be told."""

    points: Points
    """(N, 2): metres east and north."""
    covariance: Points
    """(N, 2, 2), square metres: of a box's edge and of the pose, to the first order."""


def ground_points(camera: CameraGeometry, pixels: NDArray[Any]) -> GroundPoints:
    """Where the rays of (N, 2) `pixels` (x, y; the picture's left and top edge at 0) meet the ground.

    Each source of error is moved by its standard deviation to both sides; half the difference is its column of the
    Jacobian times that deviation (ISO GUM, 5.1.3, note 2).
    """
    at = np.asarray(pixels, np.float64).reshape(-1, 2)
    noise = camera.box_sd_px * np.eye(2)
    rays = _rays(camera, np.concatenate([at, *(at + sign * way for way in noise for sign in (1, -1))]))
    origins, turns = _poses(camera)
    of_boxes = _meet(origins[:1], turns[:1], rays)[0].reshape(5, -1, 2)
    of_poses = _meet(origins[1:], turns[1:], rays[: len(at)])
    middle = of_boxes[0]
    plus, minus = np.concatenate([of_boxes[1::2], of_poses[::2]]), np.concatenate([of_boxes[2::2], of_poses[1::2]])
    jacobian = ((plus - minus) / 2).transpose(1, 2, 0)
    covariance = jacobian @ jacobian.transpose(0, 2, 1)
    distance = np.hypot(*(middle - origins[0, :2]).T)
    # NaN, of a shift across the horizon, compares as False.
    known = np.sqrt(np.trace(covariance, axis1=1, axis2=2)) <= MOST_SPREAD * np.maximum(distance, camera.z_m)
    return GroundPoints(np.where(known[:, None], middle, np.nan), np.where(known[:, None, None], covariance, np.nan))


def pixels_of(camera: CameraGeometry, points: Points) -> Points:
    """(N, 2) pixels of (N, 3) points in metres; NaN behind the camera."""
    turn = axes(camera.bearing_deg, camera.pitch_deg, camera.roll_deg)
    local = (np.asarray(points, np.float64) - [camera.x_m, camera.y_m, camera.z_m]) @ turn.T
    ahead = local[:, 2] > 0
    return np.where(ahead[:, None], _shown(camera, local / np.where(ahead, local[:, 2], 1.0)[:, None]), np.nan)


def _rays(camera: CameraGeometry, pixels: Points) -> Points:
    """(N, 3) directions right, down and forward, the last 1; NaN where the lens model doesn't hold."""
    if not len(pixels):
        return np.empty((0, 3))
    if camera.distortion:
        terms = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-9)
        lens = np.array(camera.distortion)
        flat = cv2.undistortPoints(pixels[:, None], camera.matrix, lens, criteria=terms)[:, 0]
    else:
        flat = (pixels - [camera.cx_px, camera.cy_px]) / [camera.fx_px, camera.fy_px]
    rays = np.column_stack([flat, np.ones(len(flat))])
    astray = ~(np.abs(_shown(camera, rays) - pixels).max(axis=1) <= LENS_PX)
    return np.where(astray[:, None], np.nan, rays)


def _shown(camera: CameraGeometry, rays: Points) -> Points:
    """(N, 2): the pixels of rays whose forward part is 1."""
    if not len(rays):
        return np.empty((0, 2))
    still = np.zeros(3)
    lens = np.array(camera.distortion) if camera.distortion else None
    return np.asarray(cv2.projectPoints(rays[:, None], still, still, camera.matrix, lens)[0][:, 0], np.float64)


@lru_cache(maxsize=64)
def _poses(camera: CameraGeometry) -> tuple[Points, Points]:
    """(13, 3) origins and (13, 3, 3) axes: as surveyed, then each of six numbers moved up and down by its deviation."""
    pose = np.array([camera.x_m, camera.y_m, camera.z_m, camera.bearing_deg, camera.pitch_deg, camera.roll_deg])
    place, angle = camera.position_sd_m, camera.angle_sd_deg
    spread = np.diag([place, place, camera.z_sd_m, angle, angle, angle])
    moved = np.concatenate([pose[None], *([pose + way, pose - way] for way in spread)])
    return moved[:, :3], np.stack([axes(*angles) for angles in moved[:, 3:]])


def _meet(origins: Points, turns: Points, rays: Points) -> Points:
    """(P, N, 2): where N rays in the axes of P cameras come down to the ground; NaN where they don't."""
    world = rays @ turns
    falls = world[..., 2] < 0
    length = np.where(falls, -origins[:, None, 2] / np.where(falls, world[..., 2], 1.0), np.nan)
    return np.asarray(origins[:, None, :2] + length[..., None] * world[..., :2], np.float64)
