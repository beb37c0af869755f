"""How right a stream was, by the reference rule (`replay.scoring.pool`): COCO's figures over the merged classes."""

from dataclasses import dataclass

from replay.metrics.coco import average_precision
from replay.scoring.stream import ScoredStream
from replay.truth import Role


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Figures by name: `replay.metrics.coco.FIGURES`, `n_frames`, `n_truth`, `n_found`; NaN where undefined."""

    overall: dict[str, float]
    """The means over the evaluated classes that have truth."""
    per_class: dict[str, dict[str, float]]


def score(stream: ScoredStream) -> Accuracy:
    """Raises LabelsNotOffered or LabelsUnknownToModel."""
    pool = stream.pool
    overall, per_class = average_precision(pool.found, pool.labelled, pool.n_images, len(pool.classes))
    positive = pool.labelled.labels[pool.labelled.roles == Role.POSITIVE]
    return Accuracy(
        overall=overall | _counts(pool.n_images, len(positive), len(pool.found)),
        per_class={
            name: figures | _counts(pool.n_images, int((positive == i).sum()), int((pool.found.labels == i).sum()))
            for i, (name, figures) in enumerate(zip(pool.classes, per_class, strict=True))
        },
    )


def _counts(frames: int, truth: int, found: int) -> dict[str, float]:
    return {"n_frames": frames, "n_truth": truth, "n_found": found}
