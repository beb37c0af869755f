"""The road layouts: nodes and edges in SUMO's plain XML, which netconvert turns into a network with signals."""

import math
from dataclasses import dataclass

from sensors.errors import GilmokError
from sensors.ranges import quoted

ARM_M = 230.0
MAX_SPEED_MPS = 13.8
"""SUMO's sidewalk guess skips edges at 13.89 m/s and more."""


class LayoutUnknown(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no layout {quoted(name)}", hint=f"choose one of {', '.join(LAYOUTS)}")


@dataclass(frozen=True, slots=True)
class Arm:
    """One road that leaves the crossing."""

    name: str
    bearing_deg: float
    """Clockwise from north."""
    lanes: int
    length_m: float = ARM_M


@dataclass(frozen=True, slots=True)
class Layout:
    """A signalised crossing at the origin with its arms."""

    name: str
    arms: tuple[Arm, ...]
    sidewalk_m: float = 3.0

    def nodes_xml(self) -> str:
        rows = ['<node id="c" x="0" y="0" type="traffic_light"/>']
        for arm in self.arms:
            angle = math.radians(arm.bearing_deg)
            x, y = arm.length_m * math.sin(angle), arm.length_m * math.cos(angle)
            rows.append(f'<node id="{arm.name}" x="{x:.2f}" y="{y:.2f}"/>')
        return "<nodes>" + "".join(rows) + "</nodes>"

    def edges_xml(self) -> str:
        rows = []
        for arm in self.arms:
            facts = f'numLanes="{arm.lanes}" speed="{MAX_SPEED_MPS}" width="3.3" sidewalkWidth="{self.sidewalk_m}"'
            rows.append(f'<edge id="{arm.name}_in" from="{arm.name}" to="c" {facts}/>')
            rows.append(f'<edge id="{arm.name}_out" from="c" to="{arm.name}" {facts}/>')
        return "<edges>" + "".join(rows) + "</edges>"


def _layout(name: str, *arms: tuple[str, float, int], sidewalk_m: float = 3.0) -> Layout:
    return Layout(name, tuple(Arm(*arm) for arm in arms), sidewalk_m)


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        _layout("crossing", ("n", 0, 2), ("e", 90, 2), ("s", 180, 2), ("w", 270, 2)),
        _layout("tjunction", ("e", 90, 2), ("s", 180, 1), ("w", 270, 2), sidewalk_m=3.5),
        _layout("avenue", ("n", 0, 3), ("e", 95, 1), ("s", 180, 3), ("w", 275, 1), sidewalk_m=4.5),
        _layout("skew", ("n", 20, 2), ("e", 90, 1), ("s", 200, 2), ("w", 270, 1)),
        _layout("narrow", ("n", 5, 1), ("e", 85, 1), ("s", 175, 1), ("w", 265, 1), sidewalk_m=2.2),
        _layout("boulevard", ("n", 350, 2), ("e", 80, 3), ("s", 170, 2), ("w", 260, 3), sidewalk_m=4.0),
        _layout("fork", ("n", 340, 1), ("e", 70, 2), ("w", 240, 2), sidewalk_m=2.6),
    )
}


def named(name: str) -> Layout:
    """Raises LayoutUnknown."""
    try:
        return LAYOUTS[name]
    except KeyError:
        raise LayoutUnknown(name) from None
