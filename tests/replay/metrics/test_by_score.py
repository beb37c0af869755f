"""Precision and recall by score, worked by hand: three images, two classes."""

import math

import numpy as np
import pytest

from replay.metrics.by_score import score_curve
from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Found, Labelled
from replay.scoring.by_score import STEPS, score_table
from replay.truth import Role

PLACES = {"a": (0.0, 0.0, 10.0, 10.0), "b": (20.0, 0.0, 10.0, 10.0), "c": (40.0, 0.0, 10.0, 10.0)}
THERE = [(0, 0, "a"), (0, 0, "b"), (1, 1, "a"), (2, 0, "c")]
FOUND = [(0, 0, "a", 0.9), (0, 0, "c", 0.8), (1, 1, "a", 0.7), (0, 0, "b", 0.35), (1, 0, "b", 0.35)]
"""Right, false, right, right, false."""


def outcomes(found: list[tuple[int, int, str, float]], there: list[tuple[int, int, str]] = THERE) -> Outcomes:
    return Matching(
        Found(
            np.array([row[0] for row in found], np.int64),
            np.array([row[1] for row in found], np.int64),
            np.array([PLACES[row[2]] for row in found]).reshape(-1, 4),
            # As a node says them.
            np.array([row[3] for row in found], np.float32).astype(np.float64),
        ),
        Labelled(
            np.array([row[0] for row in there], np.int64),
            np.array([row[1] for row in there], np.int64),
            np.array([PLACES[row[2]] for row in there]).reshape(-1, 4),
            np.full(len(there), 100.0),
            np.full(len(there), int(Role.POSITIVE)),
        ),
        3,
        thresholds=[0.5],
    ).outcomes()


@pytest.mark.parametrize(
    ("score", "precision", "recall"),
    [(0.0, 3 / 5, 3 / 4), (0.35, 3 / 5, 3 / 4), (0.36, 2 / 3, 2 / 4), (0.75, 1 / 2, 1 / 4), (0.95, math.nan, 0.0)],
)
def test_only_findings_of_the_score_or_above_count(score: float, precision: float, recall: float) -> None:
    at = score_curve(outcomes(FOUND)).at(score)
    assert (at.precision, at.recall) == pytest.approx((precision, recall), nan_ok=True)


def test_each_class_has_its_own_and_one_that_is_nowhere_has_none() -> None:
    told = score_table(outcomes(FOUND), ["car", "person", "tram"])
    assert [(row.of, row.n_truth, row.n_found) for row in told.classes] == [("", 4, 5), ("car", 3, 4), ("person", 1, 1)]
    car, person = told.classes[1:]
    assert person.best.score == pytest.approx(0.7)
    assert (person.best.precision, person.best.recall, person.best.f1) == (1, 1, 1)
    # F1 of cars: 2/4 at .9, 2/5 at .8, 4/7 at .35.
    assert car.best.f1 == pytest.approx(4 / 7, abs=1e-4)
    at = dict(zip(STEPS, zip(car.precision, car.recall, strict=True), strict=True))
    assert at[0.85] == pytest.approx((1, 1 / 3), abs=1e-4)
    assert at[0.0] == pytest.approx((2 / 4, 2 / 3), abs=1e-4)


def test_what_is_undefined_is_not_a_number() -> None:
    nothing_there = score_table(outcomes(FOUND, []), ["car", "person", "tram"]).classes[0]
    assert nothing_there.precision[0] == 0
    assert math.isnan(nothing_there.recall[0])
    assert math.isnan(nothing_there.best.f1)
    nothing_found = score_table(outcomes([]), ["car", "person", "tram"]).classes[0]
    assert math.isnan(nothing_found.precision[0])
    assert nothing_found.recall[0] == 0


def test_an_image_that_weighs_nothing_takes_no_part() -> None:
    curve = score_curve(outcomes(FOUND), weights=np.array([0.5, 0.0, 0.5]))
    assert curve.positives == 1.5
    assert (curve.at(0).precision, curve.at(0).recall) == pytest.approx((2 / 3, 2 / 3))
