"""A stronger model's findings as proposals of a truth, for a recording that nobody labelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.assembly import loaded
from edge.config import BackendChoice, ModelChoice
from models.detections import Detections
from replay.datasets.proposals import Proposals
from replay.recording import Recording
from replay.truth import Role, Truth
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.host import software

STREAM = "label"


class NothingProposed(GilmokError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the teacher answered for no frame of {name}: {why}", "check the recording and the model")


@dataclass(frozen=True, slots=True)
class Taught:
    proposals: Proposals
    boxes: int
    unanswered: int
    """Frames that failed: nobody labelled them, which is not to say that they are empty."""


def propose(
    recording: Recording,
    teacher: ModelChoice,
    backend: BackendChoice,
    least_score: float,
    clock: Clock,
    on_frame: Callable[[], None] = lambda: None,
) -> Taught:
    """Every frame through the teacher, one by one. Raises NothingProposed, or what keeps a model from running."""
    found: dict[int, Detections] = {}
    why = "it has none"
    with loaded(teacher, backend, Path()) as parts:
        pipeline = parts.pipeline(clock)
        for frame in recording.frames(STREAM, clock):
            report = pipeline.step(frame)
            if report.findings is None:
                why = report.reason
            else:
                found[report.seq] = report.findings.detections()
            on_frame()
        artefact, manifest, device = parts.artefact, parts.manifest, parts.device.name
        names = parts.labels
    if not found:
        raise NothingProposed(recording.name, why)
    sure = {number: one.pick(one.scores >= np.float32(least_score)) for number, one in found.items()}
    labels, truths = _truths(sure, names)
    made = datetime.fromtimestamp(clock.now().utc_ns // NS_PER_S, UTC)
    provenance = (
        f"{manifest.name} (sha256 {artefact.sha256}, {artefact.precision}, {backend.name}:{device}), findings from "
        f"score {least_score:g} on, gilmok {software()}, {made:%Y-%m-%dT%H:%M:%SZ}"
    )
    proposals = Proposals(recording, labels, truths, artefact.sha256, provenance)
    boxes = sum(len(one.labels) for one in truths.values())
    return Taught(proposals, boxes, len(recording.numbers) - len(truths))


def _truths(found: dict[int, Detections], names: Sequence[str]) -> tuple[list[str], dict[int, Truth]]:
    """The labels that were found at all, and the truths by them."""
    present = sorted({int(label) for one in found.values() for label in one.labels.tolist()})
    place = {label: row for row, label in enumerate(present)}
    truths = {
        number: Truth(
            one.boxes.astype(np.float64),
            np.array([place[label] for label in one.labels.tolist()], np.int64),
            np.full(len(one), -1),
            np.full(len(one), int(Role.POSITIVE)),
        )
        for number, one in found.items()
    }
    return [names[label] for label in present], truths
