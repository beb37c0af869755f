"""What the trials amount to: is the manifest's own contract the best, and if not, what has to be changed."""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np
from msgspec.structs import replace

from models.manifest import InputContract
from replay.doctor.contracts import same_input
from replay.doctor.trial import Trial
from replay.metrics.pool import Numbers
from replay.scoring.class_table import ClassTable, class_table
from sensors.record import Record

DRAWS = 1000
SEED = 20_260_101
CONFIDENCE = 0.999
"""Of one comparison: the best of some hundred contracts is held against the manifest's own."""
CONFIDENCE_IN_USUAL = 0.99
"""Of the one comparison with what its makers do."""
LEAST_GAIN = 0.01
"""In AP: less than that is no reason to change a manifest, however sure."""
LEAST_OVER_USUAL = 0.1
"""Likewise, over the makers' usual contract: on one place's pictures another resize may find some more."""
LEAST_AP = 0.02
"""Below it no contract finds what the labels say."""
LEAST_BOXES = 30
"""Fewer labelled objects hardly part one contract from another."""
SHOWN = 6
SIGMOID_OF_ZERO, SIGMOID_OF_ONE = 0.5, 1 / (1 + math.exp(-1))


class Word(StrEnum):
    RIGHT = "RIGHT"
    """No other contract is surely better, and none that is as good has more to say for itself."""
    TIED = "TIED"
    """Another contract, the makers' usual one or the best, can't be told from it on these frames."""
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
    """How many were tried: all on a few frames, the best of them on all."""
    own: TriedContract
    advised: TriedContract
    """The makers' usual one where it is not surely worse than the best, else the best."""
    best: tuple[TriedContract, ...]
    """Best first; the manifest's own among them, or not."""
    classes: ClassTable
    """Which labels count for which class."""
    notes: tuple[str, ...] = ()


class _Held:
    """Every trial on the same resamples of the frames, each worked out once."""

    def __init__(self, trials: Sequence[Trial], own: InputContract) -> None:
        n = len(trials[0].stream.frames)
        self._draws = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), DRAWS)
        self._trials, self._own = trials, own
        self._resampled: dict[int, Numbers] = {}
        self.ranked = sorted(range(len(trials)), key=lambda i: (-_known(trials[i].ap), i))

    def on_draws(self, i: int) -> Numbers:
        if i not in self._resampled:
            self._resampled[i] = self._trials[i].resampled(self._draws)
        return self._resampled[i]

    def surely_better(self, i: int, than: int, confidence: float = CONFIDENCE) -> bool:
        return float(np.quantile(self.on_draws(i) - self.on_draws(than), 1 - confidence)) > 0

    def better(self, i: int, than: int, by: float) -> bool:
        """By so much AP at least, and surely."""
        return _known(self._trials[i].ap) - _known(self._trials[than].ap) >= by and self.surely_better(i, than)

    def told(self, i: int) -> TriedContract:
        trial, its, mine = self._trials[i], self.on_draws(i), self.on_draws(0)
        low, high = np.quantile(its, (0.025, 0.975))
        gain_low, gain_high = np.quantile(its - mine, (0.025, 0.975))
        return TriedContract(
            rank=self.ranked.index(i) + 1,
            changes=trial.contract.differs(self._own),
            ap=trial.ap,
            low=float(low),
            high=float(high),
            gain=trial.ap - self._trials[0].ap,
            gain_low=float(gain_low),
            gain_high=float(gain_high),
        )


