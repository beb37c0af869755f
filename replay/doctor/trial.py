"""Every contract on the same labelled frames: how right the model is when it is fed and read so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from edge.assembly import Loaded
from edge.device.backend import BackendError
from models.decode import read
from models.detections import Detections
from models.manifest import InputContract
from models.preprocess import InputUnfit, Placement, Preparer
from models.tensors import dequantise
from replay.doctor.contracts import AS_WRITTEN, Contract, readings
from replay.metrics.matching import Matching
from replay.metrics.pool import Index, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.recording import Recording
from replay.scoring.classes import LabelsUnknownToModel, Wanted, evaluated
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.truth import Role, Truth
from sensors.errors import GilmokError
from sensors.frame import Array, Image

FEW = 4
"""Frames of the first look at every contract."""
KEPT = 8
"""The best of the first look."""


class NothingLabelled(GilmokError):
    def __init__(self, recording: Recording) -> None:
        super().__init__(
            f"no frame of {recording.dataset} {recording.name} has a labelled object that is scored",
            "name a recording with labels; `gilmok replay list` shows how many each has",
        )


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFrame:
    number: int
    picture: Image
    truth: Truth


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    contract: Contract
    ap: float
    """COCO's, the mean over the evaluated classes."""
    stream: ScoredStream

    @property
    def answers(self) -> Sequence[Detections]:
        return [found for found in self.stream.answers if found is not None]

    def resampled(self, draws: Index) -> Numbers:
        """(draws,) AP over frames drawn so often: (draws, frames), 0 where no draw can tell."""
        pool = self.stream.pool
        outcomes = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()
        return np.nan_to_num(mean_ap(resampled_ap(outcomes, np.arange(pool.n_images), draws)))


def labelled_frames(recording: Recording, n: int) -> list[LabelledFrame]:
    """About `n` frames with objects, spread over the recording; raises NothingLabelled, PictureUnreadable."""
    numbers = [number for number in recording.numbers if _holds_something(recording.truth(number))]
    if not numbers:
        raise NothingLabelled(recording)
    places = np.unique(np.linspace(0, len(numbers) - 1, min(n, len(numbers))).round().astype(int))
    chosen = [numbers[place] for place in places.tolist()]
    truths = [recording.truth(number) for number in chosen]
    return [
        LabelledFrame(number, recording.picture(number), truth)
        for number, truth in zip(chosen, truths, strict=True)
        if truth is not None
    ]


def examined(
    parts: Loaded,
    recording: Recording,
    frames: Sequence[LabelledFrame],
    asked_for: tuple[Sequence[str], Wanted],
    candidates: Sequence[InputContract],
    on_step: Callable[[int, int], None],
) -> tuple[list[Trial], int]:
    """The trials over all `frames`, the manifest's own first, and how many contracts were tried at all.

    All of them on a few frames, and what does best there on all. Arguments and errors as in `trials`; `on_step` hears
    of pictures.
    """
    few = frames[:: max(1, len(frames) // FEW)][:FEW]
    at_most = len(candidates) * len(few) + (KEPT + 2) * len(frames)

    def first(done: int, _all: int) -> None:
        on_step(done * len(few), at_most)

    first_look = trials(parts, recording, few, asked_for, candidates, first)
    if len(few) == len(frames):
        return first_look, len(first_look)
    best = sorted(range(len(first_look)), key=lambda i: (-np.nan_to_num(first_look[i].ap), i))[:KEPT]
    wanted = {id(first_look[i].contract.input) for i in best}
    # The manifest's own, and the makers' usual one, are looked at in any case.
    kept = [one for place, one in enumerate(candidates) if place < 2 or id(one) in wanted]
    whole = len(candidates) * len(few) + len(kept) * len(frames)

    def then(done: int, _all: int) -> None:
        on_step(len(candidates) * len(few) + done * len(frames), whole)

    return trials(parts, recording, frames, asked_for, kept, then), len(first_look)


def trials(
    parts: Loaded,
    recording: Recording,
    frames: Sequence[LabelledFrame],
    asked_for: tuple[Sequence[str], Wanted],
    candidates: Sequence[InputContract],
    on_step: Callable[[int, int], None],
) -> list[Trial]:
    """One for each contract, the manifest's own first.

    `asked_for`: the classes, as `ScoredStream` has them in `labels` and `wanted`.
    `candidates`: the ways to feed it, the manifest's own first (`contracts.inputs`). `on_step` hears how many of them
    are tried, of how many. Raises BackendError where the own contract doesn't run.
    """
    asked = ScoredStream(
        recording=recording,
        model_labels=_names(parts, recording, asked_for),
        labels=asked_for[0],
        wanted=asked_for[1],
        frames=[frame.number for frame in frames],
        truths=[frame.truth for frame in frames],
        answers=[None] * len(frames),
    )
    found: list[Trial] = []
    for step, contract in enumerate(candidates):
        try:
            outputs = _outputs(parts, contract, frames)
        except (BackendError, InputUnfit):
            if step == 0:
                raise
            continue
        found += _read(parts, Contract(contract, AS_WRITTEN), outputs, asked)
        on_step(step + 1, len(candidates))
    return found


def _outputs(
    parts: Loaded, contract: InputContract, frames: Sequence[LabelledFrame]
) -> list[tuple[list[Array], Placement]]:
    session = parts.session
    preparer = Preparer(contract, session.inputs[0])
    answers = []
    for frame in frames:
        prepared = preparer.prepare(frame.picture, preparer.buffer())
        raw = session.run([prepared.tensor])
        answers.append(
            ([dequantise(stored, spec) for stored, spec in zip(raw, session.outputs, strict=True)], prepared.placement)
        )
    return answers


def _read(
    parts: Loaded, contract: Contract, outputs: Sequence[tuple[list[Array], Placement]], asked: ScoredStream
) -> list[Trial]:
    """The same outputs in every reading."""
    manifest = parts.manifest
    made: list[Trial] = []
    plain: list[Detections] = []
    for reading, shift in readings(manifest):
        if shift == 0:
            told = structs.replace(manifest, decoder_options=manifest.decoder_options | dict(reading.options))
            answers = [read(tensors, told, placement, reading.boxes) for tensors, placement in outputs]
            plain = answers if reading is AS_WRITTEN else plain
        else:
            answers = [_shifted(found, shift, len(parts.labels), len(asked.model_labels)) for found in plain]
        stream = replace(asked, answers=answers, tracks=())
        ap = score(stream).overall["AP"]
        made.append(Trial(Contract(contract.input, reading, shift), ap, stream))
    return made


def _shifted(found: Detections, shift: int, n_labels: int, n_names: int) -> Detections:
    labels = found.labels + shift
    if n_names > n_labels:
        labels[labels < 0] = n_labels
    kept = (labels >= 0) & (labels < n_names)
    return Detections(found.boxes[kept], found.scores[kept], labels[kept])


def _names(parts: Loaded, recording: Recording, asked_for: tuple[Sequence[str], Wanted]) -> Sequence[str]:
    """The model's; where none of them means a class, that class is the last: a table that begins too late lost it."""
    try:
        evaluated(recording, parts.labels, *asked_for)
    except LabelsUnknownToModel:
        return [*parts.labels, *list(asked_for[0] or recording.groups)[:1]]
    return parts.labels


def _holds_something(truth: Truth | None) -> bool:
    return truth is not None and bool(truth.of_role(Role.POSITIVE).any())
