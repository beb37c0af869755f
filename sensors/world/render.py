"""Frames of one world as one camera sees them: drawn, lit, photographed, and their exact truth."""

import math
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world import optics, textures
from sensors.world.camera import Camera, View
from sensors.world.conditions import Condition
from sensors.world.ground import TILE_M, Ground
from sensors.world.light import Lamp, Light
from sensors.world.network import Line
from sensors.world.scene import World
from sensors.world.scenery import House
from sensors.world.stage import RendererName, Stage
from sensors.world.textures import Picture
from sensors.world.traffic import Pose, Track
from sensors.world.truth import Seen, observe

FIRST_TRACK = 2000
"""Numbers below belong to what stands still; a track's number is this plus its id."""
FIRST_MOVING = 100_000
"""Road users are drawn after all that stands still, whichever camera saw them first."""
SIGHT_M = 130.0


@dataclass(frozen=True, slots=True)
class Shot:
    image: Picture
    numbers: NDArray[np.int32]
    """What is drawn at each of the picture's pixels: 0 sky or ground, less than FIRST_TRACK scenery."""
    seen: tuple[Seen, ...]


class Renderer:
    """All cameras of one world, one condition and one picture size share it. Close it after use."""

    def __init__(
        self, world: World, condition: Condition, width: int = 640, height: int = 360,
        supersample: int = 2, renderer: RendererName = "p3tinydisplay",
    ) -> None:  # fmt: skip
        self._world = world
        self._condition = condition
        self._stage = Stage(width, height, supersample, renderer)
        self._fine = supersample
        self._nodes: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._shown: list[tuple[Any, Any]] = []
        self._lenses: dict[str, optics.Lens] = {}
        draw = np.random.default_rng([world.seed, 2])
        azimuth = draw.uniform(0, 2 * math.pi)
        height_rad = math.radians(condition.sun_elevation_deg)
        self._sun = np.array(
            [math.sin(azimuth) * math.cos(height_rad), math.cos(azimuth) * math.cos(height_rad), -math.sin(height_rad)]
        )
        blue, green, red = condition.ambient
        sun_b, sun_g, sun_r = condition.sun
        self._stage.light(
            (red, green, blue), (sun_r, sun_g, sun_b), (float(self._sun[0]), float(self._sun[1]), float(self._sun[2]))
        )
        self._planes = np.zeros((FIRST_TRACK, 4), np.float32)
        self._spots = np.full((FIRST_TRACK, 3), np.nan, np.float32)
        self._next = 1
        self._build_ground(draw)
        self._build_houses(draw)
        self._build_props()
        sky = textures.sky(draw, condition.sky_top, condition.sky_low, condition.clouds)
        self._light = Light(condition, sky, self._sun, world.scenery.lamps(), self._planes, self._spots)

    def close(self) -> None:
        self._stage.close()

    def shoot(self, camera: Camera, seq: int, time_s: float | None = None) -> Shot | None:
        """Frame `seq` at its instant (or at `time_s`); None while the camera's carrier is not on the road."""
        world, condition = self._world, self._condition
        now = camera.instant_ns(seq) / 1e9 if time_s is None else time_s
        carrier = world.by_id[camera.rides] if camera.rides is not None else None
        view = camera.at(now, carrier)
        if view is None:
            return None
        present = self._place(view, now, camera.rides)
        drawn, fine = self._stage.shoot(camera, view, condition.sky_low)
        numbers = np.ascontiguousarray(fine[:: self._fine, :: self._fine])
        scene = cv2.resize(drawn, self._stage.size, interpolation=cv2.INTER_AREA).astype(np.float32)
        lamps = [self._lamp(track, pose) for track, pose in present]
        if carrier is not None and (pose := carrier.at(now)) is not None:
            lamps.append(self._lamp(carrier, pose))
        distances = {FIRST_TRACK + track.id: _distance(view, pose) for track, pose in present}
        lit = self._light.apply(scene, numbers, camera, view, lamps, distances)
        key = zlib.crc32(f"{camera.name} {seq}".encode())
        draw = np.random.default_rng([world.seed, key, 3])
        earlier = camera.at(max(now - condition.exposure_s, 0.0), carrier) or view
        drift = _drift(camera, view, earlier)
        image = optics.expose(lit, self._lens(camera), condition, draw, drift)
        seen = tuple(
            observe(camera, view, track, world.body(track), pose, fine, FIRST_TRACK + track.id)
            for track, pose in present
        )
        return Shot(image, numbers, tuple(one for one in seen if one is not None))

    def _lens(self, camera: Camera) -> optics.Lens:
        if camera.name not in self._lenses:
            draw = np.random.default_rng([self._world.seed, zlib.crc32(camera.name.encode()), 4])
            self._lenses[camera.name] = optics.lens(draw, camera.width, camera.height, self._condition.rain)
        return self._lenses[camera.name]

    def _place(self, view: View, now: float, hidden: int | None) -> list[tuple[Track, Pose]]:
        for pair in self._shown:
            for path in pair:
                path.hide()
        self._shown.clear()
        present: list[tuple[Track, Pose]] = []
        for track in self._world.tracks:
            pose = track.at(now)
            if pose is None or track.id == hidden or _distance(view, pose) > SIGHT_M:
                continue
            frame = self._world.body(track).frame(pose)
            for path in self._pair(track, frame):
                path.set_pos(pose.x, pose.y, 0)
                path.set_h(math.degrees(pose.heading))
                path.show()
            self._shown.append(self._pair(track, frame))
            present.append((track, pose))
        return present

    def _pair(self, track: Track, frame: int) -> tuple[Any, Any]:
        key = (track.id, frame)
        if key not in self._nodes:
            node = self._stage.node(self._world.body(track).frames[frame])
            order = FIRST_MOVING + track.id
            colour = self._stage.hang(self._stage.colour_root, node, order)
            number = self._stage.hang(self._stage.number_root, node, order)
            self._stage.number(number, FIRST_TRACK + track.id)
            self._nodes[key] = (colour, number)
        return self._nodes[key]

    def _lamp(self, track: Track, pose: Pose) -> Lamp:
        body = self._world.body(track)
        return Lamp(FIRST_TRACK + track.id, track.kind, pose, body.front, body.rear)

    def _build_ground(self, draw: np.random.Generator) -> None:
        condition = self._condition
        shadows: list[Line] = []
        if condition.shadow > 0:
            shadows += [_shadow(house.corners(), house.height, self._sun) for house in self._world.scenery.houses]
            for prop in self._world.scenery.props:
                flat = prop.mesh.corners[:, :2] - prop.mesh.corners[:, 2:3] * self._sun[:2] / self._sun[2]
                hulls = (cv2.convexHull(flat[a:b].astype(np.float32))[:, 0] for a, b in prop.mesh.parts)
                shadows.extend(hull.astype(float) for hull in hulls)
        ground = Ground(self._world.network, draw, shadows, condition.shadow)
        wet = 1 - 0.42 * condition.rain
        for tile in ground.tiles():
            x, y = tile.x, tile.y
            corners = np.array(
                [[x, y, 0], [x + TILE_M, y, 0], [x + TILE_M, y + TILE_M, 0], [x, y + TILE_M, 0]], np.float32
            )
            uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
            path = self._stage.hang(self._stage.colour_root, self._stage.card(corners, (0, 0, 1), uv))
            path.set_texture(self._stage.texture((tile.picture * wet).astype(np.uint8), repeat=False))

    def _build_houses(self, draw: np.random.Generator) -> None:
        stage, night = self._stage, self._condition.night or self._condition.lamps > 0.3
        walls = [stage.texture(textures.facade(draw, night), repeat=True) for _ in range(textures.FACADES)]
        shops = [stage.texture(textures.shopfront(draw, night), repeat=True) for _ in range(4)]
        for house in self._world.scenery.houses:
            corners = house.corners()
            for k in range(4):
                self._build_wall(house, corners[k], corners[(k + 1) % 4], walls, shops)
            self._build_roof(house, corners)

    def _build_wall(
        self, house: House, a: NDArray[np.float64], b: NDArray[np.float64], walls: list[Any], shops: list[Any]
    ) -> None:
        stage = self._stage
        along = b - a
        length = float(np.linalg.norm(along))
        normal = np.array([along[1], -along[0], 0]) / length
        number = self._number_of(plane=(normal, float(normal[:2] @ a)))
        foot = 3.6 if house.style % 2 else 0.0
        bands = [(foot, house.height, walls[house.style], length / 12, (house.height - foot) / 12)]
        if foot:
            bands.append((0.0, foot, shops[house.style // 2], length / 16, 1.0))
        for low, high, texture, u, v in bands:
            corners = np.array([[*a, low], [*b, low], [*b, high], [*a, high]], np.float32)
            uv = np.array([[0, 0], [u, 0], [u, v], [0, v]], np.float32)
            node = stage.card(corners, (float(normal[0]), float(normal[1]), 0), uv)
            stage.hang(stage.colour_root, node).set_texture(texture)
            stage.number(stage.hang(stage.number_root, node), number)

    def _build_roof(self, house: House, corners: Line) -> None:
        stage = self._stage
        top = np.concatenate([corners, np.full((4, 1), house.height)], axis=1).astype(np.float32)
        node = stage.card(top, (0, 0, 1), np.zeros((4, 2), np.float32))
        stage.hang(stage.colour_root, node).set_color_scale(0.5, 0.5, 0.5, 1)
        stage.number(stage.hang(stage.number_root, node), self._number_of(plane=(np.array([0, 0, 1.0]), house.height)))

    def _build_props(self) -> None:
        for prop in self._world.scenery.props:
            node = self._stage.node(prop.mesh)
            self._stage.hang(self._stage.colour_root, node)
            number = self._number_of(spot=(prop.x, prop.y, prop.height / 2))
            self._stage.number(self._stage.hang(self._stage.number_root, node), number)

    def _number_of(
        self, plane: tuple[NDArray[np.float64], float] | None = None, spot: tuple[float, float, float] | None = None
    ) -> int:
        number = min(self._next, FIRST_TRACK - 1)
        self._next += 1
        if plane is not None:
            self._planes[number, :3], self._planes[number, 3] = plane
        if spot is not None:
            self._spots[number] = spot
        return number


def _shadow(footprint: Line, height: float, sun: NDArray[np.float64]) -> Line:
    moved = footprint - height * sun[:2] / sun[2]
    hull = cv2.convexHull(np.concatenate([footprint, moved]).astype(np.float32))
    return np.asarray(hull[:, 0], float)


def _distance(view: View, pose: Pose) -> float:
    return math.hypot(pose.x - view.x, pose.y - view.y)


def _drift(camera: Camera, view: View, earlier: View) -> tuple[float, float]:
    turn = (view.yaw - earlier.yaw) * camera.focal_px
    moved = math.hypot(view.x - earlier.x, view.y - earlier.y)
    nod = (view.pitch - earlier.pitch) * camera.focal_px
    # Driving straight on smears the picture outwards; at the middle third this is what is left of it, 25 m away.
    return turn + moved * camera.focal_px / 25.0 * 0.2, nod
