"""HOTA, CLEAR (MOTA) and identity (IDF1) figures, equal to TrackEval 1.3.0.

TrackEval itself can't be a dependency: it pulls opencv-python, which overwrites the headless build, and matplotlib.
Definitions, and how sequences and classes are put together: docs/metrics/accuracy.md, "Tracking".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from replay.metrics.pool import Index, Numbers
from replay.metrics.tracks import EPS, SAME, Moments, assign

ALPHAS: Numbers = np.arange(0.05, 0.99, 0.05)
STAY = 1000
"""What CLEAR adds to the similarity of a pair that was one in the frame before."""


class _Sums:
    """Counts that add up over sequences."""

    @classmethod
    def total(cls, parts: Iterable[Self]) -> Self:
        every = list(parts)
        return cls(*(sum(getattr(part, field.name) for part in every) for field in fields(cls)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Hota(_Sums):
    """(19,) by localisation threshold."""

    tp: Numbers
    fn: Numbers
    fp: Numbers
    loc_sum: Numbers
    """Similarity summed over the matches."""
    ass_sum: Numbers
    """Association accuracy summed over the matches; likewise its recall and precision."""
    ass_re_sum: Numbers
    ass_pr_sum: Numbers

    def figures(self) -> dict[str, float]:
        """Means over the thresholds; NaN where nothing was there."""
        there, found = self.tp + self.fn, self.tp + self.fp
        det_a, ass_a = _share(self.tp, there + self.fp), _share(self.ass_sum, self.tp)
        curves = {
            "HOTA": np.sqrt(det_a * ass_a),
            "DetA": det_a,
            "AssA": ass_a,
            "DetRe": _share(self.tp, there),
            "DetPr": _share(self.tp, found),
            "AssRe": _share(self.ass_re_sum, self.tp),
            "AssPr": _share(self.ass_pr_sum, self.tp),
            "LocA": np.where(self.tp > 0, _share(self.loc_sum, self.tp), 1.0),
        }
        known = there[0] > 0
        return {name: float(curve.mean()) if known else float("nan") for name, curve in curves.items()}


@dataclass(frozen=True, slots=True)
class Clear(_Sums):
    tp: int
    fn: int
    fp: int
    switches: int
    fragments: int
    mostly_tracked: int
    partly_tracked: int
    mostly_lost: int
    similarity_sum: float

    def figures(self) -> dict[str, float]:
        there = self.tp + self.fn
        return {
            "MOTA": _ratio(self.tp - self.fp - self.switches, there),
            "MOTP": _ratio(self.similarity_sum, self.tp),
            "IDSW": self.switches,
            "Frag": self.fragments,
            "MT": self.mostly_tracked,
            "PT": self.partly_tracked,
            "ML": self.mostly_lost,
            "TP": self.tp,
            "FN": self.fn,
            "FP": self.fp,
        }


@dataclass(frozen=True, slots=True)
class Identity(_Sums):
    tp: int
    fn: int
    fp: int

    def figures(self) -> dict[str, float]:
        known = self.tp + self.fn > 0
        return {
            "IDF1": _ratio(self.tp, self.tp + 0.5 * self.fp + 0.5 * self.fn) if known else float("nan"),
            "IDR": _ratio(self.tp, self.tp + self.fn),
            "IDP": _ratio(self.tp, self.tp + self.fp),
        }


def tracking_figures(sequences: Sequence[Moments]) -> dict[str, float]:
    """Every figure over all sequences of one class."""
    return {
        **Hota.total(map(hota, sequences)).figures(),
        **Clear.total(map(clear, sequences)).figures(),
        **Identity.total(map(identity, sequences)).figures(),
    }


def hota(sequence: Moments) -> Hota:
    """Luiten et al., "HOTA", IJCV 2021: detection and association, equally weighted."""
    there, found = _boxes_per_id(sequence)
    alignment = _alignment(sequence, there, found)
    tp, loc_sum = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    matches = np.zeros((len(ALPHAS), sequence.n_truth_ids, sequence.n_found_ids))
    for truth_ids, found_ids, alike in _frames(sequence):
        rows, columns = assign(alignment[truth_ids[:, None], found_ids[None, :]] * alike)
        pairs = alike[rows, columns]
        held = pairs >= ALPHAS[:, None] - EPS
        tp += held.sum(axis=1)
        loc_sum += (held * pairs).sum(axis=1)
        matches[:, truth_ids[rows], found_ids[columns]] += held
    either = there[:, None] + found[None, :] - matches
    return Hota(
        tp=tp,
        fn=sequence.n_truth - tp,
        fp=sequence.n_found - tp,
        loc_sum=loc_sum,
        ass_sum=(matches * matches / np.maximum(1, either)).sum(axis=(1, 2)),
        ass_re_sum=(matches * matches / np.maximum(1, there[:, None])).sum(axis=(1, 2)),
        ass_pr_sum=(matches * matches / np.maximum(1, found[None, :])).sum(axis=(1, 2)),
    )


def clear(sequence: Moments) -> Clear:
    """Bernardin and Stiefelhagen's CLEAR MOT; a pair of the frame before is kept where it still holds."""
    n = sequence.n_truth_ids
    last, before = np.full(n, -1), np.full(n, -1)
    seen, tracked, fragments = np.zeros(n), np.zeros(n), np.zeros(n)
    tp = switches = 0
    similarity_sum = 0.0
    for truth_ids in sequence.truth_ids:
        seen[truth_ids] += 1
    # A frame where either side is empty is passed over: it doesn't interrupt what was tracked before it.
    for truth_ids, found_ids, alike in _frames(sequence):
        scores = STAY * (found_ids[None, :] == before[truth_ids][:, None]) + alike
        scores[alike < SAME - EPS] = 0
        rows, columns = assign(scores)
        held = scores[rows, columns] > EPS
        rows, columns = rows[held], columns[held]
        objects, tracks = truth_ids[rows], found_ids[columns]
        switches += int(((last[objects] >= 0) & (last[objects] != tracks)).sum())
        tracked[objects] += 1
        fresh = before < 0
        last[objects] = tracks
        before[:] = -1
        before[objects] = tracks
        fragments += fresh & (before >= 0)
        tp += len(objects)
        similarity_sum += float(alike[rows, columns].sum())
    shares = tracked / np.maximum(1, seen)
    mostly, at_all = int((shares > 0.8).sum()), int((shares >= 0.2).sum())
    return Clear(
        tp=tp,
        fn=sequence.n_truth - tp,
        fp=sequence.n_found - tp,
        switches=switches,
        fragments=int((fragments[fragments > 0] - 1).sum()),
        mostly_tracked=mostly,
        partly_tracked=at_all - mostly,
        mostly_lost=n - at_all,
        similarity_sum=similarity_sum,
    )


