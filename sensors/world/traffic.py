"""What moves: SUMO's vehicles and walkers as tracks sampled every tenth of a second, read at any instant between."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import GilmokError
from sensors.world.layouts import Layout
from sensors.world.network import Network

STEP_S = 0.1
WARM_UP_S = 45.0
KINDS = ("car", "van", "bus", "truck", "bicycle", "motorcycle", "person")


class TrafficFailed(GilmokError):
    def __init__(self, layout: str, words: str) -> None:
        super().__init__(f"SUMO could not run layout '{layout}': {words}", hint="pip install 'gilmok[world]'")


@dataclass(frozen=True, slots=True)
class Track:
    """One road user from its first sample to its last."""

    id: int
    kind: str
    start_s: float
    """When the first sample was taken, seconds since the world's zero; negative if it was there before."""
    middle: NDArray[np.float32]
    """(N, 2) metres."""
    heading: NDArray[np.float32]
    """(N,) radians, anticlockwise from north, unwrapped."""
    speed: NDArray[np.float32]
    """(N,) m/s."""
    braking: NDArray[np.bool_]

    @property
    def end_s(self) -> float:
        return self.start_s + (len(self.middle) - 1) * STEP_S

    def at(self, time_s: float) -> "Pose | None":
        """Where it is at an instant; None before it came and after it left."""
        if not self.start_s <= time_s <= self.end_s:
            return None
        place = (time_s - self.start_s) / STEP_S
        i = min(int(place), len(self.middle) - 2)
        w = place - i
        middle = self.middle[i] * (1 - w) + self.middle[i + 1] * w
        heading = float(self.heading[i] * (1 - w) + self.heading[i + 1] * w)
        walked = float(np.sum(self.speed[: i + 1])) * STEP_S + float(self.speed[i]) * w * STEP_S
        return Pose(float(middle[0]), float(middle[1]), heading, float(self.speed[i]), walked, bool(self.braking[i]))


@dataclass(frozen=True, slots=True)
class Pose:
    """Middle of the footprint in metres, heading in radians anticlockwise from north."""

    x: float
    y: float
    heading: float
    speed: float
    travelled_m: float
    braking: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """How much comes, per hour and arm."""

    vehicles: float = 520.0
    walkers: float = 260.0
    mix: tuple[tuple[str, float], ...] = (
        ("car", 0.52), ("van", 0.13), ("bus", 0.08), ("truck", 0.09), ("bicycle", 0.11), ("motorcycle", 0.07),
    )  # fmt: skip


_TYPES = """
<vType id="car" vClass="passenger" length="4.5" width="1.8" sigma="0.4" speedDev="0.08"/>
<vType id="van" vClass="delivery" length="5.4" width="2.0" sigma="0.4" speedDev="0.08"/>
<vType id="bus" vClass="bus" length="12.0" width="2.55" sigma="0.4" accel="1.2"/>
<vType id="truck" vClass="truck" length="7.8" width="2.5" sigma="0.4" accel="1.1"/>
<vType id="bicycle" vClass="bicycle" length="1.75" width="0.65" maxSpeed="5.5" latAlignment="right"/>
<vType id="motorcycle" vClass="motorcycle" length="2.1" width="0.8" latAlignment="arbitrary"/>
<vType id="person" vClass="pedestrian" length="0.3" width="0.5" speedDev="0.15"/>
"""
_LENGTH = {"car": 4.5, "van": 5.4, "bus": 12.0, "truck": 7.8, "bicycle": 1.75, "motorcycle": 2.1, "person": 0.0}


