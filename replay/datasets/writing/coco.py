"""COCO: an instances file; of findings, the list that COCO's own evaluation takes."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets.coco import NAME, PREFIX
from replay.datasets.writing.content import Content, FrameRows, Scales, Writer, of_roles, trackless, without
from replay.truth import Role, Truth, to_sizes
from sensors import atomic_files


class Coco(Writer):
    """A region of a class is a crowd; one without can't be said."""

    layout = NAME

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        return of_roles(truth, Role.POSITIVE) | (of_roles(truth, Role.REGION) & (truth.labels >= 0))

    def kept(self, truth: Truth, _size: tuple[int, int], _scales: Scales, /) -> Truth:
        return replace(trackless(without(truth, "truncated", "occluded", "distance_m")), areas=areas(truth))

    def pictures(self, name: str, /) -> str:
        return f"images/{name}"

    def write(self, root: Path, content: Content) -> None:
        folder = root / "annotations"
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_files.replacing(folder / f"{PREFIX}{content.name}.json") as file:
            file.write(b'{"info":{},"licenses":[],"categories":')
            file.write(msgspec.json.encode([{"id": i, "name": name} for i, name in enumerate(content.labels, 1)]))
            file.write(b',"images":')
            _array(file, (_image(frame) for frame in content.frames))
            file.write(b',"annotations":')
            rows = (row for frame in content.frames for row in annotations(frame))
            _array(file, ({"id": number, **row} for number, row in enumerate(rows, 1)))
            file.write(b"}\n")


def _image(frame: FrameRows) -> dict[str, Any]:
    width, height = frame.size
    return {"id": frame.number, "file_name": frame.picture, "width": width, "height": height}


def annotations(frame: FrameRows) -> Iterable[dict[str, Any]]:
    """A truth's, without ids; or of findings, as COCO's results have them."""
    rows = frame.rows
    outlines = areas(rows).tolist()
    for place, box in enumerate(to_sizes(rows.boxes).tolist()):
        row = {"image_id": frame.number, "category_id": int(rows.labels[place]) + 1, "bbox": box}
        if frame.scores is not None:
            yield row | {"score": float(frame.scores[place])}
        else:
            yield row | {"area": outlines[place], "iscrowd": int(rows.roles[place] == Role.REGION), "segmentation": []}


def areas(truth: Truth) -> NDArray[np.float64]:
    """(N,) of the outlines, or where there are none, of the boxes."""
    sizes = to_sizes(truth.boxes)[:, 2:]
    return np.where(np.isnan(truth.areas), sizes[:, 0] * sizes[:, 1], truth.areas)


def _array(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    """A JSON array, a row at a time."""
    before = b"["
    for row in rows:
        file.write(before + msgspec.json.encode(row))
        before = b",\n"
    file.write(b"[]" if before == b"[" else b"]")
