"""An ASAM OpenLABEL 1.0 file as JSON, and what of it a camera's truth is made of.

https://www.asam.net/standards/detail/openlabel, with the JSON schema of 1.0.0. A `bbox` is centre x, centre y, width,
height in pixels. The standard names no attribute: those that are read are ALIASES, the rest is left alone.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from replay.datasets.labels import Boxes, Ids, LabelsWrong, Lenience, Loose, as_float, json_labels, sized_box
from replay.truth import Role, Truth
from sensors.outside import ContentWrong, open_bytes

MARK = b'"openlabel"'
HEAD_BYTES = 4096
BOX_VALUES = 4

TYPE_HERE = "type_in_frame"
"""A text attribute of a box whose object is of another type as a whole: the standard gives an object one type."""

Plain: TypeAlias = bool | int | float | str | None

ALIASES = {
    "occluded": ("occluded", "occlusion", "occlusion_level"),
    "truncated": ("truncated", "truncation", "truncation_level"),
    "distance_m": ("distance_m",),
    "area": ("area",),
    "role": ("role",),
    "type": (TYPE_HERE,),
    "ignored": ("ignore", "ignored", "iscrowd", "is_crowd", "dontcare", "dont_care"),
}
LEVELS = {"not_occluded": 0.0, "partially_occluded": 1.0, "mostly_occluded": 2.0}
"""TUMTraf's words, as levels."""
ROLES = {role.name.lower(): role for role in Role}
"""Of the text attribute `role`, which is this program's own: nothing in the standard says what need not be found."""
REGION_TYPES = ("dontcare", "ignore", "ignored", "ignored region", "ignored regions")
"""Types of areas in which nobody labelled, without a class of their own; in small letters, `_` as a space."""


class Attribute(msgspec.Struct, frozen=True):
    name: str = ""
    val: Plain = None


class Attributes(msgspec.Struct, frozen=True):
    num: list[Attribute] | None = None
    text: list[Attribute] | None = None
    boolean: list[Attribute] | None = None

    def values(self) -> Iterator[tuple[str, Plain]]:
        for one in (*(self.num or ()), *(self.text or ()), *(self.boolean or ())):
            yield one.name.lower(), one.val


class Box(msgspec.Struct, frozen=True):
    val: list[Loose]
    name: str = ""
    coordinate_system: str | None = None
    stream: str | None = None
    attributes: Attributes | None = None

    @property
    def of(self) -> str | None:
        """The stream or sensor that it is of, where it says so."""
        told = dict(self.attributes.values()) if self.attributes else {}
        sensor = told.get("sensor_id") or told.get("stream")
        return self.stream or self.coordinate_system or (str(sensor) if sensor else None)


class Outline(msgspec.Struct, frozen=True):
    """Anything that is no box: it is counted."""


class ObjectContent(Attributes, frozen=True):
    type: str = ""
    bbox: list[Box] | None = None
    poly2d: list[Outline] | None = None
    rbbox: list[Outline] | None = None
    cuboid: msgspec.Raw = msgspec.Raw()
    keypoints_2d: msgspec.Raw = msgspec.Raw()
    """TUMTraf's own."""


class Interval(msgspec.Struct, frozen=True):
    frame_start: int
    frame_end: int


class Element(msgspec.Struct, frozen=True):
    """An object, as the whole file has it or one frame."""

    type: str = ""
    object_data: ObjectContent | None = None
    frame_intervals: list[Interval] | None = None

    @property
    def kind(self) -> str:
        return self.type or (self.object_data.type if self.object_data else "")


class Sync(msgspec.Struct, frozen=True):
    timestamp: Loose = None


class Pinhole(msgspec.Struct, frozen=True):
    width_px: int = 0
    height_px: int = 0


class StreamFacts(msgspec.Struct, frozen=True):
    sync: Sync | None = None
    intrinsics_pinhole: Pinhole | None = None


class Stream(msgspec.Struct, frozen=True):
    type: str = ""
    uri: str = ""
    stream_properties: StreamFacts | None = None


class FrameFacts(msgspec.Struct, frozen=True):
    timestamp: Loose = None
    streams: dict[str, Stream] | None = None


class FrameContent(msgspec.Struct, frozen=True):
    objects: dict[str, Element] | None = None
    frame_properties: FrameFacts | None = None


class Metadata(msgspec.Struct, frozen=True):
    tagged_file: str | None = None


class Content(msgspec.Struct, frozen=True):
    metadata: Metadata | None = None
    streams: dict[str, Stream] | None = None
    objects: dict[str, Element] | None = None
    frames: dict[str, msgspec.Raw] | None = None
    """Left as they are: `frame_of` reads them one by one, so that a file of a million boxes takes little more than its
    own size."""
    frame_intervals: list[Interval] | None = None


class File(msgspec.Struct, frozen=True):
    openlabel: Content