def routes_xml(layout: Layout, demand: Demand, seed: int, until_s: float) -> str:
    """Who starts when and goes where, drawn from the seed; sorted by departure as SUMO wants it."""
    draw = random.Random(f"routes {layout.name} {seed}")
    arms = [arm.name for arm in layout.arms]
    rows: list[tuple[float, str]] = []
    kinds, weights = zip(*demand.mix, strict=True)
    for arm in layout.arms:
        t = 0.0
        per_hour = demand.vehicles * (0.6 + 0.4 * arm.lanes)
        while (t := t + draw.expovariate(per_hour / 3600)) < until_s:
            kind = draw.choices(kinds, weights)[0]
            goal = draw.choice([a for a in arms if a != arm.name])
            name = f"{kind}.{len(rows)}"
            rows.append((t, f'<trip id="{name}" type="{kind}" depart="{t:.1f}" from="{arm.name}_in" to="{goal}_out" departLane="best" departSpeed="max" departPos="{draw.uniform(0, 20):.1f}"/>'))  # fmt: skip  # noqa: E501
        t = 0.0
        while (t := t + draw.expovariate(demand.walkers / 3600)) < until_s:
            goal = draw.choice([a for a in arms if a != arm.name])
            start = draw.choice([f"{arm.name}_in", f"{arm.name}_out"])
            near = arm.length_m - draw.uniform(12, 60)
            position = near if start.endswith("_in") else arm.length_m - near
            end = draw.uniform(15, 70)
            rows.append((t, f'<person id="person.{len(rows)}" type="person" depart="{t:.1f}" departPos="{position:.1f}"><personTrip from="{start}" to="{goal}_out" arrivalPos="{end:.1f}"/></person>'))  # fmt: skip  # noqa: E501
    return f"<routes>{_TYPES}{''.join(row for _, row in sorted(rows))}</routes>"


def simulate(
    layout: Layout, network: Network, demand: Demand, seed: int, duration_s: float, folder: Path
) -> Iterator[float | tuple[Track, ...]]:
    """Yields its progress 0..1 while SUMO runs, and last the tracks, numbered from 1 in order of appearance."""
    import libsumo

    routes = folder / "routes.xml"
    routes.write_text(routes_xml(layout, demand, seed, WARM_UP_S + duration_s))
    options = {
        "net-file": network.path, "route-files": routes, "seed": seed, "step-length": STEP_S,
        "lateral-resolution": 0.8, "pedestrian.striping.stripe-width": 0.6, "time-to-teleport": -1,
        "ignore-route-errors": "true", "xml-validation": "never", "no-step-log": "true", "no-warnings": "true",
    }  # fmt: skip
    command = ["sumo", *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
    samples: dict[str, list[tuple[int, float, float, float, float, bool]]] = {}
    steps = round((WARM_UP_S + duration_s) / STEP_S) + 1
    try:
        libsumo.start(command)
        for step in range(steps):
            libsumo.simulationStep()
            if step < round(WARM_UP_S / STEP_S) - 1:
                continue
            for name in libsumo.vehicle.getIDList():
                x, y = libsumo.vehicle.getPosition(name)
                signals = libsumo.vehicle.getSignals(name)
                row = (step, x, y, libsumo.vehicle.getAngle(name), libsumo.vehicle.getSpeed(name), bool(signals & 8))
                samples.setdefault(name, []).append(row)
            for name in libsumo.person.getIDList():
                x, y = libsumo.person.getPosition(name)
                row = (step, x, y, libsumo.person.getAngle(name), libsumo.person.getSpeed(name), False)
                samples.setdefault(name, []).append(row)
            if step % 50 == 0:
                yield step / steps
    except libsumo.TraCIException as error:
        raise TrafficFailed(layout.name, str(error)) from error
    finally:
        libsumo.close()
    yield tuple(_tracks(samples))


def _tracks(samples: dict[str, list[tuple[int, float, float, float, float, bool]]]) -> Iterator[Track]:
    number = 0
    for name, rows in samples.items():
        if len(rows) < 2:
            continue
        number += 1
        kind = name.split(".")[0]
        table = np.array(rows, float)
        angle = np.unwrap(np.radians(table[:, 3]))
        forward = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        middle = table[:, 1:3] - forward * _LENGTH[kind] / 2
        yield Track(
            id=number,
            kind=kind,
            start_s=round((float(table[0, 0]) + 1) * STEP_S - WARM_UP_S, 6),
            middle=middle.astype(np.float32),
            heading=(-angle).astype(np.float32),
            speed=table[:, 4].astype(np.float32),
            braking=table[:, 5] > 0,
        )
