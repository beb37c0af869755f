"""A stream's last minute kept as numbers tells what its reports tell."""

import pytest

from fleet.arrivals import SessionKey
from fleet.ledger.fleet_reader import Timing
from fleet.watch.recent_timings import KEPT, RecentTimings
from sensors.clock import NS_PER_MS

KEY = SessionKey("seoul", "pole", "1")


def timing(at_ns: int, **stages_ms: float) -> Timing:
    stages = {name: int(value * NS_PER_MS) for name, value in stages_ms.items()}
    return Timing(KEY, "camera", at_ns, True, sum(stages.values()), stages)


def test_percentiles_are_of_what_is_not_yet_forgotten() -> None:
    kept = RecentTimings()
    for at in range(10):
        kept.add(timing(at, infer=at + 1.0, decode=0.5))
    told = kept.latency()
    assert (told.n, told.p50_ms, told.p99_ms) == (10, 5.5, None)
    assert told.stages_ms == {"infer": 5.5, "decode": 0.5}
    assert kept.forget(8)
    assert not kept.forget(8)
    assert (kept.latency().n, kept.latency().p50_ms) == (2, 9.5)
    assert kept.forget(100)
    assert (kept.latency().n, kept.latency().p50_ms, kept.latency().stages_ms) == (0, None, {})


def test_a_stage_that_comes_later_is_told_and_one_that_was_never_seen_of_late_is_not() -> None:
    kept = RecentTimings()
    kept.add(timing(0, infer=4.0))
    kept.add(timing(1, infer=2.0, track=1.0))
    kept.add(timing(2, infer=2.0, track=3.0))
    # Where a stage did not run it took no time.
    assert kept.latency().stages_ms == {"infer": 2.0, "track": 1.0}
    kept.add(timing(3, infer=6.0))
    kept.forget(3)
    assert kept.latency().stages_ms == {"infer": 6.0}


def test_of_a_fast_stream_the_newest_are_kept() -> None:
    kept = RecentTimings()
    for at in range(KEPT + 10):
        kept.add(timing(at, infer=1.0))
    assert kept.latency().n == KEPT
    assert kept.latency().p99_ms == pytest.approx(1.0)
