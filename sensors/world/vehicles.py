"""Four-wheeled shapes of our own: saloon, hatchback, off-roader, van, bus and lorry."""

import numpy as np

from sensors.world.mesh import Colour, Mesh, box, cylinder, join, loft, painted, scaled

GLASS: Colour = (0.10, 0.13, 0.16)
TYRE: Colour = (0.05, 0.05, 0.05)
RIM: Colour = (0.55, 0.56, 0.58)
TRIM: Colour = (0.09, 0.09, 0.10)
LAMP: Colour = (0.95, 0.95, 0.88)
TAIL: Colour = (0.72, 0.04, 0.04)
PLATE: Colour = (0.92, 0.92, 0.88)
ROOF_NORMAL_Z = 0.80

PAINTS: tuple[Colour, ...] = (
    (0.86, 0.87, 0.88),
    (0.93, 0.93, 0.92),
    (0.62, 0.64, 0.66),
    (0.36, 0.38, 0.40),
    (0.12, 0.12, 0.13),
    (0.07, 0.08, 0.10),
    (0.10, 0.17, 0.36),
    (0.20, 0.36, 0.60),
    (0.55, 0.07, 0.08),
    (0.70, 0.14, 0.10),
    (0.12, 0.28, 0.18),
    (0.52, 0.46, 0.36),
    (0.76, 0.62, 0.20),
    (0.80, 0.40, 0.12),
)


def wheels(half_track: float, axles: tuple[float, ...], radius: float, width: float = 0.22) -> list[Mesh]:
    """A wheel with its rim on both sides of each axle."""
    out: list[Mesh] = []
    for y in axles:
        for x in (-half_track, half_track):
            inner = x - np.sign(x) * width / 2
            out.append(cylinder(radius, width, (float(inner), y, radius), TYRE, 14))
            out.append(cylinder(radius * 0.62, 0.03, (float(x + np.sign(x) * 0.012), y, radius), RIM, 10))
    return out


def ends(front: float, rear: float, half: float, lamp_z: float, tail_z: float) -> list[Mesh]:
    """Lamps, plates and bumpers at both ends."""
    out: list[Mesh] = []
    for x in (-half * 0.72, half * 0.72):
        out.append(box((half * 0.40, 0.08, 0.15), (x, front - 0.06, lamp_z), LAMP))
        out.append(box((half * 0.30, 0.08, 0.20), (x, rear + 0.06, tail_z), TAIL))
    out.append(box((half * 0.9, 0.06, 0.20), (0, front - 0.02, lamp_z - 0.24), TRIM))
    out.append(box((0.52, 0.03, 0.12), (0, rear + 0.005, tail_z - 0.16), PLATE))
    out.append(box((0.52, 0.03, 0.12), (0, front + 0.01, lamp_z - 0.26), PLATE))
    out.append(box((half * 1.7, 0.08, 0.14), (0, rear + 0.05, tail_z - 0.40), TRIM))
    return out


def cabin(stations: list[tuple[float, float, float, float]], paint: Colour) -> Mesh:
    """Glass all round with the roof in the car's paint."""
    glass = loft(stations, GLASS, sides=16, squareness=5.0)
    roof = glass.normals[:, 2] > ROOF_NORMAL_Z
    high = glass.corners[:, 2] > max(s[3] for s in stations) - 0.14
    return painted(glass, roof & high, paint)


def saloon(paint: Colour) -> Mesh:
    body = loft(
        [
            (-2.25, 0.68, 0.38, 0.80), (-2.16, 0.82, 0.28, 0.95), (-1.6, 0.89, 0.20, 1.00), (0.0, 0.90, 0.18, 1.00),
            (1.0, 0.89, 0.20, 0.97), (1.7, 0.87, 0.22, 0.88), (2.15, 0.80, 0.28, 0.76), (2.27, 0.66, 0.36, 0.64),
        ],
        paint, sides=20, squareness=4.5,
    )  # fmt: skip
    top = cabin(
        [
            (-2.0, 0.62, 0.90, 0.97),
            (-1.25, 0.65, 0.90, 1.38),
            (-0.5, 0.67, 0.90, 1.46),
            (0.2, 0.66, 0.90, 1.43),
            (1.25, 0.66, 0.88, 0.95),
        ],
        paint,
    )
    return join([body, top, *wheels(0.90, (-1.35, 1.40), 0.32), *ends(2.27, -2.25, 0.86, 0.60, 0.70)])


