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


class Findings(Message, frozen=True, kw_only=True):
    """Parallel arrays, best first; boxes (left, top, right, bottom) in image pixels."""

    boxes: tuple[tuple[Measured, Measured, Measured, Measured], ...]
    scores: tuple[Measured, ...]
    labels: tuple[LabelIndex, ...]
    """Indices into the birth's label table."""
    tracks: tuple[TrackId, ...] | None = None
    """Track ids, -1 = no track; None where the node runs no tracker."""

    @classmethod
    def of(cls, found: Detections, tracks: tuple[int, ...] | None = None) -> "Findings":
        """`found` as the wire rounds it, so that every reader scores the same numbers."""
        boxes = np.round(found.boxes.astype(np.float64), BOX_DECIMALS)
        scores = np.round(found.scores.astype(np.float64), SCORE_DECIMALS)
        return cls(
            boxes=tuple(map(tuple, boxes.tolist())),
            scores=tuple(scores.tolist()),
            labels=tuple(found.labels.tolist()),
            tracks=tracks,
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
    if not len(findings.boxes) == len(findings.labels) == tracks == n:
        raise MessageWrong("findings", "boxes, scores, labels and tracks differ in length")
    if min(findings.labels, default=0) < 0:
        raise MessageWrong("findings", "a label index is negative")
    for (left, top, right, bottom), score in zip(findings.boxes, findings.scores, strict=True):
        if not all(map(math.isfinite, (left, top, right, bottom, score))):
            raise MessageWrong("findings", "a box or score is not a finite number")
        if right < left or bottom < top:
            raise MessageWrong("findings", f"the box {left, top, right, bottom} is inside out")
