"""One more night: is the run, with all those before it, surely worse than the baseline?"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replay.comparison.accuracy import HEADS, own_answers, scored, streamed_answers
from replay.comparison.pairing import NotComparable, Pair, pairs
from replay.comparison.sides import check_side, read_side
from replay.gates.history import Night, Question, State, Step, after, opened
from replay.runs.recordings import Recordings
from replay.statistics.trend import ALPHA
from sensors.errors import GilmokError
from sensors.record import Record

FIGURES = {"AP": ("AP", own_answers), "AP50": ("AP50", own_answers), "sAP_edge": ("AP", streamed_answers)}
"""By their names: which of HEADS, and of what answers."""

MOST_LOG = 700.0
"""What a float still holds the exponential of; long after an alarm there may be more."""


class NothingToBetOn(NotComparable):
    def __init__(self, undefined: Sequence[str]) -> None:
        super().__init__(
            f"on no recording the figure is defined: {', '.join(undefined) or 'there is none'}",
            "take recordings with a truth",
        )


class BaselineCounted(GilmokError):
    def __init__(self, run: str) -> None:
        super().__init__(
            f"the run {run!r} is the baseline's own: held against itself it shows nothing", "name tonight's run"
        )


class TrendResult(Record, frozen=True, kw_only=True):
    alarm: bool
    alarm_since: int | None
    """The line of the history."""
    figure: str
    alpha: float
    """The probability of a false alarm, over all nights together."""
    nights: int
    n: int
    """Differences so far."""
    mean: float
    """Of all of them."""
    wealth: float
    greatest_wealth: float
    """The alarm is given from 1/alpha on."""
    tonight: tuple[Step, ...]
    undefined: tuple[str, ...]
    """Recordings on which one side has no figure: not bet on."""
    history: str


@dataclass(frozen=True, slots=True)
class Asked:
    figure: str = "AP"
    alpha: float | None = None
    """None: what the history says, or .01."""
    labels: tuple[str, ...] = ()


def one_more_night(history: Path, runs: Sequence[Path], baseline: Sequence[Path], asked: Asked) -> TrendResult:
    """Appends the night to the history, and tells how it stands.

    Raises what `replay.comparison.compare.compare` does, and HistoryWrong, HistoryOfSomethingElse, NightCounted,
    FileUnwritable, NothingToBetOn, BaselineCounted.
    """
    recordings = Recordings()
    before, now = read_side(baseline, recordings), read_side(runs, recordings)
    for side in (before, now):
        check_side(side)
    paired = pairs(before, now, asked.labels)
    steps, undefined = _steps(paired, asked.figure)
    names, baselines = (
        [(run.identity.run, run.identity.started_utc_ns) for run in side.runs] for side in (now, before)
    )
    for run, _ in set(names) & set(baselines):
        raise BaselineCounted(run)
    with opened(history) as known:
        alpha = asked.alpha or (known.nights[0].question.alpha if known.nights else ALPHA)
        question = Question(figure=asked.figure, alpha=alpha, baseline=_digest(paired))
        known.check(question, names)
        state = after(known.state, steps)
        known.append(
            Night(
                question=question,
                runs=tuple(names),
                steps=tuple(steps),
                state=State.of(state),
                alarm=state.alarm(alpha),
            )
        )
        return TrendResult(
            alarm=state.alarm(alpha),
            alarm_since=known.alarm_line,
            figure=asked.figure,
            alpha=alpha,
            nights=len(known.nights),
            n=state.n,
            mean=state.total / state.n,
            wealth=math.exp(min(state.log_wealth, MOST_LOG)),
            greatest_wealth=math.exp(min(state.greatest_log_wealth, MOST_LOG)),
            tonight=tuple(steps),
            undefined=tuple(undefined),
            history=str(known.path),
        )


def _steps(paired: Sequence[Pair], figure: str) -> tuple[list[Step], list[str]]:
    if not paired:
        raise NothingToBetOn([])
    head, answering = FIGURES[figure]
    alone = np.eye(len(paired), dtype=np.int64)
    place = HEADS.index(head)
    then = scored(paired, [pair.a for pair in paired], answering).figures_of_draws(alone)[:, place]
    now = scored(paired, [pair.b for pair in paired], answering).figures_of_draws(alone)[:, place]
    told = list(zip([pair.name for pair in paired], (now - then).tolist(), strict=True))
    undefined = [name for name, difference in told if math.isnan(difference)]
    if len(undefined) == len(told):
        raise NothingToBetOn(undefined)
    return [Step(recording=name, difference=value) for name, value in told if not math.isnan(value)], undefined


def _digest(paired: Sequence[Pair]) -> str:
    """Over the baseline's findings on each recording, and over what they are scored for."""
    lines = []
    for pair in paired:
        found = sorted(one.summary.digest["detections"] for one in pair.a)
        lines.append(f"{pair.recording.digest} {','.join(pair.labels)} {' '.join(found)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
