"""Figures with intervals of anybody's findings against anybody's truth."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, cast

import numpy as np

from models.detections import Detections
from replay.datasets.classes import groups_of
from replay.datasets.pictures import PictureRecording
from replay.metrics.matching import Matching, Outcomes
from replay.notebook.inputs import Findings, Labelled, coco_findings, coco_truth, found_by_frame, truth_by_frame
from replay.notebook.intervals import JUDGED, Doubt, Figure, of_film, of_stills, of_units
from replay.recording import Recording, check_sound
from replay.scoring.class_table import ClassTable, class_table, told
from replay.scoring.classes import NONE, Wanted
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from sensors.errors import GilmokError

RESAMPLES = 500


class FramesStrange(GilmokError):
    def __init__(self, frames: Sequence[int]) -> None:
        shown = ", ".join(map(str, frames[:8])) + (", ..." if len(frames) > 8 else "")
        super().__init__(
            f"findings of frames that the truth doesn't have: {shown}",
            "frames go by the same numbers on both sides; a frame that nobody labelled is None in the truth",
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """COCO's figures by the reference rule of every score of gilmok (docs/metrics/accuracy.md)."""

    overall: Mapping[str, Figure]
    """AP, AP50 and AP75: means over the classes that have truth."""
    per_class: Mapping[str, Mapping[str, Figure]]
    n_frames: int
    """Labelled ones; those without an answer missed what was there."""
    n_unanswered: int
    n_truth: int
    n_found: int
    interval: str
    """Over what the intervals are, or why there is none."""
    n_units: int
    """How many sequences, stills or blocks of time they rest on."""
    classes: ClassTable
    """Which labels counted for which class, and what for none."""

    def __str__(self) -> str:
        heads = "; ".join(f"{name} {figure}" for name, figure in self.overall.items())
        size = f"{self.n_frames:,} frames, {self.n_truth:,} objects, {self.n_found:,} findings"
        return f"{heads}; {size}; {self.interval}"

    def _repr_html_(self) -> str:
        rows = {"all classes": self.overall, **self.per_class}
        cells = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(f'<td>{figures[one]}</td>' for one in JUDGED)}</tr>"
            for name, figures in rows.items()
        )
        heads = "".join(f"<th>{name}</th>" for name in ("", *JUDGED))
        lines = [str(self).split("; ", len(JUDGED))[-1], *told(self.classes)]
        return f"<table><tr>{heads}</tr>{cells}</table>" + "".join(f"<p>{escape(line)}</p>" for line in lines)


