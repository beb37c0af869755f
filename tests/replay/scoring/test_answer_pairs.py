"""Many timings scored at once give what each gives by itself."""

from pathlib import Path

import numpy as np
import pytest

from replay.metrics.pool import Index
from replay.runs.loaded import read_run
from replay.scoring.answer_pairs import pooled_figures
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from tests.made_runs import Played, write_drives, write_run


@pytest.fixture
def stream(tmp_path: Path) -> ScoredStream:
    root = write_drives(tmp_path / "kitti", n=1, frames=12)
    (read,) = read_run(write_run(tmp_path / "run", Played(root=root, cars=9, walkers=5))).streams
    assert read.scored is not None
    return read.scored


def random_answers(rng: np.random.Generator, n: int) -> Index:
    answers: Index = np.maximum(np.arange(n) - rng.integers(0, 4, n), -1)
    return answers


@pytest.mark.parametrize("seed", range(5))
def test_a_pass_by_itself_is_scored_as_ever(stream: ScoredStream, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = [random_answers(rng, 12) for _ in range(3)]
    for answers, figures in zip(points, pooled_figures(stream, [[one] for one in points]), strict=True):
        alone = score(stream.answered_from(answers)).overall
        assert figures == pytest.approx({name: alone[name] for name in figures}, abs=1e-12)


def test_passes_are_pooled_as_one_set_of_images(stream: ScoredStream) -> None:
    passes = [np.arange(12), np.full(12, -1)]
    (figures,) = pooled_figures(stream, [passes])
    # The car is found in 9 of 24, the walker in 5 of 24; no false alarm.
    assert figures["AP"] == pytest.approx(((100 * 9 // 24 + 1) + (100 * 5 // 24 + 1)) / 2 / 101)
    assert (figures["n_frames"], figures["n_truth"], figures["n_found"]) == (12, 24, 7)
