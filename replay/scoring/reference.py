"""What a model found on a recording, against the recording's truth.

The rule behind every accuracy that gilmok tells: the classes are merged by the recording's groups after the model's
own suppression; a detection whose centre lies in a region that nobody labelled is dropped; truth is neither clipped
nor filtered. Neighbours take no part: plain COCO AP has no place for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.wire.messages import FrameReport
from models.detections import Detections, nothing
from replay.metrics.coco import average_precision
from replay.metrics.pool import Found, Labelled
from replay.recording import Group, Recording
from replay.truth import Role, Truth, joined, nothing_there, to_sizes
from sensors.errors import GilmokError


class LabelsNotOffered(GilmokError):
    def __init__(self, recording: Recording, unknown: Sequence[str]) -> None:
        super().__init__(
            f"{recording.dataset} recordings are not scored for {', '.join(map(repr, unknown))}",
            f"they are for: {', '.join(recording.groups)}",
        )


class LabelsUnknownToModel(GilmokError):
    def __init__(self, unknown: Sequence[str], model_labels: Sequence[str]) -> None:
        shown = ", ".join(model_labels[:8]) + (", ..." if len(model_labels) > 8 else "")
        super().__init__(
            f"the model never finds {', '.join(map(repr, unknown))}: it knows {shown}",
            "ask for other labels, or for none",
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Figures by name: `replay.metrics.coco.FIGURES`, `n_frames`, `n_truth`, `n_found`."""

    overall: dict[str, float]
    """The means over the evaluated classes that have truth."""
    per_class: dict[str, dict[str, float]]
    unlabelled: int
    """Frames left out because nobody labelled them."""
    unanswered: int
    """Frames without an answer: their truth counts as missed."""
    in_regions: int
    """Detections dropped because nobody labelled where they are."""
    unmapped: int
    """Detections of classes that are not evaluated."""
    unknown_to_model: tuple[str, ...] = ()
    """Classes left out because the model doesn't have them."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What is scored: the merged classes' findings and truth. Image i is the i-th frame that has a truth."""

    classes: tuple[str, ...]
    found: Found
    labelled: Labelled
    """Positives, and the crowds of a class."""
    truth: Truth
    """The row that each labelled row came from: what else the data set knows of it."""
    unlabelled: int
    unanswered: int
    in_regions: int
    unmapped: int
    unknown_to_model: tuple[str, ...]
    """As in Accuracy."""


def score_reports(
    reports: Iterable[FrameReport],
    recording: Recording,
    model_labels: Sequence[str],
    labels: Sequence[str] = (),
    captured: int | None = None,
) -> Accuracy:
    """Score a run over the recording's first `captured` frames; None: up to the last one reported.

    A frame without a report was dropped or lost: it counts as unanswered, as a failed one does.
    """
    _, pairs = asked(reports, recording, captured)
    return score(pairs, recording, model_labels, labels)


def asked(
    reports: Iterable[FrameReport], recording: Recording, captured: int | None = None
) -> tuple[Sequence[int], list[tuple[Truth | None, Detections | None]]]:
    """The frame numbers that a run is scored over, and of each its truth and its answer, as `score` takes them."""
    answers = {report.seq: report.findings for report in reports}
    last = max(answers, default=-1)
    numbers = recording.numbers[:captured] if captured is not None else [n for n in recording.numbers if n <= last]
    found = (answers.get(number) for number in numbers)
    return numbers, [
        (recording.truth(number), None if findings is None else findings.detections())
        for number, findings in zip(numbers, found, strict=True)
    ]


def score(
    pairs: Iterable[tuple[Truth | None, Detections | None]],
    recording: Recording,
    model_labels: Sequence[str],
    labels: Sequence[str] = (),
) -> Accuracy:
    """Score frames: each one's truth (None: nobody labelled it) and what was found (None: no answer).

    `labels` selects evaluated classes; none: all that the recording offers and the model knows. Raises
    LabelsNotOffered or LabelsUnknownToModel.
    """
    every = list(pairs)
    pool = pooled(every, recording, model_labels, labels)
    n_images = len(every) - pool.unlabelled
    overall, per_class = average_precision(pool.found, pool.labelled, n_images, len(pool.classes))
    positive = pool.labelled.labels[pool.labelled.roles == Role.POSITIVE]
    return Accuracy(
        overall=overall | _counts(n_images, len(positive), len(pool.found)),
        per_class={
            name: figures | _counts(n_images, int((positive == i).sum()), int((pool.found.labels == i).sum()))
            for i, (name, figures) in enumerate(zip(pool.classes, per_class, strict=True))
        },
        unlabelled=pool.unlabelled,
        unanswered=pool.unanswered,
        in_regions=pool.in_regions,
        unmapped=pool.unmapped,
        unknown_to_model=pool.unknown_to_model,
    )


