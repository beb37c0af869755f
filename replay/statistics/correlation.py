"""How long what is measured one after the other stays alike."""

import math

import numpy as np

from replay.metrics.pool import Mask, Numbers

NOISE = 1.645
"""Autocorrelations below so many standard errors are none."""


def correlation_length(values: Mask | Numbers) -> float:
    """How many values in a row make one: 1 + 2 Σ of the autocorrelations, up to the first pair that is noise.

    1 where they are independent, or all alike. (Geyer, "Practical Markov chain Monte Carlo", 1992: sums of pairs.)
    """
    n = len(values)
    around = values - values.mean() if n else np.empty(0)
    squares = float(np.square(around).sum())
    if not squares:
        return 1.0
    spectrum = np.fft.rfft(around, 2 * n)
    correlations = np.fft.irfft(spectrum * spectrum.conj())[1:n] / squares
    pairs = correlations[: (n - 1) // 2 * 2].reshape(-1, 2).sum(axis=1)
    noise = np.flatnonzero(pairs <= NOISE * math.sqrt(2 / n))
    return 1.0 + 2 * float(pairs[: noise[0] if len(noise) else None].sum())
