import pytest

from replay.metrics.percentiles import percentiles
from replay.qualify.load.paced import schedule
from replay.qualify.parts.streams import Trial, broken_at, frames_needed, next_try


def trial(streams: int, held: bool) -> Trial:
    return Trial(streams=streams, latency_ns=percentiles([1]), cut_short=False, held=held)


@pytest.mark.parametrize(
    ("capacity", "tried"), [(0, [1]), (1, [1, 2]), (5, [1, 2, 4, 8, 6, 5]), (16, [1, 2, 4, 8, 16])]
)
def test_the_search_doubles_and_then_halves(capacity: int, tried: list[int]) -> None:
    trials: list[Trial] = []
    while (n := next_try(trials, most=16)) is not None:
        trials.append(trial(n, n <= capacity))
    assert [one.streams for one in trials] == tried
    assert max((one.streams for one in trials if one.held), default=0) == capacity
    assert broken_at(trials) == (None if capacity == 16 else capacity + 1)


@pytest.mark.parametrize(
    ("rate", "streams", "trial_s", "frames"),
    [(25, 1, 5, 125), (25, 1, 1, 100), (7, 1, 5, 100), (7, 8, 1, 13), (50, 64, 0.01, 2)],
)
def test_a_trial_has_enough_frames_for_a_p99(rate: float, streams: int, trial_s: float, frames: int) -> None:
    assert frames_needed(rate, streams, trial_s) == frames


def test_a_schedule_does_not_drift() -> None:
    due = schedule(1000, 30.0, 3001)
    assert due[0] == 1000
    assert due[3000] == 1000 + 100_000_000_000
    assert schedule(0, 25.0, 2, phase=0.5) == [20_000_000, 60_000_000]
