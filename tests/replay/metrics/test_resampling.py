import numpy as np
import pytest

from replay.metrics.average_precision import precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching
from replay.metrics.resampling import mean_ap, resampled_ap
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
