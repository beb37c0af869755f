import numpy as np
import pytest

from replay.metrics.pool import Index, Numbers
from replay.statistics.blocks import LEAST_BLOCKS, MOST_BLOCKS, MOST_CELLS, Blocks, blocks_of, cells_of, influences
from replay.statistics.bootstrap import Estimate

STEADY = np.full(200, 4.0)


def chain(n: int, keeps: float, seed: int = 1) -> Numbers:
    """Of first order: its correlation length is (1 + keeps) / (1 - keeps)."""
    rng = np.random.default_rng(seed)
    values = np.zeros(n)
    for place in range(1, n):
        values[place] = keeps * values[place - 1] + rng.normal()
    return values


def test_independent_frames_make_as_many_blocks_as_there_may_be() -> None:
    blocks = blocks_of(np.random.default_rng(1).normal(size=200), STEADY)
    assert blocks.n == MOST_BLOCKS
    assert blocks.of_cell.tolist() == sorted(blocks.of_cell.tolist())
    assert np.bincount(blocks.of_cell).tolist() == [25] * 8


@pytest.mark.parametrize("which", ["influence", "objects"])
def test_a_block_is_as_long_as_neighbours_stay_alike(which: str) -> None:
    slow = chain(200, 0.99)
    independent = np.random.default_rng(1).normal(size=200)
    blocks = blocks_of(*((slow, STEADY) if which == "influence" else (independent, slow)))
    assert blocks.n < LEAST_BLOCKS
    assert np.bincount(blocks.of_cell).min() >= int(blocks.alike) > 20


def test_blocks_no_longer_than_they_stay_alike_hide_half_of_their_variance() -> None:
    estimate = Estimate(0.0, 0.01, 8)
    assert Blocks(np.repeat(np.arange(8), 10), 8, 10.0).widened(estimate).error == pytest.approx(0.01 * 2**0.5)
    assert Blocks(np.repeat(np.arange(8), 100), 8, 2.0).widened(estimate).error == pytest.approx(0.01, rel=0.01)


def test_nothing_is_cut_into_nothing() -> None:
    assert blocks_of(np.empty(0), np.empty(0)).of_cell.tolist() == []
    assert cells_of(0).tolist() == []


def test_a_long_recording_is_looked_at_in_so_many_steps() -> None:
    cells = cells_of(10_000)
    assert (cells[0], cells[-1]) == (0, MOST_CELLS - 1)
    assert cells_of(3).tolist() == [0, 1, 2]


def test_a_cell_s_influence_is_what_it_adds() -> None:
    lost = np.array([0.0, 0.0, 3.0, 0.0])

    def none(draws: Index) -> Numbers:
        return np.zeros((len(draws), 1))

    def mean(draws: Index) -> Numbers:
        means: Numbers = (-(draws @ lost) / draws.sum(axis=1))[:, None]
        return means

    # Without the third cell nothing is lost; without another one the loss is 1 instead of 3/4.
    assert influences(none, mean, 4).tolist() == pytest.approx([0.25, 0.25, -0.75, 0.25])
