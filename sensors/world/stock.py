"""SUMO's own car models, read from the installed `sumo-data` wheel when they are needed and never copied."""

from functools import cache
from pathlib import Path

import numpy as np

from sensors.errors import GilmokError
from sensors.world.mesh import Colour, Mesh, scaled

MODELS = {"sedan": "car-normal-citrus", "minibus": "car-minibus-citrus", "microcargo": "car-microcargo-citrus"}
SIZES = {"sedan": (1.78, 4.30, 1.50), "minibus": (1.95, 5.0, 2.15), "microcargo": (1.95, 5.0, 2.20)}
"""Width, length and height to which each model is scaled, metres."""


class StockMissing(GilmokError):
    def __init__(self, path: str) -> None:
        super().__init__(f"the vehicle model {path} is not there", hint="pip install 'gilmok[world]'")


@cache
def model(name: str) -> tuple[Mesh, tuple[str, ...]]:
    """The model with the material's name for every triangle. Raises StockMissing."""
    import sumo_data

    folder = Path(next(iter(sumo_data.__path__))) / "data" / "3D"
    path = folder / f"{MODELS[name]}.obj"
    if not path.is_file():
        raise StockMissing(str(path))
    palette = _palette(path.with_suffix(".mtl"))
    points: list[list[float]] = []
    bends: list[list[float]] = []
    corners: list[list[float]] = []
    normals: list[list[float]] = []
    materials: list[str] = []
    material = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            points.append([float(v) for v in rest[:3]])
        elif word == "vn":
            bends.append([float(v) for v in rest[:3]])
        elif word == "usemtl":
            material = rest[0]
        elif word == "f":
            refs = [item.split("/") for item in rest]
            for b in range(1, len(refs) - 1):
                for ref in (refs[0], refs[b], refs[b + 1]):
                    corners.append(points[int(ref[0]) - 1])
                    normals.append(bends[int(ref[2]) - 1] if len(ref) > 2 and ref[2] else [0.0, 0.0, 0.0])
                materials.append(material)
    xyz, bent = np.array(corners, np.float32), np.array(normals, np.float32)
    # The files have y up and the front at +z; a plain swap of two axes would mirror the car and light it from inside.
    xyz = np.stack([-xyz[:, 0], xyz[:, 2], xyz[:, 1]], axis=1)
    bent = np.stack([-bent[:, 0], bent[:, 2], bent[:, 1]], axis=1)
    flat = np.cross(xyz[1::3] - xyz[0::3], xyz[2::3] - xyz[0::3])
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    missing = np.abs(bent).sum(axis=1) < 0.1
    bent[missing] = np.repeat(flat, 3, axis=0)[missing]
    colours = np.repeat(np.array([palette.get(m, (0.5, 0.5, 0.5)) for m in materials], np.float32), 3, axis=0)
    mesh = Mesh(xyz, bent, colours, ((0, len(xyz)),))
    return scaled(mesh, *SIZES[name]), tuple(materials)


def vehicle(name: str, paint: Colour) -> Mesh:
    """A stock model with its body in `paint`."""
    mesh, materials = model(name)
    colours = mesh.colours.copy()
    colours[np.repeat(np.array([m.startswith("carmaterial") for m in materials]), 3)] = paint
    return Mesh(mesh.corners, mesh.normals, colours, mesh.parts)


def _palette(path: Path) -> dict[str, Colour]:
    out: dict[str, Colour] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *rest = line.split() or [""]
        if word == "newmtl":
            name = rest[0]
        elif word == "Kd":
            # The files' values are linear light; the scene is drawn in display values.
            out[name] = (float(rest[0]) ** 0.6, float(rest[1]) ** 0.6, float(rest[2]) ** 0.6)
    return out
