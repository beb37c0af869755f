"""Figures of both sides on the same resamples, and how far apart they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay.comparison.accuracy import Answering, Progress, Scored, scored
from replay.comparison.pairing import Pair
from replay.metrics.pool import Numbers
from replay.statistics.bootstrap import Estimate, draws_of, paired_differences


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


def draw(paired: Sequence[Pair], answering: Answering, resamples: int, seed: int, progress: Progress) -> Drawn:
    """Match both sides once and weigh them by every draw; raises what `answering` raises."""
    a = scored(paired, [pair.a for pair in paired], answering)
    b = scored(paired, [pair.b for pair in paired], answering)
    return drawn(a, b, len(paired), resamples, seed, progress)


def drawn(a: Scored, b: Scored, n_sequences: int, resamples: int, seed: int, progress: Progress) -> Drawn:
    # Each figure starts from the seed: the same draws for A and B, offline and streamed.
    draws = draws_of(n_sequences, np.random.default_rng(seed), resamples)
    alone = np.eye(n_sequences, dtype=np.int64)
    on_a, on_b = a.figures_of_draws(draws, progress), b.figures_of_draws(draws, progress)
    each_a, each_b = a.figures_of_draws(alone), b.figures_of_draws(alone)
    holding = (~np.isnan(each_a)).sum(axis=0).tolist()
    estimates = paired_differences(
        lambda some: on_a if some is draws else a.figures_of_draws(some),
        lambda some: on_b if some is draws else b.figures_of_draws(some),
        draws,
    )
    return Drawn(
        names=a.figures,
        a=on_a,
        b=on_b,
        each_a=each_a,
        each_b=each_b,
        estimates={
            name: _resting_on(n, estimate) for name, n, estimate in zip(a.figures, holding, estimates, strict=True)
        },
    )


def _resting_on(n: int, estimate: Estimate) -> Estimate:
    """Of a class that only `n` of the recordings hold: the others say nothing about it."""
    if n == estimate.n:
        return estimate
    # The error was widened for all of them: by sqrt(S / (S - 1)).
    narrow = estimate.error * math.sqrt((estimate.n - 1) / estimate.n)
    return Estimate(estimate.value, narrow * math.sqrt(n / (n - 1)) if n > 1 else math.nan, n)
