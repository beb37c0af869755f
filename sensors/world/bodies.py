"""Which shape, paint and clothes each road user has, drawn from the world's seed and its track."""

import random
from dataclasses import dataclass

from sensors.world import people, stock, vehicles
from sensors.world.mesh import Colour, Mesh, scaled
from sensors.world.traffic import Pose, Track

STRIDE_M = 1.45
LABELS = {
    "car": "car", "van": "car", "bus": "bus", "truck": "truck",
    "bicycle": "bicycle", "motorcycle": "bicycle", "person": "person",
}  # fmt: skip
"""What the truth calls each kind: a van is a car, and a motorcycle with its rider a two-wheeler."""
DRIVEN = ("car", "van", "bus", "truck", "motorcycle")


@dataclass(frozen=True, slots=True)
class Body:
    """The shapes of one road user, one for each step of its stride; most have only one."""

    kind: str
    frames: tuple[Mesh, ...]
    front: tuple[tuple[float, float, float], ...]
    """Where its headlamps are, in its own axes."""
    rear: tuple[tuple[float, float, float], ...]

    def frame(self, pose: Pose) -> int:
        """Which of `frames` it shows in that pose."""
        if len(self.frames) == 1 or pose.speed < 0.15:
            return 0
        return int(pose.travelled_m / STRIDE_M * len(self.frames)) % len(self.frames)


def body(track: Track, seed: int) -> Body:
    draw = random.Random(f"body {seed} {track.id}")
    kind = track.kind
    if kind == "person":
        outfit = _outfit(draw)
        height, bag = draw.uniform(1.52, 1.90), draw.random() < 0.3
        return Body(kind, tuple(people.walker(outfit, k, height, bag) for k in range(people.STRIDES)), (), ())
    if kind in ("bicycle", "motorcycle"):
        mesh = _two_wheeler(kind, draw)
    else:
        mesh = _vehicle(kind, draw)
    width, length, height = mesh.size
    if kind == "bicycle":
        return Body(kind, (mesh,), (), ())
    half = 0.0 if kind == "motorcycle" else width * 0.36
    lamp_z, tail_z = min(0.66, height * 0.45), min(0.85, height * 0.55)
    sides = (0.0,) if kind == "motorcycle" else (-half, half)
    return Body(
        kind,
        (mesh,),
        tuple((x, length / 2 + 0.02, lamp_z) for x in sides),
        tuple((x, -length / 2 - 0.02, tail_z) for x in sides),
    )


def _vehicle(kind: str, draw: random.Random) -> Mesh:
    paint = _shade(draw.choice(vehicles.PAINTS), draw)
    stretch = (draw.uniform(0.97, 1.03), draw.uniform(0.95, 1.05), draw.uniform(0.97, 1.05))
    if kind == "car":
        pick = draw.random()
        if pick < 0.28:
            mesh = stock.vehicle("sedan", paint)
        else:
            mesh = draw.choice(vehicles.CAR_SHAPES)(paint)
    elif kind == "van":
        pick = draw.random()
        if pick < 0.5:
            mesh = vehicles.van(_shade(draw.choice(((0.93, 0.93, 0.92), (0.86, 0.87, 0.88), paint)), draw))
        else:
            mesh = stock.vehicle("minibus" if pick < 0.75 else "microcargo", paint)
    elif kind == "bus":
        colours = ((0.13, 0.36, 0.66), (0.20, 0.52, 0.30), (0.72, 0.16, 0.14), (0.90, 0.90, 0.88), (0.86, 0.64, 0.12))
        mesh = vehicles.bus(_shade(draw.choice(colours), draw))
    else:
        mesh = vehicles.lorry(paint)
    return vehicles.varied(mesh, stretch)


def _two_wheeler(kind: str, draw: random.Random) -> Mesh:
    paint = _shade(draw.choice(vehicles.PAINTS), draw)
    mesh = people.bicycle(_outfit(draw), paint) if kind == "bicycle" else people.motorcycle(_outfit(draw), paint)
    width, length, height = mesh.size
    grow = draw.uniform(0.96, 1.06)
    return scaled(mesh, width * grow, length, height * grow)


def _outfit(draw: random.Random) -> people.Outfit:
    coat, trousers = _shade(draw.choice(people.CLOTHES), draw), _shade(draw.choice(people.CLOTHES), draw)
    return coat, trousers, draw.choice(people.SKINS), draw.choice(people.HAIRS)


def _shade(colour: Colour, draw: random.Random) -> Colour:
    tone = draw.uniform(0.85, 1.12)
    r, g, b = (min(max(c * tone + draw.uniform(-0.03, 0.03), 0.02), 0.96) for c in colour)
    return r, g, b
