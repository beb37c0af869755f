"""Where to hang cameras in a world: at its corners, and on vehicles that come through its middle."""

import math
import random
import re
from collections.abc import Sequence

import numpy as np

from sensors.errors import GilmokError
from sensors.ranges import quoted
from sensors.world.camera import Camera, View
from sensors.world.layouts import LAYOUTS
from sensors.world.scene import World
from sensors.world.traffic import STEP_S, Track

CARRIERS = ("car", "van")
NS_PER_S = 1_000_000_000
_WRITTEN = re.compile(r"(?P<kind>rsu|vehicle)-(?P<number>[1-9][0-9]{0,3})")


class NoCarrier(GilmokError):
    def __init__(self, name: str, able: int, duration_s: float) -> None:
        super().__init__(
            f"{able} cars stay on the road for {duration_s:g} s, too few for a camera named '{name}'",
            hint="take fewer cameras, another seed or a shorter recording",
        )


def roadside(
    world: World, index: int, name: str = "", *, width: int = 640, height: int = 360, fps: float = 15.0
) -> Camera:
    """A unit on a pole at the `index`-th corner of the crossing, looking across it."""
    draw = random.Random(f"roadside {world.layout} {world.seed} {index}")
    arms = LAYOUTS[world.layout].arms
    arm, after = arms[index % len(arms)], arms[(index + 1) % len(arms)]
    gap = (after.bearing_deg - arm.bearing_deg) % 360
    bearing = math.radians(arm.bearing_deg + gap / 2)
    # The corner lies where the pavements of both arms meet.
    edge = max(arm.lanes, after.lanes) * 3.3 + LAYOUTS[world.layout].sidewalk_m
    away = min(edge / max(math.sin(math.radians(min(gap, 180)) / 2), 0.5) + draw.uniform(-1.0, 2.5), 24.0)
    x, y = away * math.sin(bearing), away * math.cos(bearing)
    aim = -bearing + math.pi + math.radians(draw.uniform(-16, 16))
    view = View(x, y, draw.uniform(4.2, 7.0), aim, math.radians(draw.uniform(-17, -9)))
    hfov = draw.uniform(62, 86)
    return Camera(
        name or f"rsu-{index + 1}",
        "roadside",
        view,
        round(hfov, 1),
        width,
        height,
        fps,
        draw.randrange(int(NS_PER_S / fps)),
    )


def carriers(world: World, start_s: float, end_s: float) -> list[Track]:
    """Cars and vans on the road all that time, those that come nearest to the middle and move most first."""

    def merit(track: Track) -> float:
        a, b = round((start_s - track.start_s) / STEP_S), round((end_s - track.start_s) / STEP_S)
        path = track.middle[a:b]
        near = float(np.mean(np.hypot(path[:, 0], path[:, 1]) < 70))
        moved = float(np.sum(track.speed[a:b])) * STEP_S
        return near + min(moved, 200.0) / 400.0

    stay = [t for t in world.tracks if t.kind in CARRIERS and t.start_s <= start_s and t.end_s >= end_s]
    return sorted(stay, key=lambda track: (-merit(track), track.id))


def riding(
    world: World, track: Track, name: str = "", *, width: int = 640, height: int = 360, fps: float = 15.0
) -> Camera:
    """A camera behind the windscreen of a vehicle."""
    draw = random.Random(f"riding {world.layout} {world.seed} {track.id}")
    view = View(
        0.0, 0.9, draw.uniform(1.28, 1.55), math.radians(draw.uniform(-2, 2)), math.radians(draw.uniform(-5, -1))
    )
    hfov = draw.uniform(62, 84)
    return Camera(
        name or f"vehicle-{track.id}", "vehicle", view, round(hfov, 1), width, height, fps,
        draw.randrange(int(NS_PER_S / fps)), track.id,
    )  # fmt: skip


def check_names(layout: str, names: Sequence[str]) -> list[tuple[str, int]]:
    """Kind and number, from 1, of each camera: `rsu-1` hangs at a corner, `vehicle-1` rides on the best carrier.

    Raises CameraTwice, or CameraUnknown, also for a corner that the layout doesn't have.
    """
    corners = len(LAYOUTS[layout].arms)
    found = []
    for name in names:
        written = _WRITTEN.fullmatch(name)
        if written is None:
            raise CameraUnknown(name, "", corners)
        kind, number = written["kind"], int(written["number"])
        if kind == "rsu" and number > corners:
            raise CameraUnknown(name, f": layout '{layout}' has {corners} corners", corners)
        if (kind, number) in found:
            raise CameraTwice(name)
        found.append((kind, number))
    return found


def named(
    world: World, names: Sequence[str], *, width: int = 640, height: int = 360, fps: float = 15.0
) -> list[Camera]:
    """The cameras of those names. Raises CameraUnknown or NoCarrier."""
    cameras: list[Camera] = []
    wanted = check_names(world.layout, names)
    able = carriers(world, 0.0, world.duration_s) if any(kind == "vehicle" for kind, _ in wanted) else []
    for name, (kind, number) in zip(names, wanted, strict=True):
        if kind == "rsu":
            cameras.append(roadside(world, number - 1, name, width=width, height=height, fps=fps))
        elif number <= len(able):
            cameras.append(riding(world, able[number - 1], name, width=width, height=height, fps=fps))
        else:
            raise NoCarrier(name, len(able), world.duration_s)
    return cameras


class CameraTwice(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"camera {quoted(name)} is named twice", "name each once: its recording is called by its name")


class CameraUnknown(GilmokError):
    def __init__(self, name: str, why: str, corners: int) -> None:
        super().__init__(
            f"there is no camera {quoted(name)}{why}", hint=f"name rsu-1 to rsu-{corners}, or vehicle-1, vehicle-2, ..."
        )
