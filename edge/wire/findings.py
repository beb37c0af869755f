"""What was found in a frame, as the wire rounds it."""

import math
from typing import Annotated, TypeAlias

import numpy as np
from msgspec import Meta

from edge.wire.message import Measured, Message, MessageWrong
from models.detections import Detections

BOX_DECIMALS = 2
"""One decimal costs small objects: .4000 AP becomes .3996 on PETS09-S2L1."""
SCORE_DECIMALS = 5

LabelIndex: TypeAlias = Annotated[int, Meta(ge=0, lt=2**31)]
MAX_TRACK_ID = 2**53 - 1
TrackId: TypeAlias = Annotated[int, Meta(ge=-1, le=MAX_TRACK_ID)]
"""-1: no track."""

Place: TypeAlias = Annotated[float, Meta(ge=-1e7, le=1e7)]
Spread: TypeAlias = Annotated[float, Meta(ge=0, le=1e7)]
GroundPoint: TypeAlias = tuple[Place, Place, Spread, Spread, Annotated[float, Meta(ge=-1, le=1)]]
"""Metres east and north, the standard deviation of each, and the correlation of the two (docs/ground.md)."""


class Findings(Message, frozen=True, kw_only=True):
    """Parallel arrays, best first; boxes (left, top, right, bottom) in image pixels."""

    boxes: tuple[tuple[Measured, Measured, Measured, Measured], ...]
    scores: tuple[Measured, ...]
    labels: tuple[LabelIndex, ...]
    """Indices into the birth's label table."""
    tracks: tuple[TrackId, ...] | None = None
    """Track ids, -1 = no track; None where the node runs no tracker."""
    ground: tuple[GroundPoint | None, ...] | None = None
    """Where each one touches the ground, in the site's plan; None in it: unknown; none at all: no camera's geometry."""

    @classmethod
    def of(
        cls,
        found: Detections,
        tracks: tuple[int, ...] | None = None,
        ground: tuple[GroundPoint | None, ...] | None = None,
    ) -> "Findings":
        """`found` as the wire rounds it, so that every reader scores the same numbers."""
        boxes = np.round(found.boxes.astype(np.float64), BOX_DECIMALS)
        scores = np.round(found.scores.astype(np.float64), SCORE_DECIMALS)
        return cls(
            boxes=tuple(map(tuple, boxes.tolist())),
            scores=tuple(scores.tolist()),
            labels=tuple(found.labels.tolist()),
            tracks=tracks,
            ground=ground,
        )

    def detections(self) -> Detections:
        """What was found, as arrays, to the wire's precision."""
        return Detections(
            np.array(self.boxes, np.float32).reshape(-1, 4),
            np.array(self.scores, np.float32),
            np.array(self.labels, np.int64),
        )


def check_findings(findings: Findings) -> None:
    """Refuse findings that contradict themselves: raises MessageWrong (findings)."""
    n = len(findings.scores)
    tracks = n if findings.tracks is None else len(findings.tracks)
    places = n if findings.ground is None else len(findings.ground)
    if not len(findings.boxes) == len(findings.labels) == tracks == places == n:
        raise MessageWrong("findings", "boxes, scores, labels, tracks and ground differ in length")
    if min(findings.labels, default=0) < 0:
        raise MessageWrong("findings", "a label index is negative")
    for place in findings.ground or ():
        if place is not None and not all(map(math.isfinite, place)):
            raise MessageWrong("findings", "a place on the ground is not a finite number")
    for (left, top, right, bottom), score in zip(findings.boxes, findings.scores, strict=True):
        if not all(map(math.isfinite, (left, top, right, bottom, score))):
            raise MessageWrong("findings", "a box or score is not a finite number")
        if right < left or bottom < top:
            raise MessageWrong("findings", f"the box {left, top, right, bottom} is inside out")
