"""Those without a roof: walkers in four steps of a stride, cyclists and motorcyclists."""

import math

from sensors.world.mesh import Colour, Mesh, ball, box, cylinder, join, limb, scaled

STRIDES = 6
SKINS: tuple[Colour, ...] = ((0.86, 0.66, 0.54), (0.75, 0.55, 0.42), (0.55, 0.38, 0.28), (0.36, 0.24, 0.17))
HAIRS: tuple[Colour, ...] = ((0.10, 0.08, 0.06), (0.24, 0.16, 0.10), (0.48, 0.36, 0.20), (0.55, 0.55, 0.55))
CLOTHES: tuple[Colour, ...] = (
    (0.12, 0.14, 0.20), (0.18, 0.26, 0.44), (0.55, 0.12, 0.14), (0.85, 0.85, 0.83), (0.24, 0.36, 0.24),
    (0.70, 0.58, 0.40), (0.30, 0.30, 0.32), (0.82, 0.62, 0.16), (0.48, 0.26, 0.44), (0.08, 0.08, 0.09),
)  # fmt: skip
Outfit = tuple[Colour, Colour, Colour, Colour]
"""Coat, trousers, skin, hair."""


def walker(outfit: Outfit, stride: int, height: float = 1.74, bag: bool = False) -> Mesh:
    """A person mid-step; `stride` 0..STRIDES-1 walks through one full cycle."""
    coat, trousers, skin, hair = outfit
    swing = math.sin(2 * math.pi * stride / STRIDES)
    shoe: Colour = (0.08, 0.07, 0.07)
    pieces = []
    for side, way in ((-1, swing), (1, -swing)):
        hip, knee = (side * 0.095, 0.0, 0.90), (side * 0.10, 0.20 * way + 0.05, 0.50)
        foot = (side * 0.10, 0.36 * way - (0.10 if way < 0 else 0.0), 0.09 + (0.07 if way < -0.3 else 0.0))
        pieces += [limb(hip, knee, 0.095, 0.075, trousers), limb(knee, foot, 0.072, 0.052, trousers)]
        pieces.append(box((0.10, 0.27, 0.09), (foot[0], foot[1] + 0.06, foot[2] - 0.09), shoe))
        shoulder, elbow = (side * 0.21, 0.0, 1.42), (side * 0.25, -0.14 * way, 1.14)
        hand = (side * 0.23, -0.26 * way + 0.10, 0.92)
        pieces += [limb(shoulder, elbow, 0.062, 0.052, coat), limb(elbow, hand, 0.050, 0.040, coat)]
        pieces.append(ball((0.045, 0.05, 0.06), (hand[0], hand[1], hand[2] - 0.05), skin, 4, 6))
    pieces.append(ball((0.205, 0.135, 0.34), (0, 0, 1.20), coat, 7, 10))
    pieces.append(ball((0.18, 0.125, 0.17), (0, 0, 0.94), trousers, 5, 9))
    pieces.append(ball((0.23, 0.115, 0.10), (0, 0, 1.42), coat, 5, 9))
    pieces.append(limb((0, 0, 1.46), (0, 0.01, 1.56), 0.055, 0.055, skin))
    pieces.append(ball((0.085, 0.10, 0.125), (0, 0.015, 1.64), skin, 6, 9))
    pieces.append(ball((0.092, 0.105, 0.10), (0, -0.015, 1.69), hair, 5, 9))
    if bag:
        pieces.append(box((0.28, 0.16, 0.40), (0, -0.18, 1.05), (0.16, 0.18, 0.22)))
    mesh = join(pieces)
    low, high = mesh.corners.min(axis=0), mesh.corners.max(axis=0)
    return scaled(mesh, float(high[0] - low[0]), float(high[1] - low[1]), height)


