"""The same input on both sides: how far apart the outputs are, tensor by tensor and box by box."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.assembly import Loaded
from models.boxes import partners
from models.decode import read
from models.detections import Detections
from models.preprocess import Prepared, Preparer
from models.stitch import Stitch
from models.tensors import cosine, dequantise
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, numbered, reference
from replay.qualify.progress import Tell
from sensors.frame import Array, Image
from sensors.record import Record

SCORE, IOU = 0.25, 0.9
LEAST_COSINE, LEAST_MATCHED, MOST_SHIFT = 0.99, 0.97, 0.05


class OutputParity(Record, frozen=True, kw_only=True):
    """One output tensor over all frames, as real numbers (dequantised, heads joined)."""

    name: str
    shape: tuple[int, ...]
    cosine_min: float
    cosine_mean: float
    max_abs: float
    reference_max_abs: float
    """The greatest number in it: what `max_abs` has to be seen against."""


class BoxParity(Record, frozen=True, kw_only=True):
    """Boxes of score >= .25, matched 1:1 in their class at IoU >= .9."""

    reference: int
    candidate: int
    matched: int
    of_reference: float
    """Share of the reference's boxes that have a partner; NaN where it has none."""
    of_candidate: float
    shift_p95: float
    """|score difference| of partners, 95th percentile."""
    shift_max: float


class Parity(Record, frozen=True, kw_only=True):
    frames: int
    same_bytes: bool
    """Whether both sides got the very same tensor; else each its own of the same picture."""
    feeding: str
    outputs: tuple[OutputParity, ...]
    boxes: BoxParity
    identical: int
    """Frames on which every output is the same to the bit."""
    not_finite: int
    """Frames on which the candidate answered with NaN or infinity."""


@dataclass(slots=True)
class BoxTally:
    """Boxes of both sides, frame by frame: `put` counts and pairs them, `result` sums up."""

    reference: int = 0
    candidate: int = 0
    shifts: list[float] = field(default_factory=list)

    def put(self, theirs: Detections, ours: Detections) -> None:
        theirs, ours = theirs.pick(theirs.scores >= SCORE), ours.pick(ours.scores >= SCORE)
        self.reference += len(theirs)
        self.candidate += len(ours)
        self.shifts += [abs(float(theirs.scores[a] - ours.scores[b])) for a, b in partners(theirs, ours, IOU)]

    def result(self) -> BoxParity:
        matched = len(self.shifts)
        ordered = sorted(self.shifts)
        return BoxParity(
            reference=self.reference,
            candidate=self.candidate,
            matched=matched,
            of_reference=matched / self.reference if self.reference else math.nan,
            of_candidate=matched / self.candidate if self.candidate else math.nan,
            shift_p95=ordered[math.ceil(0.95 * matched - 1e-9) - 1] if matched else math.nan,
            shift_max=ordered[-1] if matched else math.nan,
        )


class _Side:
    """A session with what stands before and behind it."""

    def __init__(self, parts: Loaded) -> None:
        self.parts = parts
        self._preparer = Preparer(parts.artefact.input, parts.session.inputs[0])
        self._memory = self._preparer.buffer()
        self._stitch = Stitch(parts.artefact)

    def prepare(self, image: Image) -> Prepared:
        return self._preparer.prepare(image, self._memory)

    def outputs(self, feed: Array) -> Sequence[Array]:
        raw = self.parts.session.run([feed])
        real = [dequantise(stored, spec) for stored, spec in zip(raw, self.parts.session.outputs, strict=True)]
        return self._stitch(real)


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Parity:  # noqa: ARG001 (every part is called alike)
    pictures = numbered(campaign, campaign.budget.parity_frames)
    boxes, identical, not_finite = BoxTally(), 0, 0
    differences: list[list[tuple[float, float, float]]] = []
    with reference(campaign) as ref, candidate(campaign) as dut:
        theirs, ours = _Side(ref), _Side(dut)
        same_bytes = _same_feed(ref, dut)
        for done, (recording, _, picture) in enumerate(pictures, 1):
            asked, our_own = theirs.prepare(picture), ours.prepare(picture)
            ask = asked if same_bytes else our_own
            expected, answered = theirs.outputs(asked.tensor), ours.outputs(ask.tensor)
            differences.append([_difference(a, b) for a, b in zip(expected, answered, strict=True)])
            identical += all(np.array_equal(a, b) for a, b in zip(expected, answered, strict=True))
            if all(np.isfinite(output).all() for output in answered):
                boxes.put(
                    read(expected, ref.manifest, asked.placement),
                    read(answered, dut.manifest, ask.placement),
                )
            else:
                not_finite += 1
            tell(done / len(pictures), recording.name)
        names = [spec.name for spec in ref.session.outputs]
        shapes = [output.shape for output in expected]
        feeding = _feeding(ref, dut, same_bytes)
    return Parity(
        frames=len(pictures),
        same_bytes=same_bytes,
        feeding=feeding,
        outputs=tuple(
            _output(name, shape, [frame[place] for frame in differences])
            for place, (name, shape) in enumerate(zip(names, shapes, strict=True))
        ),
        boxes=boxes.result(),
        identical=identical,
        not_finite=not_finite,
    )


def _same_feed(ref: Loaded, dut: Loaded) -> bool:
    same_rule = ref.artefact.input == dut.artefact.input
    return same_rule and ref.session.inputs[0].dtype == dut.session.inputs[0].dtype


def _feeding(ref: Loaded, dut: Loaded, same_bytes: bool) -> str:
    if same_bytes:
        return f"both sides got the very same {ref.session.inputs[0].dtype} tensor"
    return (
        f"each side got its own tensor of the same picture: {ref.session.inputs[0].dtype} {ref.artefact.input.layout} "
        f"the reference, {dut.session.inputs[0].dtype} {dut.artefact.input.layout} the candidate"
    )


def _difference(expected: Array, answered: Array) -> tuple[float, float, float]:
    """Cosine, greatest difference, greatest number of the reference."""
    apart = np.abs(expected.astype(np.float64) - answered)
    return cosine(expected, answered), float(apart.max(initial=0)), float(np.abs(expected).max(initial=0))


def _output(name: str, shape: tuple[int, ...], rows: Sequence[tuple[float, float, float]]) -> OutputParity:
    cosines, apart, greatest = (np.array(column) for column in zip(*rows, strict=True))
    return OutputParity(
        name=name,
        shape=shape,
        cosine_min=float(cosines.min()),
        cosine_mean=float(cosines.mean()),
        max_abs=float(apart.max()),
        reference_max_abs=float(greatest.max()),
    )