def hatchback(paint: Colour) -> Mesh:
    body = loft(
        [
            (-1.95, 0.70, 0.36, 0.88), (-1.86, 0.83, 0.26, 1.02), (-1.2, 0.87, 0.20, 1.04), (0.2, 0.88, 0.18, 1.02),
            (1.2, 0.86, 0.22, 0.94), (1.85, 0.78, 0.28, 0.80), (1.97, 0.64, 0.36, 0.66),
        ],
        paint, sides=20, squareness=4.5,
    )  # fmt: skip
    top = cabin(
        [
            (-1.85, 0.66, 0.94, 1.10),
            (-1.5, 0.67, 0.94, 1.44),
            (-0.4, 0.68, 0.94, 1.53),
            (0.35, 0.66, 0.94, 1.46),
            (1.2, 0.66, 0.90, 0.97),
        ],
        paint,
    )
    return join([body, top, *wheels(0.88, (-1.2, 1.25), 0.31), *ends(1.97, -1.95, 0.83, 0.64, 0.84)])


def offroader(paint: Colour) -> Mesh:
    body = loft(
        [
            (-2.25, 0.74, 0.46, 0.95), (-2.17, 0.88, 0.36, 1.14), (-1.2, 0.94, 0.30, 1.17), (0.6, 0.95, 0.28, 1.15),
            (1.5, 0.92, 0.30, 1.08), (2.15, 0.86, 0.36, 0.98), (2.28, 0.74, 0.44, 0.84),
        ],
        paint, sides=20, squareness=5.5,
    )  # fmt: skip
    top = cabin(
        [
            (-2.12, 0.74, 1.06, 1.30),
            (-1.9, 0.75, 1.06, 1.66),
            (-0.4, 0.77, 1.06, 1.74),
            (0.4, 0.75, 1.06, 1.66),
            (1.2, 0.74, 1.04, 1.10),
        ],
        paint,
    )
    return join([body, top, *wheels(0.95, (-1.4, 1.42), 0.38, 0.26), *ends(2.28, -2.25, 0.90, 0.78, 0.92)])


def van(paint: Colour) -> Mesh:
    body = loft(
        [
            (-2.7, 0.86, 0.42, 2.02), (-2.62, 0.96, 0.34, 2.16), (0.9, 0.98, 0.30, 2.20), (1.55, 0.96, 0.30, 1.85),
            (2.05, 0.94, 0.32, 1.28), (2.55, 0.88, 0.36, 1.08), (2.72, 0.76, 0.42, 0.88),
        ],
        paint, sides=20, squareness=7.0,
    )  # fmt: skip
    screen = loft([(1.02, 0.84, 1.30, 2.06), (1.58, 0.84, 1.28, 1.84), (2.06, 0.82, 1.22, 1.30)], GLASS, squareness=8.0)
    sides = box((1.99, 0.95, 0.55), (0, 0.85, 1.30), GLASS)
    back = box((1.5, 0.05, 0.55), (0, -2.69, 1.35), GLASS)
    groove = box((1.985, 0.03, 1.5), (0, -0.3, 0.5), (paint[0] * 0.6, paint[1] * 0.6, paint[2] * 0.6))
    return join(
        [body, screen, sides, back, groove, *wheels(0.97, (-1.7, 1.75), 0.36), *ends(2.73, -2.70, 0.92, 0.74, 0.95)]
    )


