import math

import numpy as np
import pytest

from fleet.arrivals import ReportArrived, key_of
from fleet.latency import LatencyBook
from replay.statistics.log_buckets import ALPHA, LogBuckets
from sensors.clock import NS_PER_MS, Stamp
from tests.fakes import ManualClock
from tests.speaker import TOTAL_NS, Speaker

QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)


def _buckets(values: list[int]) -> LogBuckets:
    buckets = LogBuckets()
    for value in values:
        buckets.add(value)
    return buckets


@pytest.mark.parametrize("q", QUANTILES)
def test_a_quantile_is_the_order_statistic_to_within_alpha(q: float) -> None:
    values = np.random.default_rng(7).lognormal(17, 1.5, 5000).astype(np.int64).tolist()
    exact = sorted(values)[math.ceil(q * len(values)) - 1]
    found = _buckets(values).quantile(q)
    assert found == pytest.approx(exact, rel=ALPHA * (1 + 1e-9), abs=0.5)


def test_merged_buckets_are_those_of_all_values() -> None:
    values = np.random.default_rng(8).integers(0, 10**9, 3000).tolist()
    merged = _buckets(values[:1000])
    merged.merge(_buckets(values[1000:]))
    whole = _buckets(values)
    assert merged.n == whole.n == 3000
    assert [merged.quantile(q) for q in QUANTILES] == [whole.quantile(q) for q in QUANTILES]


def test_zeros_have_their_own_place_and_nothing_has_no_quantile() -> None:
    assert LogBuckets().quantile(0.5) is None
    assert [_buckets([0, 0, 1]).quantile(q) for q in (0.5, 1.0)] == [0, 1]


def test_a_negative_latency_is_a_clocks_error_and_not_taken() -> None:
    with pytest.raises(ValueError, match="clock"):
        LogBuckets().add(-1)


def test_the_book_counts_every_ok_frame_of_the_newest_session_once() -> None:
    clock = ManualClock()
    book = LatencyBook()

    def add(session: int, n: int, hub_ms: int | None, **changes: object) -> None:
        speaker = Speaker(clock, session=session)
        report = speaker.report(n, **changes)
        latency_ns = None if hub_ms is None else hub_ms * NS_PER_MS
        book.add(ReportArrived(key_of(speaker.birth), report, b"", Stamp(0, 0), latency_ns, current=session == newest))

    newest = 1
    add(1, 0, 30)
    assert book.live()["seoul/pole/camera"]["hub"].n == 1
    newest = 2
    add(2, 0, 40)
    add(2, 0, 40)
    add(2, 2, None)
    add(2, 1, 40)
    add(1, 1, 30)
    add(2, 3, 40, status="failed", findings=None, reason="camera")
    live = book.live()["seoul/pole/camera"]
    assert (live["total"].n, live["hub"].n) == (2, 1)
    assert live["total"].p50_ns == pytest.approx(TOTAL_NS, rel=ALPHA)
    assert live["hub"].p99_ns == pytest.approx(40 * NS_PER_MS, rel=ALPHA)
