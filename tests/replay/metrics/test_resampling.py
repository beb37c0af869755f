import numpy as np
import pytest

from replay.metrics.average_precision import precision_of
from replay.metrics.matching import HIT, IOU_THRESHOLDS, Matching
from replay.metrics.pool import Found, Labelled
from replay.metrics.resampling import MANY, mean_ap, resampled_ap
from tests.replay.oracles import pooled, random_world


@pytest.mark.parametrize("seed", range(40))
def test_a_resample_is_the_figure_under_its_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, labelled, n_labels = pooled(*random_world(rng, least_images=6))
    outcomes = Matching(found, labelled, n_labels).outcomes()
    sequence_of_image = rng.integers(0, 4, 11)
    draws = rng.integers(0, 3, (12, 4))
    resampled = resampled_ap(outcomes, sequence_of_image, draws)
    for row, draw in enumerate(draws):
        one = precision_of(outcomes, IOU_THRESHOLDS, weights=draw[sequence_of_image])
        assert resampled[row] == pytest.approx(one.curves.mean(axis=1), abs=1e-12, nan_ok=True)
        assert mean_ap(resampled)[row] == pytest.approx(one.ap(), abs=1e-12, nan_ok=True)


def test_many_hits_are_resampled_as_exactly_as_few() -> None:
    rng = np.random.default_rng(7)
    n, n_images = 2 * MANY, 40
    images, labels = rng.integers(0, n_images, n), (np.arange(n) % 10 == 0).astype(np.int64)
    boxes = np.column_stack([100.0 * np.arange(n), np.zeros(n), np.full((n, 2), 50.0)])
    off = boxes + np.column_stack([rng.choice([0.0, 4.0, 12.0, 60.0], n), np.zeros((n, 3))])
    labelled = Labelled(images, labels, boxes, np.full(n, 2500.0), rng.choice([0, 0, 0, 1], n))
    outcomes = Matching(Found(images, labels, off, rng.random(n).round(2)), labelled, 3).outcomes()
    hits = [(outcomes.states[0][outcomes.found.labels == label] == HIT).sum() for label in (0, 1)]
    assert hits[0] > MANY > hits[1]
    of_image, draws = np.arange(n_images) % 6, rng.integers(0, 4, (20, 6))
    resampled = resampled_ap(outcomes, of_image, draws)
    for row, draw in enumerate(draws):
        one = precision_of(outcomes, IOU_THRESHOLDS, weights=draw[of_image])
        assert resampled[row] == pytest.approx(one.curves.mean(axis=1), abs=1e-12, nan_ok=True)
