"""Cameras: where they hang, what they see, when they look."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sensors.world.traffic import Track

NEAR_M = 0.4
FAR_M = 400.0
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """One instant of a camera: metres, and radians anticlockwise from north and upwards."""

    x: float
    y: float
    z: float
    yaw: float
    pitch: float

    def axes(self) -> Points:
        """(3, 3): rows are the camera's right, forward and up in the world."""
        cy, sy, cp, sp = math.cos(self.yaw), math.sin(self.yaw), math.cos(self.pitch), math.sin(self.pitch)
        return np.array([[cy, sy, 0.0], [-sy * cp, cy * cp, sp], [sy * sp, -cy * sp, cp]])


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole with square pixels, fixed at a roadside or riding on a vehicle."""

    name: str
    kind: Literal["roadside", "vehicle"]
    view: View
    """Where it hangs; for a vehicle relative to the middle of its footprint."""
    hfov_deg: float = 72.0
    width: int = 640
    height: int = 360
    fps: float = 15.0
    phase_ns: int = 0
    rides: int | None = None
    """The track that carries it."""

    @property
    def focal_px(self) -> float:
        return self.width / 2 / math.tan(math.radians(self.hfov_deg) / 2)

    def instant_ns(self, seq: int) -> int:
        """When frame `seq` is taken, nanoseconds since the world's zero."""
        return self.phase_ns + round(seq * 1e9 / self.fps)

    def project(self, view: View, points: Points) -> Points:
        """(N, 3) world points to (N, 3): pixel u, v and the depth along the axis in metres."""
        local = (points - np.array([view.x, view.y, view.z])) @ view.axes().T
        depth = local[:, 1]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        u = self.width / 2 + self.focal_px * local[:, 0] / safe
        v = self.height / 2 - self.focal_px * local[:, 2] / safe
        return np.stack([u, v, depth], axis=1)

    def rays(self, view: View, step: int = 1) -> NDArray[np.float32]:
        """(height/step, width/step, 3): for each pixel's middle the world direction with depth 1."""
        u = (np.arange(0, self.width, step) + step / 2 - self.width / 2) / self.focal_px
        v = (self.height / 2 - np.arange(0, self.height, step) - step / 2) / self.focal_px
        right, forward, up = view.axes()
        return np.asarray(forward + u[None, :, None] * right + v[:, None, None] * up, np.float32)

    def at(self, time_s: float, carrier: Track | None) -> View | None:
        """Its view at an instant; None while its carrier is not on the road."""
        if carrier is None:
            return self.view
        pose = carrier.at(time_s)
        if pose is None:
            return None
        c, s = math.cos(pose.heading), math.sin(pose.heading)
        x, y = self.view.x, self.view.y
        # A car on its springs nods a little; a camera that never does looks drawn.
        nod = 0.004 * math.sin(2 * math.pi * 1.3 * time_s) * min(pose.speed / 8.0, 1.0)
        return View(
            pose.x + c * x - s * y,
            pose.y + s * x + c * y,
            self.view.z,
            pose.heading + self.view.yaw,
            self.view.pitch + nod,
        )
