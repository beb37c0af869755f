"""How far two models agree on the very same frames: their findings held against each other, and no truth.

F1 of the pairs is the proportion of specific agreement, which no frame of nothing on both sides can raise (Hripcsak and
Rothschild, "Agreement, the F-measure, and reliability in information retrieval", JAMIA 12(3), 2005). Agreement is not
accuracy: two models may err alike (docs/metrics/agreement.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detections import Detections, nothing
from models.labels import plain_label
from replay.metrics.average_precision import Precision, precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching
from replay.metrics.overlap import Pairs, grouped_pairs
from replay.metrics.pool import Found, Index, Labelled, Mask, Numbers
from replay.truth import Role, to_sizes
from sensors.record import Record

IOU = 0.5
"""Boxes of a pair overlap so much at least."""
SCORE = 0.5
"""From this score on a finding takes part in the figures that name no other, and a teacher's finding is a truth."""
SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Paired(Record, frozen=True, kw_only=True):
    """Findings of A and B from `score` on, paired one to one; NaN (null in JSON) where neither found anything."""

    score: float
    pairs: int
    n_a: int
    n_b: int
    f1: float
    """2 pairs / (n_a + n_b): 1 where each finding has its like, 0 where none has."""
    mean_iou: float
    """Of the pairs; NaN where there are none."""


class Taught(Record, frozen=True, kw_only=True):
    """COCO's average precision of B where A's findings are the truth; NaN where A found nothing that counts."""

    ap: float
    ap50: float
    n_truth: int


class ClassAgreement(Record, frozen=True, kw_only=True):
    paired: Paired
    taught: Taught