def pooled(
    pairs: Sequence[tuple[Truth | None, Detections | None]],
    recording: Recording,
    model_labels: Sequence[str],
    labels: Sequence[str] = (),
) -> Pool:
    """The rule of this file, without the score; `pairs`, `labels` and errors as in `score`."""
    groups, unknown = evaluated(recording, model_labels, labels)
    known = [(truth, found) for truth, found in pairs if truth is not None]
    merged = _places(recording.labels, [group.truth for group in groups.values()])
    labelled, rows = _labelled([truth for truth, _ in known], merged)
    wanted = _places(model_labels, [(*group.found, name) for name, group in groups.items()])
    found, in_regions, unmapped = _found(known, wanted)
    return Pool(
        classes=tuple(groups),
        found=found,
        labelled=labelled,
        truth=rows,
        unlabelled=len(pairs) - len(known),
        unanswered=sum(found is None for _, found in known),
        in_regions=in_regions,
        unmapped=unmapped,
        unknown_to_model=unknown,
    )


def evaluated(
    recording: Recording, model_labels: Sequence[str], labels: Sequence[str] = ()
) -> tuple[Mapping[str, Group], tuple[str, ...]]:
    """The groups to score, and those that the model can't be scored for; raises as `score` does.

    A model label counts for a class if the class's group lists it, or if it is the class's own name.
    """
    check_offered(recording, labels)
    chosen = {name: recording.groups[name] for name in labels or recording.groups}
    unknown = tuple(name for name, group in chosen.items() if not {name, *group.found} & set(model_labels))
    if unknown and (labels or len(unknown) == len(chosen)):
        raise LabelsUnknownToModel(unknown, model_labels)
    return {name: group for name, group in chosen.items() if name not in unknown}, unknown


def check_offered(recording: Recording, labels: Sequence[str]) -> None:
    """Raises LabelsNotOffered where the recording isn't scored for one of `labels`."""
    absent = [label for label in labels if label not in recording.groups]
    if absent:
        raise LabelsNotOffered(recording, absent)


def _places(labels: Sequence[str], merged: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """For each label the place of the set that merges it, else -1; one more -1 at the end, for "no label"."""
    place = {label: i for i, names in reversed(list(enumerate(merged))) for label in names}
    return np.array([*(place.get(label, -1) for label in labels), -1], np.int64)


def _labelled(truths: Sequence[Truth], places: NDArray[np.int64]) -> tuple[Labelled, Truth]:
    """Positives and crowds of the evaluated classes, and the truth's own rows of them.

    A region that has a class is a crowd, one without is no truth.
    """
    rows = joined(truths)
    images = np.repeat(np.arange(len(truths)), [len(truth) for truth in truths])
    labels = places[rows.labels]
    kept = (labels >= 0) & (rows.of_role(Role.POSITIVE) | rows.of_role(Role.REGION))
    boxes = to_sizes(rows.boxes)
    areas = np.where(np.isnan(rows.areas), boxes[:, 2] * boxes[:, 3], rows.areas)
    return Labelled(images[kept], labels[kept], boxes[kept], areas[kept], rows.roles[kept]), rows.pick(kept)


def _found(known: Sequence[tuple[Truth, Detections | None]], places: NDArray[np.int64]) -> tuple[Found, int, int]:
    """The detections to score, how many lay in regions, and how many were of no evaluated class."""
    # A frame of nothing at the end, so that there is always something to concatenate.
    answers = [
        *((truth, nothing() if found is None else found) for truth, found in known),
        (nothing_there(), nothing()),
    ]
    images = np.repeat(np.arange(len(answers)), [len(found) for _, found in answers])
    boxes = np.concatenate([found.boxes for _, found in answers]).astype(np.float64)
    scores = np.concatenate([found.scores for _, found in answers]).astype(np.float64)
    labels = np.concatenate([found.labels for _, found in answers])
    # A label beyond the model's own table is of no evaluated class either.
    labels = places[np.minimum(labels, len(places) - 1)]
    mapped = labels >= 0
    excused = mapped & np.concatenate([_in_region(truth, found.boxes) for truth, found in answers])
    kept = mapped & ~excused
    found = Found(images[kept], labels[kept], to_sizes(boxes[kept]), scores[kept])
    return found, int(excused.sum()), int((~mapped).sum())


def _in_region(truth: Truth, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,) marks the boxes whose centre lies in a region without a class, edges inclusive."""
    regions = truth.boxes[truth.of_role(Role.REGION) & (truth.labels < 0)]
    centres = (boxes[:, None, :2].astype(np.float64) + boxes[:, None, 2:]) / 2
    inside = np.all((centres >= regions[:, :2]) & (centres <= regions[:, 2:]), axis=2)
    return np.asarray(np.any(inside, axis=1))


def _counts(frames: int, truth: int, found: int) -> dict[str, float]:
    return {"n_frames": frames, "n_truth": truth, "n_found": found}
