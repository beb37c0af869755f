"""The truth in parts (class, size, distance, what hides it), and how much of each part was found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.average_precision import AREAS
from replay.metrics.pool import Mask, Numbers
from replay.report.evidence import Evidence

DISTANCES_M = (0, 10, 20, 40, 80)
FRACTIONS = (0.0, 1 / 3, 2 / 3)
MOST_CLASSES = 12


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    n: int
    """Objects."""
    found: float
    """Share found at the operating score."""
    found_at_any: float
    """Share found at any score."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    title: str
    term: str
    """Its definition's anchor."""
    parts: tuple[Part, ...]


def breakdowns(evidence: Evidence) -> list[Breakdown]:
    """Those that the truth knows and that have two parts or more; a part without an object is left out."""
    truth = evidence.pool.truth
    columns = [
        ("class", "found", list(_classes(evidence))),
        ("size", "size", list(_sizes(evidence))),
        ("distance", "distance", list(_distances(truth.distance_m.astype(np.float64)))),
        ("hidden", "occlusion", list(_levels(truth.occluded.astype(np.float64)))),
        ("outside the picture", "truncation", list(_levels(truth.truncated.astype(np.float64)))),
    ]
    made = [Breakdown(title, term, tuple(_parts(evidence, named))) for title, term, named in columns]
    return [one for one in made if len(one.parts) > 1]


def _parts(evidence: Evidence, named: Sequence[tuple[str, Mask]]) -> Iterator[Part]:
    for name, mask in named:
        scores = evidence.found_at[mask & evidence.positive]
        if len(scores):
            found, at_any = np.mean(scores >= evidence.operating.score), np.mean(~np.isnan(scores))
            yield Part(name, len(scores), float(found), float(at_any))


def _classes(evidence: Evidence) -> Iterator[tuple[str, Mask]]:
    labels = evidence.pool.labelled.labels
    counts = np.bincount(labels[evidence.positive], minlength=len(evidence.pool.classes))
    for label in np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist():
        yield evidence.pool.classes[label], labels == label


def _sizes(evidence: Evidence) -> Iterator[tuple[str, Mask]]:
    areas = evidence.pool.labelled.areas
    least = 0.0
    for name, (_, most) in AREAS.items():
        # Here each object belongs to one size: to the smaller one on the limit.
        yield name, (areas > least) & (areas <= most) if least else areas <= most
        least = most


def _distances(distance_m: Numbers) -> Iterator[tuple[str, Mask]]:
    for low, high in zip(DISTANCES_M, (*DISTANCES_M[1:], None), strict=True):
        if high is None:
            yield f"from {low} m", distance_m >= low
        else:
            yield f"{low} to {high} m", (distance_m >= low) & (distance_m < high)


def _levels(values: Numbers) -> Iterator[tuple[str, Mask]]:
    """By the data set's levels where it has levels, else by fractions."""
    known = values[~np.isnan(values)]
    if len(known) and known.max() > 0 and np.all(known == np.rint(known)):
        for level in np.unique(known).tolist():
            yield f"level {level:.0f}", values == level
        return
    yield "not at all", values == FRACTIONS[0]
    yield "up to a third", (values > FRACTIONS[0]) & (values <= FRACTIONS[1])
    yield "up to two thirds", (values > FRACTIONS[1]) & (values <= FRACTIONS[2])
    yield "more", values > FRACTIONS[2]
