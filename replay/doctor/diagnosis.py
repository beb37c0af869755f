"""What the trials amount to: is the manifest's own contract the best, and if not, what has to be changed."""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from models.manifest import InputContract
from replay.doctor.contracts import same_input
from replay.doctor.trial import Trial
from replay.metrics.pool import Index, Numbers
from sensors.record import Record

DRAWS = 1000
SEED = 20_260_101
CONFIDENCE = 0.999
"""Of one comparison: the best of some hundred contracts is held against the manifest's own."""
LEAST_GAIN = 0.01
"""In AP: less than that is no reason to change a manifest, however sure."""
LEAST_AP = 0.02
"""Below it no contract finds what the labels say."""
SHOWN = 8
SIGMOID_OF_ZERO, SIGMOID_OF_ONE = 0.5, 1 / (1 + math.exp(-1))


class Word(StrEnum):
    RIGHT = "RIGHT"
    """No other contract is surely better."""
    WRONG = "WRONG"
    """Another one is, or the scores can't be what the decoder takes them for."""
    OPEN = "OPEN"
    """No contract finds anything."""


class TriedContract(Record, frozen=True, kw_only=True):
    rank: int
    changes: tuple[str, ...]
    """Against the manifest's own; empty: that is it."""
    ap: float
    low: float
    """95 % interval over the frames."""
    high: float
    gain: float
    """Over the manifest's own, with its 95 % interval on the same resamples of frames."""
    gain_low: float
    gain_high: float


class Diagnosis(Record, frozen=True, kw_only=True):
    word: Word
    sentence: str
    scores: str
    """What is wrong with the scores; empty: nothing."""
    frames: int
    boxes: int
    """Labelled objects on these frames."""
    contracts: int
    """How many were tried."""
    own: TriedContract
    advised: TriedContract
    """The makers' usual one where it is not surely worse than the best, else the best."""
    best: tuple[TriedContract, ...]
    """Best first; the manifest's own among them, or not."""


def diagnose(trials: Sequence[Trial], own: InputContract, usual: InputContract | None) -> Diagnosis:
    """`trials`: the manifest's own first. `usual`: how the makers of such heads feed them, if that is known."""
    first = trials[0]
    n = len(first.stream.frames)
    draws = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), DRAWS)
    mine = first.resampled(draws)
    ranked = sorted(range(len(trials)), key=lambda i: (-_known(trials[i].ap), i))
    places = {i: rank for rank, i in enumerate(ranked, 1)}
    shown = [_tried(trials[i], places[i], first, mine, draws, own) for i in ranked[:SHOWN]]
    scores = _scores(first)
    best = trials[ranked[0]]
    surely = _surely_better(best, first, mine, draws)
    advised = ranked[0]
    if surely and usual is not None:
        advised = _advised(trials, ranked, usual, draws)
    word = Word.WRONG if surely or scores else Word.OPEN if _known(best.ap) < LEAST_AP else Word.RIGHT
    return Diagnosis(
        word=word,
        sentence=_sentence(word, _tried(trials[advised], places[advised], first, mine, draws, own), scores, first),
        scores=scores,
        frames=n,
        boxes=len(first.stream.pool.labelled),
        contracts=len(trials),
        advised=_tried(trials[advised], places[advised], first, mine, draws, own),
        own=_tried(first, places[0], first, mine, draws, own),
        best=tuple(shown),
    )


def _advised(trials: Sequence[Trial], ranked: Sequence[int], usual: InputContract, draws: Index) -> int:
    """Of the trials with the best one's reading, the one that is fed as usual, unless the best is surely better."""
    best = trials[ranked[0]]
    for place in ranked:
        contract = trials[place].contract
        alike = (contract.reading, contract.shift) == (best.contract.reading, best.contract.shift)
        if alike and same_input(contract.input, usual):
            its = np.nan_to_num(trials[place].resampled(draws))
            worse = np.nanquantile(np.nan_to_num(best.resampled(draws)) - its, 1 - CONFIDENCE) > 0
            return ranked[0] if worse else place
    return ranked[0]


def _surely_better(best: Trial, first: Trial, mine: Numbers, draws: Index) -> bool:
    if best is first or _known(best.ap) - _known(first.ap) < LEAST_GAIN or _known(best.ap) < LEAST_AP:
        return False
    low = np.nanquantile(np.nan_to_num(best.resampled(draws)) - np.nan_to_num(mine), 1 - CONFIDENCE)
    return bool(low > 0)


def _tried(
    trial: Trial,
    rank: int,
    first: Trial,
    mine: Numbers,
    draws: Index,
    own: InputContract,
) -> TriedContract:
    its = mine if trial is first else trial.resampled(draws)
    low, high = np.nanquantile(its, (0.025, 0.975))
    gain_low, gain_high = np.nanquantile(its - mine, (0.025, 0.975))
    return TriedContract(
        rank=rank,
        changes=trial.contract.differs(own),
        ap=trial.ap,
        low=float(low),
        high=float(high),
        gain=trial.ap - first.ap,
        gain_low=float(gain_low),
        gain_high=float(gain_high),
    )


def _scores(first: Trial) -> str:
    """A sigmoid changes no order, and so no AP: it is seen by the scores themselves."""
    every = [found.scores for found in first.answers]
    scores = np.concatenate(every) if every else np.empty(0, np.float32)
    if not len(scores):
        return ""
    if scores.max() > 1:
        return f"scores go up to {scores.max():.3g}: the network gives logits, and nothing made a sigmoid of them"
    if scores.min() >= SIGMOID_OF_ZERO and scores.max() <= SIGMOID_OF_ONE:
        return (
            f"every score lies between {scores.min():.3f} and {scores.max():.3f}: the network gives scores, and the "
            "decoder makes a sigmoid of them once more"
        )
    return ""


def _sentence(word: Word, best: TriedContract, scores: str, first: Trial) -> str:
    if word is Word.OPEN:
        return "no contract finds what the labels say: other classes, another task, or a head read in another way"
    if scores and not best.changes:
        return scores
    if word is Word.WRONG and best.changes:
        return f"AP {first.ap:.3f} becomes {best.ap:.3f} with: {'; '.join(best.changes)}"
    if word is Word.WRONG:
        return scores
    return "no other contract is surely better than the manifest's own"


def _known(ap: float) -> float:
    return 0.0 if math.isnan(ap) else ap
