"""Two models on the very same frames: what they agree in, and, where there is a truth, how much righter one is.

A is the active model or the teacher, B the candidate. What holds here holds of these frames and of more traffic like
theirs (`replay.statistics.blocks`).
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.detections import Detections
from replay.comparison.accuracy import Scored, matched
from replay.comparison.one_recording import estimated
from replay.metrics.agreement import Held
from replay.metrics.pool import Index, Numbers
from replay.runs.same_frames.figures import PairedAccuracy, SurelyAgreed
from replay.scoring.ap_interval import QUANTILES, around
from replay.scoring.stream import ScoredStream
from replay.statistics.blocks import LEAST_BLOCKS, blocks_of, cells_of, influences
from replay.statistics.bootstrap import ROUNDING, jackknifed, nothing

RESAMPLES, SEED = 200, 1


def agreed(
    frames: Sequence[tuple[Detections, Detections]], a_labels: Sequence[str], b_labels: Sequence[str]
) -> SurelyAgreed:
    """`frames`: what A and B found on each, in the order in which they were taken."""
    held = Held.of(frames, a_labels, b_labels)
    low, high, blocks = _interval(held.counts())
    told = held.agreement()
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    return SurelyAgreed(**fields, f1_low=low, f1_high=high, blocks=blocks)


def paired_accuracy(a: ScoredStream, b: ScoredStream) -> PairedAccuracy:
    """Of two streams over the same frames. Raises what the scoring of either raises."""
    if list(a.frames) != list(b.frames):
        raise ValueError("these are not the same frames")
    if a.classes.groups.keys() != b.classes.groups.keys():
        common = [name for name in a.classes.groups if name in b.classes.groups]
        if not common:
            return no_accuracy("the two models have no class in common that the recording is scored for")
        if a.wanted or b.wanted:
            return no_accuracy("the two models are scored for different classes: write in `classes` what both know")
        a, b = (replace(one, labels=common) for one in (a, b))
    if not a.images.size:
        return no_accuracy("nobody labelled one of these frames")
    of_a, of_b = (matched([one.pool], [0], [1]) for one in (a, b))
    found = estimated(of_a, of_b, RESAMPLES, SEED, lambda _: None)
    error = found.estimate.error
    # Where no block differs from another, nothing tells how far off the next may be.
    reach = QUANTILES[found.blocks.n - 1] * error if found.enough and error > ROUNDING else math.nan
    value = found.b - found.a
    return PairedAccuracy(
        a=found.a,
        b=found.b,
        difference=value,
        low=value - reach,
        high=value + reach,
        a50=_ap50(of_a),
        b50=_ap50(of_b),
        frames=found.frames,
        n_truth=found.n_truth,
        blocks=found.blocks.n,
        classes=of_a.classes,
    )


def no_accuracy(why: str) -> PairedAccuracy:
    nan = math.nan
    return PairedAccuracy(
        a=nan, b=nan, difference=nan, low=nan, high=nan, a50=nan, b50=nan, frames=0, n_truth=0, blocks=0, unknown=why
    )


def _ap50(scored: Scored) -> float:
    whole: Index = np.ones((1, 1), np.int64)
    return float(scored.figures_of_draws(whole)[0, scored.figures.index("AP50")])


def _interval(counts: Numbers) -> tuple[float, float, int]:
    """Of F1: low, high, and how many blocks of time they rest on. `counts`: see `Held.counts`."""
    cell_of_image = cells_of(len(counts))
    cells = int(cell_of_image.max(initial=-1)) + 1
    if cells < LEAST_BLOCKS:
        return math.nan, math.nan, cells

    def f1_by(parts: Index, n: int) -> "_F1":
        return _F1(np.column_stack([np.bincount(parts, column, n) for column in counts.T]))

    objects = np.bincount(cell_of_image, counts[:, 1]) / np.bincount(cell_of_image)
    blocks = blocks_of(influences(nothing, f1_by(cell_of_image, cells), cells), objects)
    if blocks.n < LEAST_BLOCKS:
        return math.nan, math.nan, blocks.n
    estimate = blocks.around_level(jackknifed(f1_by(blocks.of_cell[cell_of_image], blocks.n), blocks.n)[0])
    bounds = around(estimate.value, QUANTILES[blocks.n - 1] * estimate.error)
    return bounds["low"], bounds["high"], blocks.n


class _F1:
    """A statistic over draws of parts, each with its pairs and its findings of both sides."""

    def __init__(self, of_part: Numbers) -> None:
        self._of_part = of_part

    def __call__(self, draws: Index) -> Numbers:
        pairs, found = (draws @ self._of_part).T
        f1: Numbers = np.divide(2 * pairs, found, out=np.full(len(draws), math.nan), where=found > 0)
        return f1[:, None]
