"""Light and weather laid over the drawn scene: shadows, lamps, haze and sky, from each pixel's place in the world."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world.camera import NEAR_M, Camera, View
from sensors.world.conditions import Condition
from sensors.world.textures import Picture
from sensors.world.traffic import Pose

HAZE_PER_M = 0.0009
SKY_M = 600.0
CONTACT = 0.55
FOOTPRINT = {
    "car": (1.8, 4.4), "van": (2.0, 5.3), "bus": (2.55, 12.0), "truck": (2.5, 7.8),
    "bicycle": (0.35, 1.7), "motorcycle": (0.5, 2.0), "person": (0.5, 0.45),
}  # fmt: skip
HEIGHT = {"car": 1.4, "van": 2.1, "bus": 3.0, "truck": 3.4, "bicycle": 1.7, "motorcycle": 1.6, "person": 1.74}
WARM = np.array([0.62, 0.85, 1.0], np.float32)
COOL = np.array([0.96, 0.98, 1.0], np.float32)
RED = np.array([0.10, 0.12, 1.0], np.float32)
COARSE = 2
OWN_M = 2.6
"""Nearer than this is the camera's own carrier, whose lamps and contact shadow it does not see."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A road user as a carrier of lamps and caster of a shadow."""

    number: int
    kind: str
    pose: Pose
    front: tuple[tuple[float, float, float], ...]
    rear: tuple[tuple[float, float, float], ...]

    def world(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        return self.pose.x + c * point[0] - s * point[1], self.pose.y + s * point[0] + c * point[1], point[2]


class Light:
    def __init__(
        self, condition: Condition, sky: Picture, sun: NDArray[np.float64], street: NDArray[np.float64],
        planes: NDArray[np.float32], spots: NDArray[np.float32],
    ) -> None:  # fmt: skip
        self._condition = condition
        self._sky = sky.astype(np.float32)
        self._sun = sun
        self._street = street
        self._planes = planes
        self._spots = spots

    def apply(
        self, scene: NDArray[np.float32], numbers: NDArray[np.int32], camera: Camera, view: View,
        users: Sequence[Lamp], distances: Mapping[int, float],
    ) -> NDArray[np.float32]:  # fmt: skip
        """The scene (height, width, 3) under this condition; `distances` holds those of the moving numbers."""
        condition = self._condition
        rays = camera.rays(view)
        depth = self._depth(numbers, rays, view, distances)
        ground = (numbers == 0) & (depth < SKY_M)
        sky = (numbers == 0) & ~ground
        out = scene * self._shade(ground, camera, view, users)[..., None]
        if condition.lamps > 0.3:
            day = np.asarray(condition.light, np.float32)
            lamps = self._lamplight(depth, rays, view, users)
            # Façades with lit windows were drawn brighter than white: they shine by themselves.
            out = out * (day + condition.lamps * lamps)
            shining = np.maximum(scene - 225.0, 0) * (numbers > 0)[..., None] * (condition.lamps * 4.0)
            out = out + shining * np.asarray(WARM)
        else:
            out = out * np.asarray(condition.light, np.float32)
        if sky.any():
            out[sky] = self._heaven(rays)[sky]
        haze = np.exp(-np.minimum(depth, 2000.0) * (HAZE_PER_M + condition.fog_per_m))[..., None]
        haze[sky] = 1.0 if condition.fog_per_m < 0.01 else 0.12
        veil = np.asarray(condition.sky_low, np.float32)
        out = out * haze + veil * (1 - haze)
        if condition.rain > 0:
            out = self._mirrored(out, ground)
        if condition.lamps > 0.05:
            out = out + self._glow(numbers, camera, view, users, ground)
        return np.asarray(out, np.float32)

    def _depth(
        self, numbers: NDArray[np.int32], rays: NDArray[np.float32], view: View, distances: Mapping[int, float]
    ) -> NDArray[np.float32]:
        eye = np.array([view.x, view.y, view.z], np.float32)
        falls = rays[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(falls < -1e-4, -view.z / falls, np.float32(1e6))
            still = np.where(numbers < len(self._planes), numbers, 0)
            slope = np.einsum("hwc,hwc->hw", self._planes[still, :3], rays)
            rest = self._planes[:, 3] - self._planes[:, :3] @ eye
            flat = rest[still] / slope
        spots = np.linalg.norm(self._spots - eye, axis=1)
        far = spots[still]
        depth = np.where(numbers > 0, np.where(np.isnan(far), flat, far), depth)
        for number, distance in distances.items():
            depth[numbers == number] = distance
        return np.asarray(np.clip(np.nan_to_num(depth, nan=50.0), 0.3, 1e6), np.float32)

    def _shade(
        self, ground: NDArray[np.bool_], camera: Camera, view: View, users: Sequence[Lamp]
    ) -> NDArray[np.float32]:
        contact = np.zeros(ground.shape, np.uint8)
        cast = np.zeros(ground.shape, np.uint8)
        for user in users:
            width, length = FOOTPRINT[user.kind]
            foot = [user.world((a * width / 2, b * length / 2, 0.0)) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            if math.hypot(user.pose.x - view.x, user.pose.y - view.y) > OWN_M:
                _fill(contact, camera, view, np.array(foot))
            if self._condition.shadow > 0:
                slim = 0.8
                top = [
                    user.world((a * width * slim / 2, b * length * slim / 2, HEIGHT[user.kind]))
                    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
                ]
                high = np.array(top)
                high[:, :2] -= high[:, 2:3] * self._sun[:2] / self._sun[2]
                high[:, 2] = 0
                hull = cv2.convexHull(np.concatenate([np.array(foot)[:, :2], high[:, :2]]).astype(np.float32))[:, 0]
                _fill(cast, camera, view, np.concatenate([hull, np.zeros((len(hull), 1))], axis=1))
        soft = cv2.GaussianBlur(contact, (0, 0), 2.2).astype(np.float32) / 255 * CONTACT
        hard = cv2.GaussianBlur(cast, (0, 0), 0.8).astype(np.float32) / 255 * self._condition.shadow
        return np.asarray(np.where(ground, (1 - soft) * (1 - hard), 1.0), np.float32)

    def _lamplight(
        self, depth: NDArray[np.float32], rays: NDArray[np.float32], view: View, users: Sequence[Lamp]
    ) -> NDArray[np.float32]:
        place = rays[::COARSE, ::COARSE] * depth[::COARSE, ::COARSE, None]
        x, y, z = place[..., 0] + view.x, place[..., 1] + view.y, place[..., 2] + view.z
        street = np.zeros(x.shape, np.float32)
        for lx, ly, lz in self._street:
            if math.hypot(lx - view.x, ly - view.y) > 110:
                continue
            square = (x - lx) ** 2 + (y - ly) ** 2 + np.square(np.minimum(z - lz, -2.0))
            street += 60.0 / (square + 20.0) * np.float32(0.13)
        beam = np.zeros(x.shape, np.float32)
        for user in users:
            if not user.front or math.hypot(user.pose.x - view.x, user.pose.y - view.y) > 70:
                continue
            c, s = math.cos(user.pose.heading), math.sin(user.pose.heading)
            dx, dy = x - user.pose.x, y - user.pose.y
            ahead = -s * dx + c * dy - user.front[0][1]
            aside = c * dx + s * dy
            spread = np.exp(-np.square(aside / (1.3 + 0.20 * np.maximum(ahead, 0))))
            reach = np.where(ahead > 0, 0.75 / (1 + np.square(ahead / 16.0)), 0)
            # Dipped beams: little light above the height of a bonnet.
            beam += spread * reach * np.where(z < 1.3, 1.0, np.exp(-(z - 1.3) * 1.2))
        light = street[..., None] * WARM + np.minimum(beam, 1.1)[..., None] * COOL
        size = (depth.shape[1], depth.shape[0])
        return np.asarray(cv2.resize(light.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)

    def _heaven(self, rays: NDArray[np.float32]) -> NDArray[np.float32]:
        azimuth = np.arctan2(rays[..., 0], rays[..., 1])
        up = np.arctan2(rays[..., 2], np.hypot(rays[..., 0], rays[..., 1]))
        column = ((azimuth / (2 * np.pi)) % 1.0 * 512).astype(np.float32)
        row = np.clip((1 - up / (np.pi / 2)) * 500, 0, 511).astype(np.float32)
        picture = cv2.remap(self._sky, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        if self._condition.glare > 0:
            towards = -self._sun / np.linalg.norm(self._sun)
            near = rays @ towards.astype(np.float32) / np.linalg.norm(rays, axis=2)
            halo = np.exp((near - 1) * 40)[..., None] * 220 + np.exp((near - 1) * 900)[..., None] * 700
            picture = picture + halo * np.array([0.75, 0.9, 1.0], np.float32) * self._condition.glare * 2.5
        return np.asarray(picture, np.float32)

    def _mirrored(self, picture: NDArray[np.float32], ground: NDArray[np.bool_]) -> NDArray[np.float32]:
        """A wet road shows a smeared image of what stands above it."""
        smear = cv2.blur(picture, (3, 61), borderType=cv2.BORDER_REFLECT)
        amount = 0.42 * self._condition.rain * ground.astype(np.float32)[..., None]
        return np.asarray(picture * (1 - amount) + smear * amount, np.float32)

    def _glow(
        self, numbers: NDArray[np.int32], camera: Camera, view: View, users: Sequence[Lamp], ground: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        layer = np.zeros((*numbers.shape, 3), np.float32)
        strength = 255.0 * min(1.0, 0.35 + self._condition.lamps)
        for user in users:
            if math.hypot(user.pose.x - view.x, user.pose.y - view.y) < OWN_M:
                continue
            facing = _facing(user, view)
            points = [(p, COOL, 0.10, facing) for p in user.front] + [(p, RED, 0.06, -facing) for p in user.rear]
            for point, colour, radius, way in points:
                if way < 0.05:
                    continue
                level = strength * min(1.0, way * 1.5) * (1.8 if user.pose.braking and colour is RED else 1.0)
                self._spark(layer, numbers, camera, view, user.world(point), colour * level, radius, user.number)
        if self._condition.lamps > 0.3:
            for lamp in self._street:
                if math.hypot(lamp[0] - view.x, lamp[1] - view.y) < 120:
                    spot = (float(lamp[0]), float(lamp[1]), float(lamp[2]))
                    self._spark(layer, numbers, camera, view, spot, WARM * strength * 1.2, 0.16, None)
        bloom = (
            cv2.GaussianBlur(layer, (0, 0), 3.0) * 1.0
            + cv2.GaussianBlur(layer, (0, 0), 14.0) * 1.6 * self._condition.lamps
        )
        if self._condition.rain > 0:
            streak = cv2.blur(layer, (3, 91))
            bloom = bloom + streak * 2.0 * ground.astype(np.float32)[..., None]
        return np.asarray(layer + bloom, np.float32)

    def _spark(
        self, layer: NDArray[np.float32], numbers: NDArray[np.int32], camera: Camera, view: View,
        point: tuple[float, float, float], colour: NDArray[np.float32], radius_m: float, number: int | None,
    ) -> None:  # fmt: skip
        u, v, depth = camera.project(view, np.array([point]))[0]
        if depth < 1.0 or not (0 <= u < camera.width and 0 <= v < camera.height):
            return
        found = int(numbers[int(v), int(u)])
        if number is not None and found not in (number, 0):
            return
        if number is None and found >= len(self._planes):
            return
        size = max(radius_m * camera.focal_px / depth, 0.6)
        centre = (round(float(u) * 16 - 8), round(float(v) * 16 - 8))
        cv2.circle(layer, centre, round(size * 16), colour.tolist(), -1, cv2.LINE_AA, 4)


def _facing(user: Lamp, view: View) -> float:
    """Cosine between its way and the way to the camera."""
    dx, dy = view.x - user.pose.x, view.y - user.pose.y
    far = max(math.hypot(dx, dy), 1e-3)
    return (-math.sin(user.pose.heading) * dx + math.cos(user.pose.heading) * dy) / far


def _fill(mask: NDArray[np.uint8], camera: Camera, view: View, polygon: NDArray[np.float64]) -> None:
    """Fill a polygon of the world, cut at the near plane."""
    local = (polygon - np.array([view.x, view.y, view.z])) @ view.axes().T
    kept: list[NDArray[np.float64]] = []
    for a, b in zip(local, np.roll(local, -1, axis=0), strict=True):
        if a[1] >= NEAR_M:
            kept.append(a)
        if (a[1] >= NEAR_M) != (b[1] >= NEAR_M):
            kept.append(a + (b - a) * (NEAR_M - a[1]) / (b[1] - a[1]))
    if len(kept) < 3:
        return
    points = np.array(kept)
    u = camera.width / 2 + camera.focal_px * points[:, 0] / points[:, 1]
    v = camera.height / 2 - camera.focal_px * points[:, 2] / points[:, 1]
    pixels = np.clip(np.stack([u, v], axis=1), -4000, 4000) * 16 - 8
    cv2.fillPoly(mask, [np.round(pixels).astype(np.int32)], 255, cv2.LINE_8, 4)
