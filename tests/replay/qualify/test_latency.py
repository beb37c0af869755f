import pytest

from replay.qualify.parts.latency import estimated, least_queries
from replay.statistics.early_stopping import slow_answers_allowed


@pytest.mark.parametrize(("percentile", "n"), [(0.9, 64), (0.99, 662), (0.999, 6636)])
def test_the_fewest_queries_are_those_that_loadgen_names(percentile: float, n: int) -> None:
    """LoadGen 6.0.17 writes "Processed at least 64 queries" and "would need to process at least 662 total queries"."""
    assert least_queries(percentile) == n


@pytest.mark.parametrize(("n", "set_aside"), [(84, 1), (109, 2), (443, 28)])
def test_as_many_slow_queries_are_set_aside_as_loadgen_discards(n: int, set_aside: int) -> None:
    """From LoadGen's own summaries of runs of that many queries: "Would discard 28 highest latency queries"."""
    assert estimated(range(1, n + 1), [0.9])[0].set_aside == set_aside
    assert slow_answers_allowed(n, 0.9) == set_aside + 1


def test_the_estimate_is_the_slowest_query_left() -> None:
    (p90, p99) = estimated(range(1, 110), [0.9, 0.99])
    # LoadGen's estimate of 109 queries was the fourth slowest less one: the 107th of the sorted ones.
    assert p90.latency_ns == 107
    assert p99.latency_ns is None
    assert p99.n_needed == 662
