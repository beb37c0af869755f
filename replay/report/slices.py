"""The truth in parts (class, size, distance, what hides it), and how much of each part was found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.metrics.average_precision import AREAS
from replay.metrics.pool import Mask, Numbers
from replay.report.evidence import Evidence
from replay.scoring.breakdown import distance_bands, level_bands

MOST_CLASSES = 12
Cut = Callable[[Numbers], Mapping[str, tuple[float, float]]]


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
        ("distance", "distance", list(_bands(truth.distance_m, distance_bands, evidence.positive))),
        ("hidden", "occlusion", list(_bands(truth.occluded, level_bands, evidence.positive))),
        ("outside the picture", "truncation", list(_bands(truth.truncated, level_bands, evidence.positive))),
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


def _bands(values: NDArray[np.float32], cut: Cut, positive: Mask) -> Iterator[tuple[str, Mask]]:
    """The bands of `replay.scoring.breakdown`; nothing where nothing is known."""
    wide = values.astype(np.float64)
    known = wide[~np.isnan(wide) & positive]
    for name, (above, most) in cut(known).items() if len(known) else ():
        yield name, (wide > above) & (wide <= most)