class Agreement(Record, frozen=True, kw_only=True):
    """Of two models that saw the same frames; `a` is the teacher."""

    frames: int
    """On which both answered."""
    paired: Paired
    taught: Taught
    per_class: dict[str, ClassAgreement]
    """By A's name for it; of classes that both models know."""
    by_score: tuple[Paired, ...]
    only_a: tuple[str, ...] = ()
    """Classes that the other model doesn't know: their findings are left out."""
    only_b: tuple[str, ...] = ()
    iou: float = IOU


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Two models' findings over the same images, in classes that both know, ready to be held against each other."""

    a: Found
    b: Found
    classes: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    images: int
    near: Pairs
    """Every overlap of at least IOU, the greatest first."""

    @classmethod
    def of(
        cls, frames: Sequence[tuple[Detections, Detections]], a_labels: Sequence[str], b_labels: Sequence[str]
    ) -> "Held":
        """`frames`: what either found on each. Classes are those whose names mean the same in both label tables."""
        of_a, of_b = ({plain_label(name): name for name in reversed(table)} for table in (a_labels, b_labels))
        both = [plain for plain in dict.fromkeys(map(plain_label, a_labels)) if plain in of_b]
        a, b = (
            _found([frame[side] for frame in frames], table, both) for side, table in enumerate((a_labels, b_labels))
        )
        found = grouped_pairs(a, _labelled(b, np.full(len(b), Role.POSITIVE)), IOU)
        order = np.lexsort((found.labelled, found.found, -found.overlap))
        return cls(
            a=a,
            b=b,
            classes=tuple(of_a[plain] for plain in both),
            only_a=tuple(name for plain, name in of_a.items() if plain not in of_b)[::-1],
            only_b=tuple(name for plain, name in of_b.items() if plain not in of_a)[::-1],
            images=len(frames),
            near=Pairs(found.found[order], found.labelled[order], found.overlap[order]),
        )

    def agreement(self) -> Agreement:
        thresholds = {score: self._pairs(score) for score in sorted({*SCORES, SCORE})}
        everything = np.ones(max(len(self.classes), 1), np.bool_)
        precision, teaching = self._taught()
        return Agreement(
            frames=self.images,
            paired=self._paired(SCORE, thresholds[SCORE], everything),
            taught=_taught(precision, teaching, None),
            per_class={
                name: ClassAgreement(
                    paired=self._paired(SCORE, thresholds[SCORE], np.arange(len(everything)) == place),
                    taught=_taught(precision, teaching, place),
                )
                for place, name in enumerate(self.classes)
            },
            by_score=tuple(self._paired(score, thresholds[score], everything) for score in SCORES),
            only_a=self.only_a,
            only_b=self.only_b,
        )

    def counts(self) -> Numbers:
        """(images, 2) pairs, and findings of both sides together, of each image at SCORE."""
        pairs = np.bincount(self.a.images[self._pairs(SCORE).found], minlength=self.images)
        found = sum(np.bincount(one.images[_reaches(one, SCORE)], minlength=self.images) for one in (self.a, self.b))
        counts: Numbers = np.column_stack([pairs, found]).astype(np.float64)
        return counts

    def _pairs(self, score: float) -> Pairs:
        """One to one, the greatest overlap first: neither side chooses before the other."""
        near = self.near
        rows = np.flatnonzero(_reaches(self.a, score)[near.found] & _reaches(self.b, score)[near.labelled])
        taken: list[int] = []
        a_taken, b_taken = set[int](), set[int]()
        for row, ours, theirs in zip(
            rows.tolist(), near.found[rows].tolist(), near.labelled[rows].tolist(), strict=True
        ):
            if ours not in a_taken and theirs not in b_taken:
                a_taken.add(ours)
                b_taken.add(theirs)
                taken.append(row)
        return Pairs(near.found[taken], near.labelled[taken], near.overlap[taken])

    def _paired(self, score: float, pairs: Pairs, counted: Mask) -> Paired:
        """Of the classes that `counted` marks."""
        of = counted[self.a.labels[pairs.found]]
        n_a, n_b = (int(np.sum(_reaches(one, score) & counted[one.labels])) for one in (self.a, self.b))
        n = int(of.sum())
        return Paired(
            score=score,
            pairs=n,
            n_a=n_a,
            n_b=n_b,
            f1=2 * n / (n_a + n_b) if n_a + n_b else float("nan"),
            mean_iou=float(pairs.overlap[of].mean()) if n else float("nan"),
        )

    def _taught(self) -> tuple[Precision, Index]:
        """And how many findings of A count in each class. One below SCORE is no truth, and excuses whoever found it."""
        surely = _reaches(self.a, SCORE)
        teacher = _labelled(self.a, np.where(surely, Role.POSITIVE, Role.NEIGHBOUR))
        outcomes = Matching(self.b, teacher, max(len(self.classes), 1)).outcomes()
        n: Index = np.bincount(self.a.labels[surely], minlength=len(self.classes))
        return precision_of(outcomes, IOU_THRESHOLDS), n


def _reaches(found: Found, score: float) -> Mask:
    """Scores are of single precision: .7 is less than .7 otherwise."""
    return np.asarray(found.scores >= np.float32(score), np.bool_)


def _taught(precision: Precision, n: Index, label: int | None) -> Taught:
    return Taught(
        ap=precision.ap(label=label),
        ap50=precision.ap(0.5, label=label),
        n_truth=int(n.sum() if label is None else n[label]),
    )


def _found(frames: Sequence[Detections], table: Sequence[str], both: Sequence[str]) -> Found:
    place = {plain: at for at, plain in enumerate(both)}
    places = np.array([*(place.get(plain_label(name), -1) for name in table), -1], np.int64)
    # A frame of nothing at the end, so that there is always something to concatenate.
    every = [*frames, nothing()]
    labels = places[np.minimum(np.concatenate([one.labels for one in every]), len(table))]
    found = Found(
        images=np.repeat(np.arange(len(every)), [len(one) for one in every]),
        labels=np.maximum(labels, 0),
        boxes=to_sizes(np.concatenate([one.boxes for one in every]).astype(np.float64)),
        scores=np.concatenate([one.scores for one in every]).astype(np.float64),
    )
    return found.pick(labels >= 0)


def _labelled(found: Found, roles: Index) -> Labelled:
    areas = found.boxes[:, 2] * found.boxes[:, 3]
    return Labelled(found.images, found.labels, found.boxes, areas, roles.astype(np.int64))
