"""Pascal VOC: an XML file beside each picture, and the list of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from replay.datasets.voc import CORNERS, LABELS, NAME, PICTURES, SETS
from replay.datasets.writing.content import Content, FrameRows, Scales, Writer, of_roles, plain, trackless, without
from replay.truth import Role, Truth
from sensors import atomic_files


class Voc(Writer):
    """Truncated and occluded are flags, and a region of a class is `difficult`. Boxes stay as they are."""

    layout = NAME
    makers = "whole pixels, counted from 1, and VOC's own twenty classes"

    def label(self, name: str) -> str:
        """As XML can hold it."""
        return "".join(one if one.isprintable() else "_" for one in name).strip() or "unnamed"

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        return of_roles(truth, Role.POSITIVE) | (of_roles(truth, Role.REGION) & (truth.labels >= 0))

    def kept(self, truth: Truth, _size: tuple[int, int], _scales: Scales, /) -> Truth:
        told = trackless(without(truth, "distance_m", "areas"))
        return replace(told, truncated=flags(truth.truncated), occluded=flags(truth.occluded))

    def pictures(self, _name: str, /) -> str:
        return PICTURES

    def write(self, root: Path, content: Content) -> None:
        folder, sets = root / LABELS, root / SETS
        for one in (folder, sets):
            one.mkdir(parents=True, exist_ok=True)
        names = [escape(self.label(label)) for label in content.labels]
        with atomic_files.replacing(sets / f"{content.name}.txt") as listed:
            for frame in content.frames:
                stem = Path(frame.picture).stem
                listed.write(f"{stem}\n".encode())
                atomic_files.write(folder / f"{stem}.xml", "\n".join(_lines(frame, names)) + "\n")


def flags(column: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 for anything above 0; NaN stays."""
    return np.where(np.isnan(column), column, (column > 0).astype(np.float32))


def _lines(frame: FrameRows, names: list[str]) -> Iterator[str]:
    width, height = frame.size
    yield f"<annotation>\n  <folder>{PICTURES}</folder>\n  <filename>{escape(frame.picture)}</filename>"
    yield f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n  <segmented>0</segmented>"
    rows = frame.rows
    for place, box in enumerate(rows.boxes.tolist()):
        told = {"truncated": rows.truncated[place], "occluded": rows.occluded[place]}
        marks = "".join(f"<{name}>{int(value)}</{name}>" for name, value in told.items() if not np.isnan(value))
        difficult = int(rows.roles[place] == Role.REGION)
        corners = "".join(f"<{name}>{plain(value)}</{name}>" for name, value in zip(CORNERS, box, strict=True))
        yield f"  <object>\n    <name>{names[rows.labels[place]]}</name><pose>Unspecified</pose>{marks}"
        yield f"    <difficult>{difficult}</difficult>\n    <bndbox>{corners}</bndbox>\n  </object>"
    yield "</annotation>"
