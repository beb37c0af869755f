"""The reference rule, as arrays: what of the findings and of the truth is scored, class by class.

The rule behind every accuracy that gilmok tells: the classes are merged by the recording's groups after the model's
own suppression; a detection whose centre lies in a region that nobody labelled is dropped; truth is neither clipped
nor filtered. Neighbours take no part: plain COCO AP has no place for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections, nothing
from replay.metrics.pool import Found, Index, Labelled
from replay.scoring.classes import Classes
from replay.truth import Role, Truth, joined, nothing_there, to_sizes


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What is scored: the merged classes' findings and truth. An image is a frame that has a truth."""

    classes: tuple[str, ...]
    found: Found
    labelled: Labelled
    """Positives, and the crowds of a class."""
    truth: Truth
    """The row that each labelled row came from: what else the data set knows of it."""
    sequence_of_image: Index
    """(images,) which stream's pass over a recording each image is of, 0..; of one stream 0 throughout."""
    unlabelled: int
    """Frames left out because nobody labelled them."""
    unanswered: int
    """Images without an answer: their truth counts as missed."""
    in_regions: int
    """Detections dropped because nobody labelled where they are."""
    unmapped: int
    """Detections of classes that are not evaluated."""
    unknown_to_model: tuple[str, ...]
    """Classes left out because the model doesn't have them."""

    @property
    def n_images(self) -> int:
        return len(self.sequence_of_image)


def pooled(
    images: Sequence[tuple[Truth, Detections | None]],
    truth_labels: Sequence[str],
    model_labels: Sequence[str],
    classes: Classes,
    unlabelled: int = 0,
) -> Pool:
    """`images`: of each labelled frame its truth and what was found (None: no answer)."""
    groups = classes.groups
    labelled, rows = _labelled(
        [truth for truth, _ in images], _places(truth_labels, [g.truth for g in groups.values()])
    )
    wanted = _places(model_labels, [group.found for group in groups.values()])
    found, in_regions, unmapped = _found(images, wanted)
    return Pool(
        classes=tuple(groups),
        found=found,
        labelled=labelled,
        truth=rows,
        sequence_of_image=np.zeros(len(images), np.int64),
        unlabelled=unlabelled,
        unanswered=sum(found is None for _, found in images),
        in_regions=in_regions,
        unmapped=unmapped,
        unknown_to_model=classes.unknown_to_model,
    )


def pooled_together(pools: Sequence[Pool]) -> Pool:
    """Several streams scored as one set: each a sequence of its own; a class that two of them evaluate is one class."""
    classes = tuple(dict.fromkeys(name for pool in pools for name in pool.classes))
    images = [pool.n_images for pool in pools]
    starts = np.cumsum([0, *images])[:-1]
    places = [np.array([classes.index(name) for name in pool.classes], np.int64) for pool in pools]
    found = [pool.found for pool in pools]
    labelled = [pool.labelled for pool in pools]
    return Pool(
        classes=classes,
        found=Found(
            np.concatenate([one.images + start for one, start in zip(found, starts, strict=True)]),
            np.concatenate([place[one.labels] for one, place in zip(found, places, strict=True)]),
            np.concatenate([one.boxes for one in found]),
            np.concatenate([one.scores for one in found]),
        ),
        labelled=Labelled(
            np.concatenate([one.images + start for one, start in zip(labelled, starts, strict=True)]),
            np.concatenate([place[one.labels] for one, place in zip(labelled, places, strict=True)]),
            np.concatenate([one.boxes for one in labelled]),
            np.concatenate([one.areas for one in labelled]),
            np.concatenate([one.roles for one in labelled]),
        ),
        truth=joined([pool.truth for pool in pools]),
        sequence_of_image=np.repeat(np.arange(len(images)), images),
        unlabelled=sum(pool.unlabelled for pool in pools),
        unanswered=sum(pool.unanswered for pool in pools),
        in_regions=sum(pool.in_regions for pool in pools),
        unmapped=sum(pool.unmapped for pool in pools),
        unknown_to_model=tuple(dict.fromkeys(name for pool in pools for name in pool.unknown_to_model)),
    )


def _places(labels: Sequence[str], merged: Sequence[Sequence[str]]) -> Index:
    """For each label the place of the set that merges it, else -1; one more -1 at the end, for "no label"."""
    place = {label: i for i, names in reversed(list(enumerate(merged))) for label in names}
    return np.array([*(place.get(label, -1) for label in labels), -1], np.int64)


def _labelled(truths: Sequence[Truth], places: Index) -> tuple[Labelled, Truth]:
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


def _found(known: Sequence[tuple[Truth, Detections | None]], places: Index) -> tuple[Found, int, int]:
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