def identity(sequence: Moments) -> Identity:
    """Ristani et al. 2016: one assignment of whole tracks, whose boxes are then right or wrong."""
    there, found = _boxes_per_id(sequence)
    together = np.zeros((len(there), len(found)))
    for truth_ids, found_ids, alike in _frames(sequence):
        rows, columns = np.nonzero(alike >= SAME)
        together[truth_ids[rows], found_ids[columns]] += 1
    rows, columns = assign(together)
    tp = int(together[rows, columns].sum())
    return Identity(tp=tp, fn=sequence.n_truth - tp, fp=sequence.n_found - tp)


def _alignment(sequence: Moments, there: Numbers, found: Numbers) -> Numbers:
    """(truth ids, found ids) how well two tracks lie on each other over the whole sequence."""
    together = np.zeros((len(there), len(found)))
    for truth_ids, found_ids, alike in _frames(sequence):
        either = alike.sum(0)[None, :] + alike.sum(1)[:, None] - alike
        shares = np.divide(alike, either, out=np.zeros_like(alike), where=either > EPS)
        together[truth_ids[:, None], found_ids[None, :]] += shares
    alignment: Numbers = together / (there[:, None] + found[None, :] - together)
    return alignment


def _frames(sequence: Moments) -> Iterable[tuple[Index, Index, Numbers]]:
    """Those with something on both sides."""
    rows = zip(sequence.truth_ids, sequence.found_ids, sequence.similarity, strict=True)
    return (row for row in rows if len(row[0]) and len(row[1]))


def _boxes_per_id(sequence: Moments) -> tuple[Numbers, Numbers]:
    none: Index = np.empty(0, np.int64)
    there = np.bincount(np.concatenate([none, *sequence.truth_ids]), minlength=sequence.n_truth_ids)
    found = np.bincount(np.concatenate([none, *sequence.found_ids]), minlength=sequence.n_found_ids)
    return there.astype(np.float64), found.astype(np.float64)


def _share(part: Numbers, whole: Numbers) -> Numbers:
    share: Numbers = part / np.maximum(1, whole)
    return share


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
