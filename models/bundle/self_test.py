"""The self-test of a bundle: pictures, what the model answered to them where the bundle was made, and how near to that
a unit's own chip has to come.

The arithmetic alone; who runs the model is `edge.answering.self_test`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
from msgspec import Meta

from models.boxes import partners
from models.bundle.bundle import EXPECTED, BundleWrong
from models.bundle.tuples import DeviceTuple
from models.detections import Detections
from models.tensors import cosine
from sensors.config import Settings
from sensors.frame import Array
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.ranges import Factor, FileName, Index, NameOrNone, Offset, Share

FOLDER = Path(EXPECTED).parent
MOST_EXPECTED_BYTES = 1 << 24
MOST_FRAMES = 32
Side: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 24)]
FLOAT = np.dtype("<f4")


class Bounds(Settings, frozen=True, kw_only=True):
    """What a unit has to keep. The boxes are those with a score of `score` at least, over all frames together."""

    cosine: Share = 0.99
    """Of every output tensor, on every frame, at least."""
    score: Share = 0.25
    iou: Share = 0.5
    matched: Share = 0.9
    """Share of the boxes that have a partner of their class, at least; of the expected ones, and of the unit's."""
    shift: Share = 0.1
    """Of a partner's score, at most."""
    fps: Factor = 0.0
    """Frames a second, one after the other, at least; 0: not asked."""


NOT_ITSELF = Bounds(cosine=0.98, matched=0.8, shift=0.3)
"""Where the model's own file answered in the place of a compiled one, whose chip was elsewhere: 8 bits are no twin of
32 (measured, gilmok-mini int8: cosine .997, 48 of 51 boxes, .19), and a broken artefact is far from either."""


class ExpectedTensor(Settings, frozen=True, kw_only=True):
    file: FileName
    """Beside the list: float32, little-endian, C order."""
    shape: Annotated[tuple[Side, ...], Meta(max_length=8)]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * FLOAT.itemsize


class ExpectedFrame(Settings, frozen=True, kw_only=True):
    picture: FileName
    """Beside the list: a PNG."""
    outputs: Annotated[tuple[ExpectedTensor, ...], Meta(min_length=1, max_length=32)]
    """As the manifest lists them: real numbers, heads joined."""
    boxes: Annotated[list[tuple[Offset, Offset, Offset, Offset]], Meta(max_length=1000)]
    """Left, top, right, bottom in pixels of the picture, best first."""
    scores: Annotated[list[Share], Meta(max_length=1000)]
    labels: Annotated[list[Index], Meta(max_length=1000)]

    def detections(self) -> Detections:
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return Detections(boxes, np.array(self.scores, np.float32), np.array(self.labels, np.int64))


class Expected(Settings, frozen=True, kw_only=True):
    """self-test/expected.json."""

    recorded_on: DeviceTuple
    precision: NameOrNone
    """Of what answered: the bundle's own artefact, or the model's own file where the chip was not at hand."""
    bounds: Bounds
    frames: Annotated[tuple[ExpectedFrame, ...], Meta(min_length=1, max_length=MOST_FRAMES)]

    @property
    def boxes(self) -> int:
        """How many there are of a score that counts."""
        return sum(score >= self.bounds.score for frame in self.frames for score in frame.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """To one picture: the manifest's outputs as float32, and the findings in it."""

    outputs: Sequence[Array]
    found: Detections


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a self-test; undefined figures are NaN."""

    frames: int
    cosine_min: float
    boxes_expected: int
    boxes_found: int
    matched: int
    shift_max: float
    why: str
    """What was not kept, as a sentence; empty: passed."""


def read_expected(folder: Path) -> Expected:
    """Of a bundle's folder; raises BundleWrong."""
    path = folder / EXPECTED
    try:
        expected = json_of(read_bytes(path, MOST_EXPECTED_BYTES), Expected)
    except ContentWrong as error:
        raise BundleWrong(path, f"it is no self-test: {error.what}") from error
    for frame in expected.frames:
        if not len(frame.boxes) == len(frame.scores) == len(frame.labels):
            raise BundleWrong(path, f"boxes, scores and labels of {frame.picture!r} don't belong together")
    return expected


def read_outputs(folder: Path, frame: ExpectedFrame) -> list[Array]:
    """The expected tensors of a frame; raises BundleWrong."""
    found: list[Array] = []
    for tensor in frame.outputs:
        path = folder / FOLDER / tensor.file
        try:
            content = read_bytes(path, tensor.bytes)
        except ContentWrong as error:
            raise BundleWrong(path, error.what) from error
        if len(content) != tensor.bytes:
            raise BundleWrong(path, f"it has {len(content):,} bytes, its shape {list(tensor.shape)} {tensor.bytes:,}")
        values = np.frombuffer(content, FLOAT).reshape(tensor.shape).astype(np.float32)
        if not np.isfinite(values).all():
            raise BundleWrong(path, "it holds what is no finite number")
        found.append(values)
    return found


def judged(folder: Path, expected: Expected, answers: Sequence[Answer]) -> Verdict:
    """A unit's answers to the frames, in their order, against the expected ones; raises BundleWrong."""
    bounds = expected.bounds
    cosines: list[float] = []
    shifts: list[float] = []
    theirs = ours = 0
    for frame, answer in zip(expected.frames, answers, strict=True):
        wanted = read_outputs(folder, frame)
        asked, got = ([list(one.shape) for one in outputs] for outputs in (wanted, answer.outputs))
        if asked != got:
            return _failed(len(answers), f"its outputs have the shapes {got}, not {asked}")
        cosines += [cosine(a, b) for a, b in zip(wanted, answer.outputs, strict=True)]
        there, here = (_counting(one, bounds.score) for one in (frame.detections(), answer.found))
        theirs += len(there)
        ours += len(here)
        shifts += [abs(float(there.scores[a] - here.scores[b])) for a, b in partners(there, here, bounds.iou)]
    worst = math.nan if any(map(math.isnan, cosines)) else min(cosines)
    verdict = Verdict(len(answers), worst, theirs, ours, len(shifts), max(shifts, default=math.nan), "")
    return replace(verdict, why=_why(verdict, bounds))


def _why(found: Verdict, bounds: Bounds) -> str:
    if not found.cosine_min >= bounds.cosine:
        return f"an output's cosine to what is expected is {found.cosine_min:.4f}, asked is {bounds.cosine:g}"
    for boxes, whose in ((found.boxes_expected, "expected"), (found.boxes_found, "found")):
        if found.matched < bounds.matched * boxes:
            return f"{found.matched} of {boxes} {whose} boxes have a partner, asked is a share of {bounds.matched:g}"
    if found.shift_max > bounds.shift:
        return f"a box's score is {found.shift_max:.3f} apart from the expected one, allowed is {bounds.shift:g}"
    return ""


def _failed(frames: int, why: str) -> Verdict:
    return Verdict(frames, math.nan, 0, 0, 0, math.nan, why)


def _counting(found: Detections, score: float) -> Detections:
    return found.pick(found.scores >= score)
