import dataclasses

import numpy as np

from bench.coverage import recording
from replay.metrics.matching import Outcomes
from replay.notebook.intervals import of_film, of_stills, of_units

FRAMES = 400


def film(frames: int = FRAMES) -> Outcomes:
    """A made film, whose objects stay for some forty frames; ten thresholds alike, as AP has them."""
    outcomes = recording(np.random.default_rng(5), frames, 40, 120)[0].outcomes
    return dataclasses.replace(outcomes, states=np.repeat(outcomes.states[:1], 10, axis=0))


def test_a_film_is_less_sure_than_as_many_stills() -> None:
    blocks, stills = of_film(film(), FRAMES, 200, 1), of_stills(film(), FRAMES, 200, 1)
    assert 6 <= blocks.n <= 8
    assert blocks.estimates[0].error > 2 * stills.estimates[0].error


def test_a_film_too_short_for_its_traffic_has_no_interval() -> None:
    doubt = of_film(film(60), 60, 200, 1)
    assert doubt.n < doubt.least
    assert np.isnan(doubt.figure(0, 0.5).low)


def test_a_class_that_few_sequences_hold_has_no_interval_of_its_own() -> None:
    outcomes = film()
    early = dataclasses.replace(outcomes, positive_images=outcomes.positive_images % 20)
    doubt = of_units(early, np.arange(FRAMES) // 20, "sequences", 200, 1)
    assert not np.isnan(doubt.figure(0, 0.5).low)
    assert np.isnan(doubt.figure(3, 0.5).low)