def bus(paint: Colour) -> Mesh:
    second: Colour = (0.92, 0.92, 0.90) if sum(paint) < 2.2 else (0.16, 0.36, 0.62)
    hull = loft(
        [
            (-6.0, 1.18, 0.40, 2.85), (-5.9, 1.26, 0.32, 3.00), (5.8, 1.27, 0.32, 3.00),
            (5.95, 1.24, 0.36, 2.94), (6.02, 1.10, 0.45, 2.7),
        ],
        paint, sides=20, squareness=10.0,
    )  # fmt: skip
    pieces = [hull, box((2.552, 11.6, 0.30), (0, -0.05, 0.55), second)]
    pieces += [box((2.558, 1.38, 1.0), (0, -4.95 + i * 1.55, 1.45), GLASS) for i in range(7)]
    pieces.append(box((2.2, 0.06, 1.45), (0, 6.0, 1.15), GLASS))
    pieces.append(box((1.9, 0.06, 0.30), (0, 6.02, 2.62), (0.95, 0.62, 0.10)))
    pieces.append(box((1.9, 0.06, 0.85), (0, -5.98, 1.75), GLASS))
    pieces.append(box((1.6, 3.0, 0.22), (0, -1.0, 2.98), (0.80, 0.80, 0.80)))
    pieces += [box((2.57, 1.15, 2.05), (0, y, 0.42), (0.16, 0.18, 0.20)) for y in (4.3, -0.4)]
    return join([*pieces, *wheels(1.27, (-3.2, 3.3), 0.48, 0.30), *ends(6.04, -6.0, 1.2, 0.62, 0.80)])


def lorry(paint: Colour) -> Mesh:
    cargo: Colour = (0.88, 0.88, 0.86) if paint[2] < 0.5 else (0.30, 0.42, 0.58)
    cab = loft(
        [
            (1.75, 1.14, 0.55, 2.75), (1.9, 1.20, 0.50, 2.90), (3.2, 1.20, 0.50, 2.80),
            (3.75, 1.16, 0.52, 2.1), (3.9, 1.06, 0.58, 1.5),
        ],
        paint, sides=20, squareness=9.0,
    )  # fmt: skip
    screen = loft([(3.25, 1.08, 1.72, 2.70), (3.80, 1.08, 1.62, 2.08)], GLASS, squareness=9.0)
    pieces = [
        cab, screen,
        box((2.42, 0.75, 0.68), (0, 2.75, 1.72), GLASS),
        box((2.50, 5.45, 2.50), (0, -1.15, 1.05), cargo),
        box((2.51, 0.06, 2.40), (0, -3.88, 1.08), (cargo[0] * 0.8, cargo[1] * 0.8, cargo[2] * 0.8)),
        box((2.0, 7.2, 0.30), (0, -0.2, 0.70), TRIM),
        box((2.1, 0.1, 0.45), (0, 3.88, 0.60), TRIM),
        box((2.2, 0.08, 0.16), (0, -3.86, 0.62), TRIM),
    ]  # fmt: skip
    groove: Colour = (cargo[0] * 0.85, cargo[1] * 0.85, cargo[2] * 0.85)
    pieces += [box((2.512, 0.05, 2.4), (0, y, 1.1), groove) for y in (-2.5, -1.2, 0.1)]
    return join([*pieces, *wheels(1.20, (-2.6, 2.7), 0.50, 0.30), *ends(3.92, -3.88, 1.1, 0.78, 0.82)])


CAR_SHAPES = (saloon, hatchback, offroader)
LENGTHS = {"car": 4.5, "van": 5.4, "bus": 12.0, "truck": 7.8}


def varied(mesh: Mesh, stretch: tuple[float, float, float]) -> Mesh:
    """The same vehicle made a little wider, longer or taller."""
    width, length, height = mesh.size
    return scaled(mesh, width * stretch[0], length * stretch[1], height * stretch[2])
