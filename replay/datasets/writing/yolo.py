"""YOLO: a text file beside each picture, and data.yaml."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets.writing.content import Content, FrameRows, Scales, Writer, of_roles, plain, trackless, without
from replay.datasets.yolo import NAME
from replay.truth import OPTIONAL, Role, Truth
from sensors import atomic_files

SPLIT = "val"


class Yolo(Writer):
    """Boxes alone. They are cut at the picture's edge: trainers refuse what reaches beyond it."""

    layout = NAME

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        """A row that stands there twice counts once."""
        rows = np.column_stack([truth.labels, truth.boxes, truth.roles])
        first = np.zeros(len(truth), np.bool_)
        first[np.unique(rows, axis=0, return_index=True)[1]] = True
        return first & of_roles(truth, Role.POSITIVE)

    def kept(self, truth: Truth, size: tuple[int, int], _scales: Scales, /) -> Truth:
        told = trackless(without(truth, *OPTIONAL))
        return replace(told, boxes=np.clip(truth.boxes, 0, np.array([*size, *size], np.float64)))

    def pictures(self, _name: str, /) -> str:
        return f"images/{SPLIT}"

    def called(self, _name: str, /) -> str:
        return SPLIT

    def write(self, root: Path, content: Content) -> None:
        folder = root / "labels" / SPLIT
        folder.mkdir(parents=True, exist_ok=True)
        names = (
            "".join(f"\n  {i}: {msgspec.json.encode(name).decode()}" for i, name in enumerate(content.labels)) or " []"
        )
        atomic_files.write(root / "data.yaml", f"path: .\nval: images/{SPLIT}\nnames:{names}\n")
        for frame in content.frames:
            rows = "".join(f"{line}\n" for line in lines(frame))
            atomic_files.write(folder / f"{Path(frame.picture).stem}.txt", rows)


def lines(frame: FrameRows) -> list[str]:
    """Class, centre and size as fractions of the picture; of findings, their score at the end."""
    width, height = frame.size
    written = []
    for place, (left, top, right, bottom) in enumerate(frame.rows.boxes.tolist()):
        centre = (left + right) / 2 / width, (top + bottom) / 2 / height
        values = [*centre, (right - left) / width, (bottom - top) / height]
        if frame.scores is not None:
            values.append(float(frame.scores[place]))
        written.append(" ".join([str(frame.rows.labels[place]), *map(plain, values)]))
    return written
