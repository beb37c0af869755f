import math

import numpy as np
import pytest

from replay.metrics.coco import FIGURES, average_precision
from replay.metrics.pool import Found, Labelled, nothing_found, nothing_labelled
from replay.truth import Role
from tests.replay.oracles import pooled, pycocotools_figures, random_world


def labelled(*boxes: tuple[float, float, float, float], labels: tuple[int, ...] = ()) -> Labelled:
    array, none = np.array(boxes, np.float64), np.zeros(len(boxes), np.int64)
    return Labelled(none, np.array(labels or none, np.int64), array, array[:, 2] * array[:, 3], none)


def found(*rows: tuple[tuple[float, float, float, float], float], labels: tuple[int, ...] = ()) -> Found:
    none = np.zeros(len(rows), np.int64)
    boxes = np.array([box for box, _ in rows], np.float64)
    return Found(none, np.array(labels or none, np.int64), boxes, np.array([score for _, score in rows]))


@pytest.mark.parametrize("seed", range(2000, 2020))
def test_a_class_by_itself_is_that_of_pycocotools_on_that_class(seed: int) -> None:
    truth, results = random_world(np.random.default_rng(seed))
    _, per_class = average_precision(*pooled(truth, results)[:2], len(truth["images"]), len(truth["categories"]))
    for category, ours in zip(truth["categories"], per_class, strict=True):
        alone = [row for row in results if row["category_id"] == category["id"]]
        if alone:
            theirs = pycocotools_figures(truth | {"categories": [category]}, alone)
            assert ours == pytest.approx({name: theirs[name] for name in FIGURES}, abs=1e-9, nan_ok=True)


def test_a_miss_and_a_false_alarm_by_hand() -> None:
    truth = labelled((0, 0, 10, 10), (50, 50, 10, 10))
    figures, _ = average_precision(found(((0, 0, 10, 10), 0.9), ((80, 80, 10, 10), 0.8)), truth, 1, 1)
    # One of two found, at precision 1: recalls 0, .01, ..., .50 are 51 of 101 points.
    assert (figures["AP"], figures["AR100"]) == pytest.approx((51 / 101, 0.5))


def test_where_nothing_is_found_precision_is_nought_and_not_unknown() -> None:
    figures, per_class = average_precision(nothing_found(), labelled((0, 0, 10, 10)), 1, 1)
    assert (figures["AP"], figures["AP50"], figures["APs"], figures["AR100"]) == (0, 0, 0, 0)
    assert math.isnan(figures["APl"])
    assert per_class[0]["AP"] == 0


@pytest.mark.parametrize("images", [0, 3])
def test_where_nothing_is_labelled_nothing_is_known(images: int) -> None:
    figures, per_class = average_precision(nothing_found(), nothing_labelled(), images, 2)
    assert all(math.isnan(value) for row in (figures, *per_class) for value in row.values())


def test_a_class_without_truth_is_unknown_and_left_out_of_the_mean() -> None:
    answer = found(((0, 0, 10, 10), 0.9), ((0, 0, 10, 10), 0.9), labels=(0, 1))
    figures, per_class = average_precision(answer, labelled((0, 0, 10, 10)), 1, 2)
    assert figures["AP"] == pytest.approx(1)
    assert per_class[0]["AP"] == pytest.approx(1)
    assert all(math.isnan(value) for value in per_class[1].values())


@pytest.mark.parametrize(("role", "label"), [(Role.NEIGHBOUR, 0), (Role.REGION, -1)])
def test_truth_that_coco_has_no_word_for_is_refused(role: Role, label: int) -> None:
    one = labelled((0, 0, 10, 10))
    strange = Labelled(one.images, np.array([label]), one.boxes, one.areas, np.array([role]))
    with pytest.raises(ValueError, match="no other truth"):
        average_precision(nothing_found(), strange, 1, 1)
