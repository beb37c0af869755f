"""ASAM OpenLABEL: a JSON file, a frame at a time."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets.openlabel import CAMERA, NAME
from replay.datasets.openlabel_file import REGION_TYPES, TYPE_HERE
from replay.datasets.writing.content import Content, FrameRows, Scales, Writer
from replay.truth import Role, Truth
from sensors import atomic_files

REGION = REGION_TYPES[0]


class OpenLabel(Writer):
    """Holds all that a truth says: what the standard has no word for, in attributes that our reader knows."""

    layout = NAME
    rate = None

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        return np.ones(len(truth), np.bool_)

    def kept(self, truth: Truth, _size: tuple[int, int], _scales: Scales, /) -> Truth:
        return truth

    def pictures(self, name: str, /) -> str:
        return f"images/{name}"

    def write(self, root: Path, content: Content) -> None:
        kinds: dict[str, str] = {}
        """Of every object, what it was first."""
        frames: list[int] = []
        with atomic_files.replacing(root / f"{content.name}.json") as file:
            file.write(b'{"openlabel":{"metadata":{"schema_version":"1.0.0"},')
            file.write(b'"streams":{"camera":{"type":"camera","description":"","uri":""}},"frames":{')
            for frame in content.frames:
                file.write(b",\n" if frames else b"\n")
                frames.append(frame.number)
                file.write(f'"{frame.number}":'.encode() + msgspec.json.encode(_frame(frame, content, kinds)))
            file.write(b'},\n"frame_intervals":' + msgspec.json.encode(list(_intervals(frames))))
            file.write(b',\n"objects":')
            objects = {uid: {"name": f"{kind} {uid}", "type": kind} for uid, kind in kinds.items()}
            file.write(msgspec.json.encode(objects))
            file.write(b"}}\n")


def _frame(frame: FrameRows, content: Content, kinds: dict[str, str]) -> dict[str, Any]:
    uri = f"images/{content.name}/{frame.picture}"
    about: dict[str, Any] = {"streams": {CAMERA: {"uri": uri}}}
    if math.isfinite(frame.time_s):
        about["timestamp"] = frame.time_s
    objects: dict[str, Any] = {}
    for place in range(len(frame.rows)):
        track, label = int(frame.rows.tracks[place]), int(frame.rows.labels[place])
        # The standard has objects alone; below 0 is one of which nobody said what it is next.
        uid = str(track) if track >= 0 else str(-1 - len(kinds))
        kind = content.labels[label] if label >= 0 else REGION
        other = "" if kinds.setdefault(uid, kind) == kind else kind
        objects[uid] = {"object_data": _box(frame, place, other)}
    return {"frame_properties": about, "objects": objects}


def _box(frame: FrameRows, place: int, other: str) -> dict[str, Any]:
    """`other`: its type, where that is another than its object's; else empty."""
    left, top, right, bottom = frame.rows.boxes[place].tolist()
    box: dict[str, Any] = {"name": "shape", "val": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]}
    numbers: dict[str, NDArray[np.float32] | NDArray[np.float64]] = {
        "truncated": frame.rows.truncated,
        "occluded": frame.rows.occluded,
        "distance_m": frame.rows.distance_m,
        "area": frame.rows.areas,
    }
    if frame.scores is not None:
        numbers["score"] = frame.scores
    told = {name: float(column[place]) for name, column in numbers.items()}
    attributes: dict[str, Any] = {}
    if known := [{"name": name, "val": value} for name, value in told.items() if not math.isnan(value)]:
        attributes["num"] = known
    role = Role(frame.rows.roles[place])
    texts = {"role": "" if role is Role.POSITIVE else role.name.lower(), TYPE_HERE: other}
    if said := [{"name": name, "val": value} for name, value in texts.items() if value]:
        attributes["text"] = said
    return {"bbox": [box | ({"attributes": attributes} if attributes else {})]}


def _intervals(frames: list[int]) -> Iterable[dict[str, int]]:
    """Runs of frames without a hole."""
    breaks = [place for place in range(1, len(frames)) if frames[place] != frames[place - 1] + 1]
    for start, end in zip([0, *breaks], [*breaks, len(frames)], strict=True):
        if frames:
            yield {"frame_start": frames[start], "frame_end": frames[end - 1]}
