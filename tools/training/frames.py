"""Pictures with boxes out of worlds: a few instants of many cameras, already as large as the network's input."""

import dataclasses
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world import conditions, rig, scene
from sensors.world.camera import Camera
from sensors.world.conditions import Condition
from sensors.world.render import Renderer, Shot
from sensors.world.traffic import Demand
from sensors.world.truth import role
from tools.training.split import Entry

WIDTH, HEIGHT = 320, 192
PICTURE = (320, 180)
PAD = 114
LABELS = ("person", "bicycle", "car", "bus", "truck")
DURATION_S = 40.0
FORMAT = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """Parallel arrays of N pictures and M boxes."""

    images: NDArray[np.uint8]
    """(N, HEIGHT, WIDTH, 3) BGR, letterboxed at the top left."""
    boxes: NDArray[np.float32]
    """(M, 4) x1 y1 x2 y2 in input pixels."""
    labels: NDArray[np.int64]
    roles: NDArray[np.int64]
    """0 must be found, 1 may be found; the least height of a scored box is not yet applied (`evaluate.truth`)."""
    owners: NDArray[np.int64]
    """(M,) which picture."""


def varied(condition: Condition, draw: random.Random) -> Condition:
    """A condition near a named one, never the named one itself."""

    def tint(values: tuple[float, float, float], spread: float) -> tuple[float, float, float]:
        level = draw.uniform(1 - spread, 1 + spread)
        a, b, c = (v * level * draw.uniform(0.96, 1.04) for v in values)
        return a, b, c

    return dataclasses.replace(
        condition,
        name=f"near {condition.name}",
        sun_elevation_deg=draw.uniform(26, 64),
        sun=tint(condition.sun, 0.25), ambient=tint(condition.ambient, 0.15), light=tint(condition.light, 0.2),
        sky_top=tint(condition.sky_top, 0.1), sky_low=tint(condition.sky_low, 0.08),
        shadow=condition.shadow * draw.uniform(0.6, 1.15), fog_per_m=condition.fog_per_m * draw.uniform(0.5, 1.6),
        lamps=condition.lamps * draw.uniform(0.7, 1.4), rain=min(condition.rain * draw.uniform(0.4, 1.2), 1.0),
        noise=condition.noise * draw.uniform(0.6, 1.8),
        clouds=min(max(condition.clouds + draw.uniform(-0.3, 0.3), 0), 1),
    )  # fmt: skip


def gather(entry: Entry, roadside: int, riding: int, instants: int) -> Frames:
    """Draw `instants` pictures of each of that many cameras in one world."""
    draw = random.Random(f"frames {entry.part} {entry.layout} {entry.seed}")
    teaching = entry.part in ("train", "valid")
    demand = Demand(draw.uniform(320, 900), draw.uniform(160, 620)) if teaching else Demand()
    world = scene.build(entry.layout, entry.seed, DURATION_S, demand)
    condition = conditions.named(entry.condition)
    if teaching:
        condition = varied(condition, draw)
    cameras = [rig.roadside(world, k) for k in range(roadside)]
    for start in (0.0, 14.0, 27.0):
        able = rig.carriers(world, start, start + 12.0)
        cameras += [rig.riding(world, t, f"v{t.id}-{start:.0f}") for t in able[: -(-riding // 3)]]
    renderer = Renderer(world, condition)
    images: list[NDArray[np.uint8]] = []
    boxes: list[list[float]] = []
    labels: list[int] = []
    roles: list[int] = []
    owners: list[int] = []
    try:
        for camera in cameras:
            low, high = _span(camera)
            for k in range(instants):
                seq = round((low + (high - low) * (k + draw.random()) / instants) * camera.fps)
                shot = renderer.shoot(camera, seq)
                if shot is None:
                    continue
                canvas = np.full((HEIGHT, WIDTH, 3), PAD, np.uint8)
                canvas[: PICTURE[1]] = cv2.resize(shot.image, PICTURE, interpolation=cv2.INTER_LINEAR)
                for box, label, kind in _boxes(shot, camera):
                    boxes.append(box)
                    labels.append(label)
                    roles.append(kind)
                    owners.append(len(images))
                images.append(canvas)
    finally:
        renderer.close()
    return Frames(
        np.array(images, np.uint8).reshape(-1, HEIGHT, WIDTH, 3), np.array(boxes, np.float32).reshape(-1, 4),
        np.array(labels, np.int64), np.array(roles, np.int64), np.array(owners, np.int64),
    )  # fmt: skip


def _span(camera: Camera) -> tuple[float, float]:
    if camera.rides is None:
        return 0.0, DURATION_S - 0.2
    start = float(camera.name.rpartition("-")[2])
    return start, start + 12.0


def _boxes(shot: Shot, camera: Camera) -> Iterator[tuple[list[float], int, int]]:
    scale = PICTURE[0] / camera.width
    for seen in shot.seen:
        # Teaching asks for more than scoring does: low things too, as long as they cover enough.
        what = role(seen, camera, min_height=0.0)
        if what == "invisible" or seen.visible is None:
            continue
        yield [v * scale for v in seen.visible], LABELS.index(seen.label), 0 if what == "positive" else 1


def path_of(entry: Entry, folder: Path, sizes: tuple[int, int, int]) -> Path:
    """Where the frames of a world are kept: a digest of what they are drawn from."""
    key = hashlib.sha256(f"{FORMAT} {entry} {sizes}".encode()).hexdigest()[:16]
    return folder / f"{entry.part}-{entry.layout}-{entry.seed}-{entry.condition}-{key}.npz"


def cached(entry: Entry, folder: Path, sizes: tuple[int, int, int]) -> Path:
    """Draw the frames of a world unless they are there already."""
    path = path_of(entry, folder, sizes)
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        frames = gather(entry, *sizes)
        part = path.with_suffix(".part.npz")
        np.savez(part, **{f.name: getattr(frames, f.name) for f in dataclasses.fields(Frames)})
        part.rename(path)
    return path


def load(paths: list[Path]) -> Frames:
    """All of them as one."""
    loaded = [np.load(path) for path in paths]
    start = np.cumsum([0] + [len(one["images"]) for one in loaded])
    return Frames(
        np.concatenate([one["images"] for one in loaded]), np.concatenate([one["boxes"] for one in loaded]),
        np.concatenate([one["labels"] for one in loaded]), np.concatenate([one["roles"] for one in loaded]),
        np.concatenate([one["owners"] + s for one, s in zip(loaded, start[:-1], strict=True)]),
    )  # fmt: skip