def diagnose(
    trials: Sequence[Trial], own: InputContract, usual: InputContract | None, contracts: int | None = None
) -> Diagnosis:
    """`trials`: the manifest's own first. `usual`: how the makers of such heads feed them, if that is known.

    `contracts`: how many were tried before these were chosen; None: these.
    """
    first, held = trials[0], _Held(trials, own)
    best = held.ranked[0]
    scores = _scores(first)
    findable = _known(trials[best].ap) >= LEAST_AP
    as_usual = usual is not None and same_input(own, usual) and _read_alike(trials[best], first)
    better = findable and held.better(best, 0, LEAST_OVER_USUAL if as_usual else LEAST_GAIN)
    advised = _advised(trials, held, usual, best) if better else _rival(trials, held, usual, best) if findable else 0
    # What the makers do is advised, though it finds no more here: then nothing shows that the manifest's own is wrong.
    better = better and (advised == best or held.better(advised, 0, LEAST_GAIN))
    # Two reasons: what its makers do, and what is surely seen here, however little.
    better = better or (usual is not None and advised > 0 and held.surely_better(advised, 0, CONFIDENCE_IN_USUAL))
    word = Word.WRONG if better or scores else Word.OPEN if not findable else Word.TIED if advised else Word.RIGHT
    told = held.told(advised)
    return Diagnosis(
        word=word,
        sentence=_sentence(word, told, scores, first, theirs=usual is not None),
        scores=scores,
        frames=len(first.stream.frames),
        boxes=len(first.stream.pool.labelled),
        contracts=contracts or len(trials),
        advised=told,
        own=held.told(0),
        best=tuple(held.told(i) for i in held.ranked[:SHOWN]),
        notes=tuple(_notes(trials, held, best, as_good=not better and not advised)),
        # Whether the table is shifted is what the trials themselves tell.
        classes=replace(class_table(first.stream), shifted=""),
    )


def _advised(trials: Sequence[Trial], held: _Held, usual: InputContract | None, best: int) -> int:
    """The best of those that are fed as their makers do, unless the best of all is surely better."""
    for place in held.ranked:
        if usual is not None and same_input(trials[place].contract.input, usual):
            return best if held.better(best, place, LEAST_OVER_USUAL) else place
    return best


def _rival(trials: Sequence[Trial], held: _Held, usual: InputContract | None, best: int) -> int:
    """Which other contract has as much to say for itself as the manifest's own; 0: none has.

    The usual one of its makers, unless it is the manifest's own or surely worse; where nobody knows that, the best.
    """
    if usual is None:
        return best if _known(trials[best].ap) - _known(trials[0].ap) >= LEAST_GAIN else 0
    alike = [i for i, trial in enumerate(trials) if _read_alike(trial, trials[0])]
    place = next((i for i in alike if same_input(trials[i].contract.input, usual)), 0)
    return 0 if not place or held.surely_better(0, place) else place


def _read_alike(one: Trial, other: Trial) -> bool:
    return (one.contract.reading, one.contract.shift) == (other.contract.reading, other.contract.shift)


def _notes(trials: Sequence[Trial], held: _Held, best: int, *, as_good: bool) -> Iterator[str]:
    n = len(trials[0].stream.pool.labelled)
    if n < LEAST_BOXES:
        yield f"{n} labelled objects hardly part one contract from another: take more frames (--frames)"
    if _known(trials[best].ap) < LEAST_AP:
        return
    if as_good and held.better(best, 0, LEAST_GAIN):
        more = "; ".join(trials[best].contract.differs(trials[0].contract.input))
        yield f"the manifest's own is its makers' usual one; on these pictures more is found with: {more}"
    alike = [i for i in held.ranked[:SHOWN] if i not in (0, best) and not held.surely_better(best, i)]
    if alike:
        yield f"not told apart from the best on these frames: {len(alike)} of the {SHOWN} shown"


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


def _sentence(word: Word, told: TriedContract, scores: str, first: Trial, *, theirs: bool) -> str:
    changes = "; ".join(told.changes)
    if word is Word.OPEN:
        return "no contract finds what the labels say: other classes, another task, or a head read in another way"
    if word is Word.TIED:
        whose = "as its makers feed it" if theirs else "with another contract"
        advice = "take theirs unless it was trained in another way" if theirs else "take more frames (--frames)"
        return f"AP {first.ap:.3f} can't be told from AP {told.ap:.3f} {whose}: {changes}; {advice}"
    if word is Word.WRONG:
        return scores if scores and not changes else f"AP {first.ap:.3f} becomes {told.ap:.3f} with: {changes}"
    return "no other contract is surely better than the manifest's own"


def _known(ap: float) -> float:
    return 0.0 if math.isnan(ap) else ap
