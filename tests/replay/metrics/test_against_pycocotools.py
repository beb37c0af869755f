"""400 random worlds: COCO's figures, counted by ourselves and by hotcoco, against the program that defines them."""

import numpy as np
import pytest

from replay.metrics import coco
from replay.metrics.average_precision import coco_figures
from tests.replay.oracles import pooled, pycocotools_figures, random_world


@pytest.mark.parametrize(
    "seeds", [range(50), *(pytest.param(range(low, low + 70), marks=pytest.mark.long) for low in range(50, 400, 70))]
)
def test_every_figure_is_that_of_pycocotools(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        truth, results = random_world(np.random.default_rng(seed))
        if not results:
            continue
        found, labelled, n_labels = pooled(truth, results)
        theirs = pycocotools_figures(truth, results)
        counted, _ = coco.average_precision(found, labelled, len(truth["images"]), n_labels)
        assert coco_figures(found, labelled, n_labels) == pytest.approx(theirs, abs=1e-9, nan_ok=True), f"seed {seed}"
        assert counted == pytest.approx({name: theirs[name] for name in coco.FIGURES}, abs=1e-9, nan_ok=True), (
            f"seed {seed}"
        )
        compared += 1
    assert compared > len(seeds) / 2
