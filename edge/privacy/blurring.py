"""Faces and plates made unrecognisable, where no detector of them is at hand: by the boxes that they lie in.

Of a person the upper half goes. Of a vehicle all of it: there are faces behind its windscreen, and from the side nobody
knows where its plate is. A label that is known to have neither stays; one that nobody knows goes, whole.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import cv2
import numpy as np

from edge.wire.findings import Findings
from models.labels import COCO80, plain_label
from sensors.frame import Image

Part: TypeAlias = Literal["none", "upper", "whole"]

PERSONS = frozenset(
    ("person", "persons", "people", "pedestrian", "pedestrians", "man", "woman", "child", "adult", "person sitting")
)
"""Riders are not among them: their boxes mostly hold what they ride, with its plate."""
SCREENS = ("tv", "laptop", "cell phone")
CLEAR = frozenset(COCO80[COCO80.index("traffic light") :]) - frozenset(SCREENS) | {
    "traffic sign", "traffic cone", "cone", "pole", "background",
}  # fmt: skip
UPPER = 0.5
"""Of a person's box: also a head that is bowed, and a child's."""
MARGIN = 0.15
"""Of a box's sides, on each side: no box fits exactly."""
MARGIN_PX = 2.0
CELLS = 4
"""Of the shorter side of what is blurred: of a face, which is smaller than that, two at most are left."""
LEAST_CELL_PX = 8


def parts_of(labels: Sequence[str]) -> tuple[Part, ...]:
    """What goes of a box of each label."""
    return tuple(_part(plain_label(label)) for label in labels)


def blurred(image: Image, found: Findings | None, parts: Sequence[Part], least_score: float) -> Image:
    """A copy without faces and plates, as far as `found` has their boxes, from `least_score` on; read-only.

    All of it is blurred where nobody knows what is there: `found` is None of a frame that failed, or that no model saw.
    """
    picture = image.copy()
    height, width = picture.shape[:2]
    if found is None:
        _pixelate(picture)
    else:
        for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
            part = parts[label] if 0 <= label < len(parts) else "whole"
            if score < least_score or part == "none":
                continue
            left, top, right, bottom = box
            aside, above = MARGIN * (right - left) + MARGIN_PX, MARGIN * (bottom - top) + MARGIN_PX
            low = top + UPPER * (bottom - top) if part == "upper" else bottom + above
            x0, y0 = max(int(left - aside), 0), max(int(top - above), 0)
            _pixelate(picture[y0 : min(int(np.ceil(low)), height), x0 : min(int(np.ceil(right + aside)), width)])
    picture.flags.writeable = False
    return picture


def _part(label: str) -> Part:
    if label in PERSONS:
        return "upper"
    return "none" if label in CLEAR else "whole"


def _pixelate(region: Image) -> None:
    """In place: means of few cells, smoothed among themselves. What was inside of a cell can't be had back."""
    height, width = region.shape[:2]
    if not (height and width):
        return
    cell = max(LEAST_CELL_PX, -(-min(height, width) // CELLS))
    cells = max(1, width // cell), max(1, height // cell)
    small = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    region[:] = cv2.GaussianBlur(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), (0, 0), cell / 3)
