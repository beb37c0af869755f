"""A node as queues: worked by hand, and held against nodes whose insides are known."""

import numpy as np
import pytest

from replay.metrics.node_model import UNLIMITED, Passages, Shape, Work, constant, shape_of, simulated, work_of
from replay.metrics.pool import Index
from sensors.clock import NS_PER_MS

ONE, TWO_IN_LINE, TWO_BESIDE = Shape(1, 1), Shape(2, 1), Shape(2, 2)
EVERY = Shape(UNLIMITED, UNLIMITED)


def ms(*values: float) -> Index:
    return np.array([round(value * NS_PER_MS) for value in values], np.int64)


def taking(*infer_ms: float, lag: float = 0, prepare: float = 0, finish: float = 0) -> Work:
    n = len(infer_ms)
    return Work(
        lag_ns=ms(*[lag] * n),
        prepare_ns=ms(*[prepare] * n),
        infer_ns=ms(*infer_ms),
        finish_ns=ms(*[finish] * n),
        publish_ns=ms(*[0] * n),
        failed=np.zeros(n, np.bool_),
    )


@pytest.mark.parametrize(
    ("shape", "infer_ms", "outputs"),
    [
        pytest.param(EVERY, [250], [(0, 250), (1, 350), (2, 450), (3, 550), (4, 650)], id="every frame as it comes"),
        pytest.param(ONE, [250], [(0, 250), (2, 500), (4, 750)], id="the newest when free"),
        pytest.param(ONE, [50], [(0, 50), (1, 150), (2, 250), (3, 350), (4, 450)], id="fast enough"),
        pytest.param(ONE, [100], [(0, 100), (1, 200), (2, 300), (3, 400), (4, 500)], id="just free"),
        pytest.param(ONE, [250, 10], [(0, 250), (2, 260), (3, 550), (4, 560)], id="times in turn, and again"),
        # The second waits at the door from 100 on, and is worked on from 250: it is 400 ms old when it is answered.
        pytest.param(TWO_IN_LINE, [250], [(0, 250), (1, 500), (2, 750), (4, 1000)], id="one waits at the door"),
        pytest.param(TWO_BESIDE, [250], [(0, 250), (1, 350), (2, 500), (3, 600), (4, 750)], id="two beside each other"),
    ],
)
def test_which_frames_are_taken_and_when_they_are_answered(
    shape: Shape, infer_ms: list[float], outputs: list[tuple[int, int]]
) -> None:
    rows, passed = simulated(ms(0, 100, 200, 300, 400), taking(*infer_ms), shape)
    assert list(zip(rows.tolist(), (passed.published_ns // NS_PER_MS).tolist(), strict=True)) == outputs


def test_preparing_and_finishing_are_done_one_at_a_time() -> None:
    """Two servers, but each frame takes 60 ms to prepare: the second is taken when the first has been handed over."""
    rows, passed = simulated(ms(0, 10, 20), taking(5, prepare=60, finish=70), Shape(3, 3))
    assert rows.tolist() == [0, 2]
    assert passed.taken_ns.tolist() == ms(0, 60).tolist()
    assert passed.finished_ns.tolist() == ms(135, 205).tolist()


def test_nothing_comes_of_nothing() -> None:
    rows, passed = simulated(ms(), constant(NS_PER_MS), ONE)
    assert (len(rows), len(passed)) == (0, 0)


def test_a_factor_is_on_what_the_frame_path_does_and_not_on_waking_up_or_publishing() -> None:
    work = taking(10, lag=3, prepare=2, finish=1).scaled(2.5)
    assert [work.lag_ns[0], work.prepare_ns[0], work.infer_ns[0], work.finish_ns[0]] == ms(3, 5, 25, 2.5).tolist()


def test_another_order_keeps_bursts_together_and_loses_nothing() -> None:
    work = taking(*range(100))
    dealt = work.dealt(np.random.default_rng(0))
    assert sorted(dealt.infer_ns) == sorted(work.infer_ns)
    steps = np.diff(dealt.infer_ns)
    assert (steps == NS_PER_MS).sum() >= 94


def node(rng: np.random.Generator, n: int = 400) -> Work:
    return Work(
        lag_ns=rng.integers(10_000, 90_000, n),
        prepare_ns=rng.integers(1_000_000, 3_000_000, n),
        infer_ns=(50 * NS_PER_MS * rng.lognormal(0, 0.15, n)).astype(np.int64),
        finish_ns=rng.integers(500_000, 2_000_000, n),
        publish_ns=rng.integers(100_000, 400_000, n),
        failed=rng.random(n) < 0.02,
    )


ARRIVALS: Index = np.arange(600) * 40 * NS_PER_MS
SHAPES = [ONE, TWO_IN_LINE, TWO_BESIDE, Shape(3, 2), Shape(4, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_taken_apart_and_put_together_again_is_the_record(shape: Shape) -> None:
    """At ×1, in the recorded order, the model is the record to the nanosecond."""
    rows, passed = simulated(ARRIVALS, node(np.random.default_rng(1)), shape)
    again, once_more = simulated(ARRIVALS, work_of(passed, shape), shape)
    assert again.tolist() == rows.tolist()
    assert once_more.published_ns.tolist() == passed.published_ns.tolist()
    assert once_more.failed.tolist() == passed.failed.tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("period_ms", [10, 25])
def test_depth_and_servers_show_in_a_record_of_a_busy_node(shape: Shape, period_ms: int) -> None:
    arrivals = np.arange(600) * period_ms * NS_PER_MS
    _, passed = simulated(arrivals, node(np.random.default_rng(2)), shape)
    assert shape_of(passed) == shape


def test_where_a_record_can_t_tell_the_last_place_is_at_the_door() -> None:
    _, passed = simulated(np.arange(100) * 200 * NS_PER_MS, node(np.random.default_rng(3)), Shape(3, 2))
    assert shape_of(passed, depth=3) == Shape(3, 2)
    assert shape_of(passed) == ONE


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.6, 0.99, 1.0, 1.01, 1.7])
def test_the_model_foretells_a_node_of_another_speed(shape: Shape, factor: float) -> None:
    truth = node(np.random.default_rng(4))
    _, recorded = simulated(ARRIVALS, truth, shape)
    foretold = work_of(recorded, shape_of(recorded, shape.depth)).scaled(factor)
    rng = np.random.default_rng(5)
    model = [simulated(ARRIVALS, foretold.dealt(rng), shape) for _ in range(8)]
    real = [simulated(ARRIVALS, truth.scaled(factor).dealt(rng), shape) for _ in range(8)]
    taken = [np.mean([len(rows) for rows, _ in side]) for side in (model, real)]
    medians = [np.median(np.concatenate([latencies(passed) for _, passed in side])) for side in (model, real)]
    assert taken[0] == pytest.approx(taken[1], rel=0.02)
    assert medians[0] == pytest.approx(medians[1], rel=0.03)


def latencies(passed: Passages) -> Index:
    took: Index = passed.published_ns - passed.there_ns
    return took