def is_openlabel(path: Path) -> bool:
    """By the file's beginning."""
    try:
        with open_bytes(path) as file:
            return MARK in file.read(HEAD_BYTES).replace(b"\0", b"")
    except (ContentWrong, OSError):
        return False


def read(path: Path) -> Content:
    """Raises LabelsWrong."""
    return json_labels(path, File, "an ASAM OpenLABEL file").openlabel


def frame_of(path: Path, key: str, raw: msgspec.Raw) -> FrameContent:
    """Raises LabelsWrong."""
    try:
        return msgspec.json.decode(raw, type=FrameContent | None) or FrameContent()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise LabelsWrong(path, f"frame {key[:20]}", str(error)[:160].replace("`", "'")) from error


class Rows:
    """The boxes of many frames while they are being read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lenience = Lenience()
        self.frames, self._kinds, self._roles = array("q"), array("q"), array("q")
        self._boxes = Boxes()
        self._levels = array("d")
        self._ids = Ids()
        self.places: dict[str, int] = {}
        """Of each type in the label table."""

    def add(self, frame: int, uid: str | None, kind: str, box: Box, about: Mapping[str, Plain], at: str) -> None:
        """`uid`: of the object, None: it has no track; `about`: its attributes, names in small letters. Raises
        LabelsWrong."""
        kind = str(_first(about, "type") or kind)
        values = [self._number(value, at) for value in box.val]
        if len(values) != BOX_VALUES:
            raise LabelsWrong(
                self.path, at, f"its bbox has {len(values)} values, not centre x, centre y, width, height"
            )
        x, y, width, height = values
        role = self._role(kind, about, at)
        unclassed = role is Role.REGION and kind.lower().replace("_", " ") in REGION_TYPES
        self._boxes.add(sized_box(self.path, at, x - width / 2, y - height / 2, width, height))
        self.frames.append(frame)
        self._kinds.append(-1 if unclassed else self.places.setdefault(kind, len(self.places)))
        self._roles.append(role)
        self._ids.add(-1 if unclassed or uid is None or _is_trackless(uid) else int(uid) if _is_small(uid) else uid)
        self._levels.extend(self._level(name, about, at) for name in ("truncated", "occluded", "distance_m", "area"))

    def truth(self) -> Truth:
        levels = np.asarray(self._levels).reshape(-1, 4)
        return Truth(
            boxes=self._boxes.array(),
            labels=np.asarray(self._kinds, np.int64),
            # Ids that are texts are the standard's own way: nothing to tell.
            tracks=self._ids.array(self.path, Lenience()),
            roles=np.asarray(self._roles, np.int64),
            truncated=levels[:, 0].astype(np.float32),
            occluded=levels[:, 1].astype(np.float32),
            distance_m=levels[:, 2].astype(np.float32),
            areas=levels[:, 3],
        )

    def _number(self, value: Plain, at: str) -> float:
        try:
            number = as_float(value)
        except ValueError:
            raise LabelsWrong(self.path, at, f"{str(value)[:40]!r} is no number") from None
        if not math.isfinite(number):
            raise LabelsWrong(self.path, at, "a value of its bbox is not finite")
        if isinstance(value, str):
            self.lenience.note("numbers are written as text", self.path, at)
        return number

    def _role(self, kind: str, about: Mapping[str, Plain], at: str) -> Role:
        told = _first(about, "role")
        if told is not None:
            if str(told).lower() not in ROLES:
                raise LabelsWrong(self.path, at, f"there is no role {str(told)[:40]!r}: {', '.join(ROLES)}")
            return ROLES[str(told).lower()]
        ignored = _first(about, "ignored")
        apart = ignored in (True, 1) or str(ignored).lower() == "true"
        return Role.REGION if apart or kind.lower().replace("_", " ") in REGION_TYPES else Role.POSITIVE

    def _level(self, name: str, about: Mapping[str, Plain], at: str) -> float:
        told = _first(about, name)
        if isinstance(told, str) and told.lower() in LEVELS:
            return LEVELS[told.lower()]
        try:
            value = as_float(told or None if isinstance(told, str) else told)
        except ValueError:
            self.lenience.note(f"a text as {name} is left out", self.path, at)
            return math.nan
        return value if 0 <= value < math.inf else math.nan


def attributes(*about: Attributes | None) -> dict[str, Plain]:
    """Of all, the last one's first."""
    return {name: value for one in about if one is not None for name, value in one.values()}


def _first(about: Mapping[str, Plain], name: str) -> Plain:
    return next((about[alias] for alias in ALIASES[name] if about.get(alias) is not None), None)


def _is_trackless(uid: str) -> bool:
    """Below 0, which the standard allows: so this program writes an object of which nobody said what it is next."""
    return uid.startswith("-") and uid[1:].isdecimal()


def _is_small(uid: str) -> bool:
    return uid.isascii() and uid.isdecimal() and len(uid) <= 18 and str(int(uid)) == uid