def evaluate(
    truth: Recording | Labelled,
    findings: Findings,
    *,
    truth_labels: Sequence[str] = (),
    model_labels: Sequence[str] = (),
    labels: Sequence[str] = (),
    classes: Wanted = NONE,
    sequences: Mapping[int, str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Evaluation:
    """AP of findings against a truth, with 95 % intervals.

    truth: a recording; or by frame number a Truth, or (boxes, labels), or None where nobody labelled it; or a COCO
        instances file, its path or its content. Boxes are (n, 4) left, top, right, bottom in pixels.
    findings: by frame number Detections, or (boxes, scores, labels), or None (no answer: all that was there is missed);
        or COCO's results for such a file, their path or their rows. A frame that isn't there has no answer.
    truth_labels, model_labels: the names that labels in arrays are indices into; needless where labels are names.
    labels, classes: the classes to evaluate, and which of the model's labels count for each (docs/metrics/accuracy.md,
        "Whose words").
    sequences: by frame number the film that it is of. Films are independent of each other, their frames are not.
        Without it every still counts as independent, arrays and COCO files are stills, and a recording that is a film
        is cut into blocks of time, as long as its traffic stays alike: that speaks of more traffic like this.
    resamples, seed: of the bootstrap.

    Raises FramesStrange, RecordingUnsound, LabelsNotOffered, LabelsUnknownToModel, ClassesContradict, LabelsWrong or
    FindingsUnfit.
    """
    stream = _stream(truth, findings, truth_labels, model_labels, labels, classes)
    pool, accuracy = stream.pool, score(stream)
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()
    doubt = _doubt(stream, outcomes, sequences, resamples, seed)
    per_class = {
        name: {
            one: doubt.figure(len(JUDGED) * (label + 1) + place, accuracy.per_class[name][one])
            for place, one in enumerate(JUDGED)
        }
        for label, name in enumerate(pool.classes)
    }
    return Evaluation(
        overall={one: doubt.figure(place, accuracy.overall[one]) for place, one in enumerate(JUDGED)},
        per_class=per_class,
        n_frames=pool.n_images,
        n_unanswered=pool.unanswered,
        n_truth=int(accuracy.overall["n_truth"]),
        n_found=int(accuracy.overall["n_found"]),
        interval=f"95 % intervals over {doubt.n} {doubt.unit}"
        if doubt.n >= doubt.least
        else f"no interval: {doubt.n} {doubt.unit}, and it takes {doubt.least}",
        n_units=doubt.n,
        classes=class_table(stream),
    )


def _stream(
    truth: Recording | Labelled,
    findings: Findings,
    truth_labels: Sequence[str],
    model_labels: Sequence[str],
    labels: Sequence[str],
    classes: Wanted,
) -> ScoredStream:
    answers: Mapping[int, Detections | None]
    recording: Recording
    if isinstance(truth, str | os.PathLike) or (isinstance(truth, Mapping) and "annotations" in truth):
        file = coco_truth(truth)
        recording = _arrays(file.truths(), file.labels, file.scored)
        if isinstance(findings, Mapping):
            answers, model_labels = found_by_frame(findings, model_labels)
        else:
            answers, model_labels = coco_findings(file, findings), file.labels
    else:
        if isinstance(truth, Mapping):
            there, table = truth_by_frame(cast(Mapping[int, Any], truth), truth_labels)
            recording = _arrays(there, table, table)
        elif not hasattr(truth, "problems"):
            raise TypeError("a truth is a recording, a mapping by frame number, or a COCO instances file")
        else:
            recording = truth
            check_sound(recording)
        if not isinstance(findings, Mapping):
            raise TypeError("findings of such a truth are a mapping by frame number")
        answers, model_labels = found_by_frame(findings, model_labels)
    known = set(recording.numbers)
    if strangers := [number for number in answers if number not in known]:
        raise FramesStrange(strangers)
    return ScoredStream(
        recording=recording,
        model_labels=tuple(model_labels),
        labels=tuple(labels),
        frames=tuple(recording.numbers),
        truths=tuple(recording.truth(number) for number in recording.numbers),
        answers=tuple(answers.get(number) for number in recording.numbers),
        wanted=classes,
    )


def _arrays(truths: Mapping[int, Any], labels: Sequence[str], scored: Sequence[str]) -> PictureRecording:
    """A truth without pictures, as a recording of stills."""
    return PictureRecording(
        dataset="arrays",
        name="truth",
        fps=math.nan,
        labels=tuple(labels),
        groups=groups_of(list(scored)),
        pictures={number: Path(str(number)) for number in sorted(truths)},
        truths={number: truth for number, truth in truths.items() if truth is not None},
        film=False,
    )


def _doubt(
    stream: ScoredStream, outcomes: Outcomes, sequences: Mapping[int, str] | None, resamples: int, seed: int
) -> Doubt:
    frames = [stream.frames[row] for row in stream.images.tolist()]
    if sequences is not None:
        names = [str(sequences.get(number, "")) for number in frames]
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        return of_units(outcomes, np.array([places[name] for name in names], np.int64), "sequences", resamples, seed)
    recording = stream.recording
    still = math.isnan(recording.fps) or (isinstance(recording, PictureRecording) and not recording.film)
    return (of_stills if still else of_film)(outcomes, len(frames), resamples, seed)
