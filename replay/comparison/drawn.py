"""Figures of both sides on the same resamples, and how far apart they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay.comparison.accuracy import Answering, Progress, Scored, scored
from replay.comparison.pairing import Pair
from replay.metrics.pool import Numbers
from replay.scoring.by_score import ScoreTable
from replay.statistics.bootstrap import Estimate, Statistic, draws_of, nothing, paired_differences


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Figures of both sides on the same draws, (draws, figures); the first draw is the set itself."""

    names: tuple[str, ...]
    a: Numbers
    b: Numbers
    each_a: Numbers
    """(sequences, figures) of each recording alone."""
    each_b: Numbers
    estimates: dict[str, Estimate]
    own_a: dict[str, Estimate]
    """Each side by itself."""
    own_b: dict[str, Estimate]
    n_frames: int
    """Labelled ones, every recording once."""
    n_truth: dict[str, int]
    """Objects on them, by class."""
    by_score: tuple[ScoreTable, ScoreTable]
    """Of A and of B."""


def draw(paired: Sequence[Pair], answering: Answering, resamples: int, seed: int, progress: Progress) -> Drawn:
    """Match both sides once and weigh them by every draw; raises what `answering` raises."""
    a = scored(paired, [pair.a for pair in paired], answering)
    b = scored(paired, [pair.b for pair in paired], answering)
    return drawn(a, b, len(paired), resamples, seed, progress)


def drawn(a: Scored, b: Scored, n_sequences: int, resamples: int, seed: int, progress: Progress) -> Drawn:
    # Each figure starts from the seed: the same draws for A and B, offline and streamed.
    draws = draws_of(n_sequences, np.random.default_rng(seed), resamples)
    alone = np.eye(n_sequences, dtype=np.int64)
    of_a, of_b = (one.of_draws(draws, progress) for one in (a, b))
    on_a, on_b, each_a, each_b = of_a(draws), of_b(draws), of_a(alone), of_b(alone)
    holding = (~np.isnan(each_a)).sum(axis=0).tolist()

    def estimates(one: Statistic, other: Statistic) -> dict[str, Estimate]:
        made = paired_differences(one, other, draws)
        return {name: _resting_on(n, estimate) for name, n, estimate in zip(a.figures, holding, made, strict=True)}

    return Drawn(
        names=a.figures,
        a=on_a,
        b=on_b,
        each_a=each_a,
        each_b=each_b,
        estimates=estimates(of_a, of_b),
        own_a=estimates(nothing, of_a),
        own_b=estimates(nothing, of_b),
        n_frames=a.n_frames,
        n_truth=a.n_truth,
        by_score=(a.by_score, b.by_score),
    )


def _resting_on(n: int, estimate: Estimate) -> Estimate:
    """Of a class that only `n` of the recordings hold: the others say nothing about it."""
    if n == estimate.n:
        return estimate
    # The error was widened for all of them: by sqrt(S / (S - 1)).
    narrow = estimate.error * math.sqrt((estimate.n - 1) / estimate.n)
    return Estimate(estimate.value, narrow * math.sqrt(n / (n - 1)) if n > 1 else math.nan, n)