def rider(outfit: Outfit, seat: float, lean: float, helmet: Colour) -> list[Mesh]:
    """Somebody sitting at height `seat`, leaning `lean` metres forward at the shoulders."""
    coat, trousers, skin, _ = outfit
    pieces = []
    for side in (-1, 1):
        knee = (side * 0.15, 0.30, seat - 0.22)
        pieces += [limb((side * 0.09, -0.18, seat), knee, 0.09, 0.07, trousers)]
        pieces += [limb(knee, (side * 0.12, 0.12 + 0.08 * side, seat - 0.62 + 0.06 * side), 0.068, 0.05, trousers)]
        pieces.append(
            box((0.09, 0.25, 0.08), (side * 0.12, 0.16 + 0.08 * side, seat - 0.70 + 0.06 * side), (0.07, 0.07, 0.07))
        )
        elbow = (side * 0.28, lean + 0.05, seat + 0.26)
        pieces += [limb((side * 0.20, lean - 0.12, seat + 0.48), elbow, 0.06, 0.05, coat)]
        pieces += [limb(elbow, (side * 0.25, lean + 0.30, seat + 0.14), 0.05, 0.04, coat)]
    pieces.append(limb((0, -0.20, seat + 0.05), (0, lean - 0.13, seat + 0.46), 0.17, 0.19, coat))
    pieces.append(ball((0.22, 0.12, 0.11), (0, lean - 0.12, seat + 0.50), coat, 5, 8))
    pieces.append(ball((0.09, 0.105, 0.125), (0, lean + 0.0, seat + 0.72), skin, 6, 9))
    pieces.append(ball((0.105, 0.135, 0.10), (0, lean - 0.02, seat + 0.79), helmet, 5, 9))
    return pieces


def ring(radius: float, y: float, thickness: float, colour: Colour) -> list[Mesh]:
    """A tyre seen through: bars round a circle."""
    out, n = [], 14
    for k in range(n):
        a, b = 2 * math.pi * k / n, 2 * math.pi * (k + 1) / n
        start = (0.0, y + radius * math.cos(a), radius + radius * math.sin(a))
        end = (0.0, y + radius * math.cos(b), radius + radius * math.sin(b))
        out.append(limb(start, end, thickness, thickness, colour))
    for k in range(4):
        a = math.pi * k / 4
        d = (0.0, radius * math.cos(a), radius * math.sin(a))
        out.append(limb((0.0, y - d[1], radius - d[2]), (0.0, y + d[1], radius + d[2]), 0.006, 0.006, (0.5, 0.5, 0.5)))
    return out


def bicycle(outfit: Outfit, paint: Colour) -> Mesh:
    dark: Colour = (0.06, 0.06, 0.06)
    r = 0.34
    bars = [
        ((0, -0.52, r), (0, -0.12, 0.34)), ((0, -0.12, 0.34), (0, 0.42, 0.86)), ((0, -0.20, 0.84), (0, 0.40, 0.90)),
        ((0, -0.12, 0.34), (0, -0.22, 0.92)), ((0, 0.52, r), (0, 0.40, 0.95)), ((0, -0.52, r), (0, -0.20, 0.84)),
    ]  # fmt: skip
    pieces = ring(r, -0.52, 0.026, dark) + ring(r, 0.52, 0.026, dark)
    pieces += [limb((a[0], a[1], a[2]), (b[0], b[1], b[2]), 0.024, 0.024, paint) for a, b in bars]
    pieces.append(limb((-0.27, 0.34, 1.02), (0.27, 0.34, 1.02), 0.02, 0.02, dark))
    pieces.append(box((0.16, 0.26, 0.06), (0, -0.24, 0.92), dark))
    return join(pieces + rider(outfit, 0.98, 0.16, paint))


def motorcycle(outfit: Outfit, paint: Colour) -> Mesh:
    dark: Colour = (0.07, 0.07, 0.08)
    pieces = []
    for y in (-0.68, 0.70):
        pieces += [
            cylinder(0.31, 0.14, (0, y, 0.31), dark, 14),
            cylinder(0.18, 0.16, (0, y, 0.31), (0.45, 0.46, 0.48), 10),
        ]
    pieces += [
        box((0.34, 0.62, 0.34), (0, 0.0, 0.30), (0.30, 0.30, 0.31)),
        ball((0.20, 0.36, 0.17), (0, 0.20, 0.82), paint, 6, 9),
        box((0.28, 0.72, 0.12), (0, -0.40, 0.72), dark),
        box((0.22, 0.36, 0.14), (0, -0.78, 0.66), paint),
        limb((0, 0.70, 0.31), (0, 0.42, 0.98), 0.05, 0.05, (0.55, 0.55, 0.56)),
        limb((-0.36, 0.34, 1.02), (0.36, 0.34, 1.02), 0.025, 0.025, dark),
        ball((0.17, 0.14, 0.17), (0, 0.60, 0.92), paint, 5, 8),
        box((0.16, 0.04, 0.14), (0, 0.72, 0.86), (0.95, 0.95, 0.88)),
        box((0.18, 0.04, 0.09), (0, -0.97, 0.72), (0.72, 0.04, 0.04)),
        limb((0.2, -0.9, 0.36), (0.2, 0.1, 0.32), 0.05, 0.05, (0.50, 0.50, 0.52)),
    ]
    return join(pieces + rider(outfit, 0.84, 0.06, paint))
