"""A built road network: lanes, crossings and junctions as polygons in metres, the crossing's middle at the origin."""

import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import GilmokError
from sensors.world.layouts import Layout

Line = NDArray[np.float64]
"""(N, 2) points in metres, x east and y north."""


class NetworkRefused(GilmokError):
    def __init__(self, layout: str, words: str) -> None:
        super().__init__(
            f"netconvert could not build layout '{layout}': {words.strip()[-300:]}",
            hint="check the layout's arms in sensors/world/layouts.py",
        )


@dataclass(frozen=True, slots=True)
class Lane:
    edge: str
    kind: str
    """`drive`, `walk`, `crossing`, `corner` or `inside`."""
    width_m: float
    shape: Line


@dataclass(frozen=True, slots=True)
class Network:
    path: Path
    lanes: tuple[Lane, ...]
    junction: Line

    def of_kind(self, kind: str) -> list[Lane]:
        return [lane for lane in self.lanes if lane.kind == kind]


def build(layout: Layout, folder: Path) -> Network:
    """Run netconvert in `folder`. Raises NetworkRefused with netconvert's own words."""
    import sumo

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "n.nod.xml").write_text(layout.nodes_xml())
    (folder / "e.edg.xml").write_text(layout.edges_xml())
    out = folder / "net.xml"
    options = {
        "node-files": folder / "n.nod.xml", "edge-files": folder / "e.edg.xml", "output-file": out,
        "sidewalks.guess": "true", "crossings.guess": "true", "offset.disable-normalization": "true",
        "no-turnarounds": "true", "junctions.corner-detail": 8, "default.junctions.radius": 6,
        "tls.default-type": "static", "tls.cycle.time": 60, "xml-validation": "never",
    }  # fmt: skip
    command = [str(Path(sumo.SUMO_HOME) / "bin" / "netconvert")]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NetworkRefused(layout.name, done.stderr or done.stdout)
    return read(out)


def read(path: Path) -> Network:
    """The network of a SUMO net file."""
    root = ET.parse(path).getroot()
    lanes: list[Lane] = []
    for edge in root.iter("edge"):
        function = edge.get("function", "normal")
        for lane in edge.iter("lane"):
            walk = lane.get("allow") == "pedestrian"
            kind = {"crossing": "crossing", "walkingarea": "corner", "internal": "inside"}.get(function)
            kind = kind or ("walk" if walk else "drive")
            lanes.append(
                Lane(edge.get("id", ""), kind, float(lane.get("width", "3.2")), _points(lane.get("shape", "")))
            )
    centre = next(j for j in root.iter("junction") if j.get("id") == "c")
    return Network(path, tuple(lanes), _points(centre.get("shape", "")))


def _points(text: str) -> Line:
    return np.array([[float(v) for v in pair.split(",")[:2]] for pair in text.split()], float).reshape(-1, 2)


def ribbon(line: Line, width: float, shift: float = 0.0) -> Line:
    """The polygon of a line drawn `width` metres wide, moved `shift` metres to its left."""
    step = np.gradient(line, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    left, right = line + normal * (shift + width / 2), line + normal * (shift - width / 2)
    return np.concatenate([left, right[::-1]])
