from itertools import pairwise

import numpy as np
import pytest

from edge.wire.clock.estimate import ClockEstimator
from edge.wire.clock.track import ClockTrack, Instant
from sensors.clock import NS_PER_MS, NS_PER_S
from tests.edge.networks import NETWORKS, exchanges, hub_time

MINUTE_NS = 60 * NS_PER_S


@pytest.mark.parametrize("skew_ppm", [-90, 20, 90])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_bound_covers_the_truth_at_every_instant(name: str, skew_ppm: int) -> None:
    rng = np.random.default_rng(7)
    track = ClockTrack(exchanges(NETWORKS[name], rng, 900, skew_ppm))
    for edge_ns in rng.integers(-MINUTE_NS, 16 * MINUTE_NS, 2000).tolist():
        found = track.edge_time(hub_time(edge_ns, skew_ppm), since_ns=edge_ns)
        assert found is not None
        assert abs(found.edge_ns - edge_ns) <= found.bound_ns
    assert track.steps == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_exchanges_on_both_sides_bound_an_instant_no_worse_than_those_before_it(name: str) -> None:
    said = exchanges(NETWORKS[name], np.random.default_rng(8), 300)
    live, track = ClockEstimator(), ClockTrack(said)
    for stamps in said:
        live.add(*stamps)
        edge_ns = stamps[3] + NS_PER_S // 3
        found = track.edge_time(hub_time(edge_ns), since_ns=edge_ns)
        assert found is not None
        # The bound runs to the farther end of what is possible, so a better guess may have the longer way there.
        assert found.bound_ns <= 2 * live.at(edge_ns).bound_ns + 1


def test_it_takes_both_neighbours_to_the_bound_of_the_whole() -> None:
    said = [(0, 10_000, 10_000, 20_000), (2 * NS_PER_S, 2 * NS_PER_S + 500, 2 * NS_PER_S + 500, 2 * NS_PER_S + 1_000)]
    # The first: 0 within 10,003. The second: 0 within 501, two seconds of drift away (200,000 ns).
    track = ClockTrack(said)
    assert track.edge_time(10_000, since_ns=0) == Instant(10_000, 10_005)
    one_second = track.edge_time(NS_PER_S, since_ns=0)
    assert one_second is not None
    # From behind it is 501 + 100,000, from before 10,003 + 100,000.
    assert abs(one_second.bound_ns - 100_511) <= 3


def test_without_an_exchange_nothing_is_known() -> None:
    assert ClockTrack([]).edge_time(5, since_ns=0) is None
    assert ClockTrack([(10, 0, 0, 9)]).edge_time(5, since_ns=0) is None


@pytest.mark.parametrize("step_ns", [-200 * NS_PER_MS, 200 * NS_PER_MS])
def test_nothing_is_told_across_a_step(step_ns: int) -> None:
    def hub(edge_ns: int) -> int:
        return edge_ns + NS_PER_S + (step_ns if edge_ns > 30 * NS_PER_S else 0)

    seconds = [second * NS_PER_S for second in range(61)]
    track = ClockTrack([(t, hub(t) + NS_PER_MS, hub(t) + NS_PER_MS, t + 2 * NS_PER_MS) for t in seconds])
    assert track.steps == 1
    for edge_ns in (0, 20 * NS_PER_S, 40 * NS_PER_S, 61 * NS_PER_S):
        found = track.edge_time(hub(edge_ns), since_ns=edge_ns)
        assert found is not None
        assert found.edge_ns == edge_ns
    assert track.edge_time(hub(40 * NS_PER_S), since_ns=29 * NS_PER_S) is None
    assert track.edge_time(hub(30 * NS_PER_S) + NS_PER_S // 3, since_ns=30 * NS_PER_S) is None


def test_the_order_in_which_exchanges_come_says_nothing() -> None:
    rng = np.random.default_rng(9)
    said = exchanges(NETWORKS["bursty"], rng, 100)
    shuffled = [said[index] for index in rng.permutation(len(said))]
    instants = [hub_time(second * NS_PER_S) for second in range(100)]
    straight = [ClockTrack(said).edge_time(instant, since_ns=0) for instant in instants[:20]]
    assert [ClockTrack(shuffled).edge_time(instant, since_ns=0) for instant in instants[:20]] == straight


def test_a_burst_of_exchanges_keeps_the_order_of_instants() -> None:
    rng = np.random.default_rng(10)
    there, back = NETWORKS["wifi-like"].delays_ns(rng, 64)
    said, t1 = [], 0
    for forward, home in zip(there, back, strict=True):
        arrives = t1 + forward
        said.append((t1, hub_time(arrives), hub_time(arrives), arrives + home))
        t1 = arrives + home + 50_000
    track = ClockTrack(said)
    for earlier, later in pairwise(range(0, t1, NS_PER_MS)):
        one, two = (track.edge_time(hub_time(edge_ns), since_ns=0) for edge_ns in (earlier, later))
        assert one is not None
        assert two is not None
        assert abs(one.edge_ns - earlier) <= one.bound_ns
        assert one.edge_ns <= two.edge_ns + one.bound_ns + two.bound_ns
