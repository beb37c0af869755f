"""An image with identity and stamp."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensors.clock import Stamp

Image: TypeAlias = NDArray[np.uint8]
"""BGR, (height, width, 3), uint8, read-only once it is in a Frame."""

Array: TypeAlias = NDArray[Any]

StampKind: TypeAlias = Literal["exposure", "arrival", "scheduled"]
"""What the stamp is the instant of: mid-exposure, arrival in host memory, or the schedule of a replay."""

PictureFormat: TypeAlias = Literal["jpeg", "png", "webp", "h264", "h265"]

NO_IMAGE: Image = np.empty((0, 0, 3), np.uint8)
NO_IMAGE.flags.writeable = False


@dataclass(frozen=True, slots=True)
class FrameId:
    """`seq` is the recording's own frame number, or counts up from 0 on a live stream."""

    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class CameraTime:
    """A live frame on its camera's own clocks."""

    pts_ns: int
    """On its encoder's time line, since the first frame; the line goes on where the encoder restarts its clock."""
    utc_ns: int | None = None
    """When it was taken, by the camera's wall clock (RTCP sender reports); None: the camera doesn't tell."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as its origin encoded it: whoever decodes it again sees the same pixels, to the last bit."""

    format: PictureFormat
    content: bytes = field(repr=False)
    """A picture's file; of a video, one frame's packet (Annex B, parameter sets before each key frame)."""
    key: bool = True
    """Whether it can be decoded without those before it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What an origin knows of a frame beside its picture, for whoever keeps both; nobody here reads it."""

    leaf: str
    """What it is called: truth."""
    schema: str
    content: bytes = field(repr=False)
    """JSON."""
    latched: bool = False
    """It holds from here on, and not of this frame alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    id: FrameId
    stamp: Stamp
    kind: StampKind
    image: Image
    fault: str = ""
    """Why there is no picture; empty where there is one. A faulty frame counts as captured, and fails."""
    offset_ns: int | None = None
    """When it is due, since the first frame, where a recording's frames have stamps of their own; None: by the rate."""
    camera: CameraTime | None = None
    """None: it is no live frame, or has a fault."""
    encoded: Encoded | None = None
    """The same picture as it came, where the origin has it and it is shown as it is stored."""
    notes: Callable[[], Sequence[Note]] | None = None
    """Asked by a recorder alone."""
