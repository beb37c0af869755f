import math

import numpy as np
import pytest

from replay.metrics.kitti import EVALUATED, KittiFound, KittiLabels
from replay.metrics.matching import Matching
from replay.metrics.pool import Found, Labelled, Numbers
from replay.scoring.ap_interval import ApInterval, ap_interval, cut, interval_of
from replay.scoring.pool import Pool
from replay.scoring.profiles.kitti_curves import kitti_scores
from replay.truth import Role, nothing_there


def pool(rng: np.random.Generator, n: int, passage: int = 1) -> Pool:
    """`n` pictures of four objects; how many of them are found stays the same for `passage` pictures."""
    images = np.repeat(np.arange(n), 4)
    boxes = np.tile([[0.0, 0, 50, 50], [100, 0, 50, 50], [200, 0, 50, 50], [300, 0, 50, 50]], (n, 1))
    likely = np.repeat(rng.beta(2, 1, math.ceil(n / passage)), passage)[:n]
    hit = rng.random(4 * n) < likely[images]
    moved = boxes + rng.normal(0, 4, (4 * n, 1)) * [1, 0, 0, 0]
    ones = np.zeros(4 * n, np.int64)
    return Pool(
        classes=("car", "ghost"),
        found=Found(images[hit], ones[hit], moved[hit], rng.random(int(hit.sum()))),
        labelled=Labelled(images, ones, boxes, np.full(4 * n, 2500.0), np.full(4 * n, int(Role.POSITIVE))),
        truth=nothing_there(),
        sequence_of_image=np.zeros(n, np.int64),
        unlabelled=0,
        unanswered=0,
        in_regions=0,
        unmapped=0,
        unknown_to_model=(),
    )


def width(interval: ApInterval) -> float:
    return interval.high - interval.low


def test_a_smaller_set_has_a_wider_interval() -> None:
    rng = np.random.default_rng(3)
    few, many = (np.mean([width(ap_interval(pool(rng, n))) for _ in range(4)]) for n in (10, 160))
    assert few > 2 * many > 0


@pytest.mark.parametrize(("n", "passage"), [(0, 1), (4, 1), (60, 30)])
def test_too_few_pictures_that_differ_are_no_interval(n: int, passage: int) -> None:
    interval = ap_interval(pool(np.random.default_rng(2), n, passage))
    assert math.isnan(interval.low)
    assert "an interval takes 6" in interval.no_interval


def test_a_class_without_truth_has_none_and_the_others_have() -> None:
    interval = ap_interval(pool(np.random.default_rng(3), 60))
    assert interval.of("car") == pytest.approx(interval.of())
    assert math.isnan(interval.of("ghost")[0])
    assert 0 < interval.low < interval.high < 1
    assert interval.no_interval == ""


def test_where_every_block_is_perfect_there_is_none_and_no_rounding_error_makes_one() -> None:
    # Three boxes in fourteen pictures, all found: resampled, their AP is 1 but for the last bit.
    images = np.sort(np.random.default_rng(1).integers(0, 14, 3))
    boxes, zeros = np.array([[0.0, 0, 50, 50], [60, 0, 50, 50], [120, 0, 50, 50]]), np.zeros(3, np.int64)
    labelled = Labelled(images, zeros, boxes, np.full(3, 2500.0), np.full(3, int(Role.POSITIVE)))
    interval = interval_of(Found(images, zeros, boxes, np.array([0.9, 0.8, 0.7])), labelled, ("car",), 14)
    assert math.isnan(interval.low)
    assert "are alike in it, or" in interval.no_interval


def test_kitti_s_ap40_has_an_interval_where_six_blocks_hold_the_class() -> None:
    rng = np.random.default_rng(5)
    made = pool(rng, 60)
    there, seen = made.labelled, made.found

    def corners(boxes: Numbers) -> Numbers:
        return np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])

    zeros = np.zeros(len(there))
    # Of the pedestrians there is one, in the first picture.
    types = np.where(np.arange(len(there)) == 0, EVALUATED["Pedestrian"], EVALUATED["Car"])
    labels = KittiLabels(there.images, types, corners(there.boxes), zeros, zeros)
    found = KittiFound(seen.images, np.full(len(seen), EVALUATED["Car"]), corners(seen.boxes), seen.scores)
    outcomes = Matching(seen, there, 2).outcomes()
    scores = kitti_scores(labels, found, ["Car", "Pedestrian"], cut(60, outcomes))
    car = scores.curves["Car"]["moderate"]
    assert 0 < car.ap40["low"] < car.curve.ap40 < car.ap40["high"] < 1
    assert math.isnan(scores.curves["Pedestrian"]["moderate"].ap40["low"])
    assert scores.mean_ap40["low"] < scores.mean < scores.mean_ap40["high"]
    too_few = kitti_scores(labels, found, ["Car"], cut(4, outcomes))
    assert math.isnan(too_few.curves["Car"]["moderate"].ap40["low"])
