"""How soon, and how old: worked by hand, and against an age that is read every millisecond."""

import numpy as np
import pytest

from replay.metrics.freshness import freshness, teeth
from replay.metrics.streaming import AnswerTimeline
from sensors.clock import NS_PER_MS

MS = NS_PER_MS


def stream(
    captured_ms: list[int], outputs: list[tuple[int, int]], labelled: list[bool] | None = None
) -> AnswerTimeline:
    """`outputs`: (row of the frame, emitted at ms), in order of arrival."""
    n = len(captured_ms)
    return AnswerTimeline(
        frames=np.arange(7, 7 + n),
        captured_ns=np.array(captured_ms, np.int64) * MS,
        labelled=np.array([True] * n if labelled is None else labelled),
        inputs=np.array([frame for frame, _ in outputs], np.int64),
        emitted_ns=np.array([at for _, at in outputs], np.int64) * MS,
    )


VIDEO = stream([0, 100, 200, 300, 400], [(0, 150), (2, 220)], labelled=[True, True, True, True, False])
"""In force at the instants: nothing, nothing, frame 0's (150 ms after it), frame 2's (20 ms after it), frame 2's."""


def test_each_figure_has_an_n_of_its_own() -> None:
    fresh = freshness([VIDEO])
    assert (fresh.n, fresh.miss) == (4, 2)
    assert (fresh.captured, fresh.dropped) == (5, 3)
    assert fresh.age is not None
    assert fresh.age.over_time_ns.n == 2


def test_the_age_is_read_over_all_of_the_time() -> None:
    """From 150 to 220 ms it grows from 150 to 220, from then to 400 from 20 to 200: 250 ms, of which 125 up to 145."""
    age = freshness([VIDEO]).age
    assert age is not None
    assert (age.observed_ns, age.without_ns) == (250 * MS, 150 * MS)
    assert age.over_time_ns.p50 == 145 * MS
    assert age.over_time_ns.max == 220 * MS
    assert age.over_time_ns.p99 is None
    assert age.mean_ns == pytest.approx((185 * 70 + 110 * 180) / 250 * MS)


def test_frames_are_answered_within_a_stated_time_or_not_at_all() -> None:
    # Frame 2 after 20 ms, frame 0 after 150, the others never.
    assert freshness([VIDEO]).answered_within == {"20": 0.2, "50": 0.2, "100": 0.2, "200": 0.4, "500": 0.4}


def test_of_several_answers_of_a_frame_the_first_counts() -> None:
    assert freshness([stream([0], [(0, 90), (0, 30)])]).answered_within["50"] == 1.0


def test_a_late_answer_of_an_older_frame_makes_it_old_again() -> None:
    saw = teeth(stream([0, 100, 200, 300], [(1, 120), (0, 180)]))
    assert saw.low_ns.tolist() == [20 * MS, 180 * MS]
    assert saw.length_ns.tolist() == [60 * MS, 120 * MS]


def test_streams_pool_their_instants_their_frames_and_their_time() -> None:
    fresh = freshness([stream([0, 100], [(0, 100)]), stream([0, 50], [(0, 10)]), stream([0], [])])
    assert (fresh.n, fresh.miss, fresh.captured, fresh.dropped) == (5, 3, 5, 3)
    assert fresh.age is not None
    # The first answer of the first stream comes with its last frame: no time is left to grow old in.
    assert (fresh.age.observed_ns, fresh.age.without_ns) == (40 * MS, 110 * MS)


def test_where_nothing_answered_age_and_staleness_are_unknown() -> None:
    fresh = freshness([stream([0, 100], [])])
    assert np.isnan(fresh.staleness_mean or 0.0)
    assert fresh.age is not None
    assert np.isnan(fresh.age.mean_ns or 0.0)
    assert (fresh.age.over_time_ns.max, fresh.age.over_time_ns.n) == (None, 0)
    assert set(fresh.answered_within.values()) == {0.0}
    assert freshness([]).captured == 0


def test_names_that_go_say_what_to_read_instead() -> None:
    fresh = freshness([VIDEO])
    assert fresh.in_time == 0
    assert fresh.age_ns.max == 200 * MS
    assert fresh.deprecated == {"in_time": "answered_within", "age_ns": "age.over_time_ns"}


@pytest.mark.parametrize("seed", range(5))
def test_the_age_is_the_one_that_a_fine_clock_reads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    captured = np.arange(120) * 40
    worked = np.flatnonzero(rng.random(120) < 0.7)
    emitted = captured[worked] + rng.integers(1, 150, len(worked))
    video = stream(captured.tolist(), list(zip(worked.tolist(), emitted.tolist(), strict=True)))
    at = np.arange(emitted.min(), captured[-1]) + 0.5
    order = np.argsort(emitted, kind="stable")
    newest = captured[worked][order][np.searchsorted(emitted[order], at, "right") - 1]
    read = np.sort(at - newest)
    age = freshness([video]).age
    assert age is not None
    assert age.mean_ns == pytest.approx(read.mean() * MS)
    assert age.over_time_ns.p50 == pytest.approx(read[len(read) // 2] * MS, abs=1.5 * MS)
    assert age.over_time_ns.max == pytest.approx(read[-1] * MS, abs=MS)
    if age.over_time_ns.n >= 10:
        assert age.over_time_ns.p90 == pytest.approx(read[int(0.9 * len(read))] * MS, abs=1.5 * MS)
