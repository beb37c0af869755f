import math

import numpy as np
import pytest

from replay.metrics.average_precision import coco_figures, precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching
from replay.metrics.pool import Found, Labelled, nothing_found, nothing_labelled
from replay.truth import Role
from tests.replay.oracles import pooled, random_world


def labelled_boxes(*boxes: tuple[float, float, float, float], images: tuple[int, ...] = ()) -> Labelled:
    array = np.array(boxes, np.float64)
    none = np.zeros(len(boxes), np.int64)
    return Labelled(np.array(images or none), none, array, array[:, 2] * array[:, 3], none)


def found_boxes(*rows: tuple[tuple[float, float, float, float], float], images: tuple[int, ...] = ()) -> Found:
    none = np.zeros(len(rows), np.int64)
    boxes = np.array([box for box, _ in rows], np.float64)
    return Found(np.array(images or none), none, boxes, np.array([score for _, score in rows]))


def test_a_miss_and_a_false_alarm_by_hand() -> None:
    labelled = labelled_boxes((0, 0, 10, 10), (50, 50, 10, 10))
    found = found_boxes(((0, 0, 10, 10), 0.9), ((80, 80, 10, 10), 0.8))
    # One of two found, at precision 1: recalls 0, .01, ..., .50 are 51 of 101 points.
    assert coco_figures(found, labelled, 1)["AP"] == pytest.approx(51 / 101)
    assert coco_figures(found, labelled, 1)["AR100"] == 0.5


def test_precision_is_that_of_the_best_point_to_the_right() -> None:
    labelled = labelled_boxes((0, 0, 10, 10), (50, 50, 10, 10))
    found = found_boxes(((80, 80, 10, 10), 0.9), ((0, 0, 10, 10), 0.8), ((50, 50, 10, 10), 0.7))
    # Points (recall, precision): (0, 0), (.5, 1/2), (1, 2/3): the envelope is 2/3 everywhere.
    assert coco_figures(found, labelled, 1)["AP"] == pytest.approx(2 / 3)


def test_where_nothing_is_labelled_nothing_is_known() -> None:
    figures = coco_figures(found_boxes(((0, 0, 10, 10), 0.9)), nothing_labelled(), 1)
    assert all(math.isnan(value) for value in figures.values())


def test_where_nothing_is_found_precision_and_recall_are_nought() -> None:
    figures = coco_figures(nothing_found(), labelled_boxes((0, 0, 10, 10)), 1)
    assert (figures["AP"], figures["AR100"], figures["APs"]) == (0, 0, 0)
    assert math.isnan(figures["APl"])


def test_a_class_without_a_positive_is_left_out_of_the_mean() -> None:
    labelled = labelled_boxes((0, 0, 10, 10))
    found = found_boxes(((0, 0, 10, 10), 0.9))
    assert coco_figures(found, labelled, 3)["AP"] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(30))
def test_a_weight_counts_an_image_as_often_as_a_copy_of_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, labelled, n_labels = pooled(*random_world(rng))
    # Copies of one image tie with each other; ties between images would be broken by which copy comes first.
    found = Found(found.images, found.labels, found.boxes, rng.permutation(len(found)) / 1000)
    n_images = 1 + int(max(found.images.max(initial=-1), labelled.images.max(initial=-1)))
    weights = rng.integers(0, 4, n_images)
    drawn = np.repeat(np.arange(n_images), weights)
    weighted = precision_of(Matching(found, labelled, n_labels).outcomes(), IOU_THRESHOLDS, weights=weights)
    copies = [(labelled.pick(labelled.images == image), found.pick(found.images == image)) for image in drawn]
    again = Matching(
        Found(
            np.repeat(np.arange(len(copies)), [len(b) for _, b in copies]),
            *(np.concatenate([getattr(b, name) for _, b in copies]) for name in ("labels", "boxes", "scores")),
        )
        if copies
        else nothing_found(),
        Labelled(
            np.repeat(np.arange(len(copies)), [len(a) for a, _ in copies]),
            *(np.concatenate([getattr(a, name) for a, _ in copies]) for name in ("labels", "boxes", "areas", "roles")),
        )
        if copies
        else nothing_labelled(),
        n_labels,
    )
    copied = precision_of(again.outcomes(), IOU_THRESHOLDS)
    assert weighted.curves == pytest.approx(copied.curves, abs=1e-12, nan_ok=True)
    assert weighted.recalls == pytest.approx(copied.recalls, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("column", ["boxes", "scores"])
def test_a_number_that_is_not_finite_is_not_scored(column: str) -> None:
    columns = {
        "images": np.zeros(1, np.int64),
        "labels": np.zeros(1, np.int64),
        "boxes": np.zeros((1, 4)),
        "scores": np.ones(1),
    }
    columns[column][0] = np.nan
    with pytest.raises(ValueError, match="not a finite number"):
        Found(**columns)  # type: ignore[arg-type]


def test_a_crowd_absorbs_and_is_never_missed() -> None:
    labelled = labelled_boxes((0, 0, 10, 10), (100, 100, 80, 80))
    crowd = Labelled(
        labelled.images, labelled.labels, labelled.boxes, labelled.areas, np.array([Role.POSITIVE, Role.REGION])
    )
    inside = [((110.0 + 10 * i, 110.0, 9.0, 9.0), 0.95) for i in range(5)]
    found = found_boxes(*inside, ((0, 0, 10, 10), 0.5))
    assert coco_figures(found, labelled, 1)["AP50"] == pytest.approx(51 / 101 * 1 / 6)
    assert coco_figures(found, crowd, 1)["AP50"] == pytest.approx(1)
