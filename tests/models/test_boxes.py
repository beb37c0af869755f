import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import boxes
from models.detections import Boxes, Detections

Box = tuple[float, float, float, float]


def array(*rows: Box) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def found(rows: Boxes, scores: NDArray[np.float32], labels: NDArray[np.int64] | None = None) -> Detections:
    return Detections(rows, scores, np.zeros(len(rows), np.int64) if labels is None else labels)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150),
        ((0, 0, 10, 10), (5, 5, 15, 15), 25 / 175),
        ((0, 0, 10, 10), (2, 2, 4, 6), 8 / 100),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # edges that touch share nothing
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),  # apart on both axes: two negatives are no area
        ((5, 5, 5, 5), (5, 5, 5, 5), 0.0),  # a point has no area to share
    ],
)
def test_iou_by_hand(a: Box, b: Box, expected: float) -> None:
    assert boxes.iou(array(a), array(b)).tolist() == [[pytest.approx(expected)]]


def test_a_box_beyond_the_picture_is_cut_to_its_part_inside() -> None:
    outside = array((-5, -5, 10, 10), (90, 40, 120, 70), (10, 10, 20, 20), (200, 0, 210, 10))
    assert boxes.clip(outside, 100, 50).tolist() == [
        [0, 0, 10, 10],
        [90, 40, 100, 50],
        [10, 10, 20, 20],
        [100, 0, 100, 10],
    ]


@pytest.mark.parametrize(("at_most", "expected"), [(2, [3, 1]), (3, [3, 1, 2]), (9, [3, 1, 2, 0]), (0, [])])
def test_the_best_come_first_and_equals_keep_their_order(at_most: int, expected: list[int]) -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.9], np.float32)
    assert boxes.ranked(scores, at_most).tolist() == expected


def test_a_worse_box_of_the_same_class_goes_and_one_of_another_class_stays() -> None:
    rows = array((0, 0, 10, 10), (1, 0, 11, 10), (1, 0, 11, 10), (50, 0, 60, 10))
    labels = np.array([0, 0, 1, 0])
    everything = found(rows, np.array([0.6, 0.9, 0.8, 0.1], np.float32), labels)
    assert boxes.suppress(everything, 0.5, 100).tolist() == [1, 2, 3]


def test_a_suppressed_box_suppresses_nothing() -> None:
    # Each overlaps the next by 6/14 > .4, and the next but one by 2/18: without the middle one, the last stays.
    rows = array((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    everything = found(rows, np.array([0.9, 0.8, 0.7], np.float32))
    assert boxes.suppress(everything, 0.4, 100).tolist() == [0, 2]


def test_an_overlap_of_exactly_the_threshold_stays() -> None:
    rows = array((0, 0, 10, 10), (0, 0, 10, 5))
    everything = found(rows, np.array([0.9, 0.8], np.float32))
    assert boxes.suppress(everything, 0.5, 100).tolist() == [0, 1]


def test_nothing_in_nothing_out() -> None:
    assert boxes.suppress(found(array(), np.empty(0, np.float32)), 0.5, 100).tolist() == []


@st.composite
def crowds(draw: st.DrawFn) -> Detections:
    """Boxes on a coarse grid, so that overlaps and equal scores are common."""
    n = draw(st.integers(0, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    return crowd(np.random.default_rng(seed), n, extent=draw(st.sampled_from([4, 12, 40])))


def crowd(chance: np.random.Generator, n: int, extent: int) -> Detections:
    corners = chance.integers(0, extent, (n, 2))
    sides = chance.integers(1, 8, (n, 2))
    scores = chance.integers(1, 10, n) / 10
    labels = chance.integers(0, 3, n)
    return Detections(np.hstack((corners, corners + sides)).astype(np.float32), scores.astype(np.float32), labels)


def one_by_one(everything: Detections, threshold: float, keep: int) -> list[int]:
    """The definition of greedy suppression."""
    survivors: list[int] = []
    for i in np.argsort(-everything.scores, kind="stable").tolist():
        rivals = [j for j in survivors if everything.labels[j] == everything.labels[i]]
        if not (boxes.iou(everything.boxes[[i]], everything.boxes[rivals]) > threshold).any():
            survivors.append(i)
    return survivors[:keep]


@settings(deadline=None)
@given(crowds(), st.sampled_from([0.3, 0.45, 0.65]), st.sampled_from([1, 5, 100]))
def test_suppression_is_greedy_one_by_one(everything: Detections, threshold: float, keep: int) -> None:
    assert boxes.suppress(everything, threshold, keep).tolist() == one_by_one(everything, threshold, keep)


@pytest.mark.parametrize("extent", [12, 300])
def test_suppression_looks_further_where_the_first_look_is_too_short(extent: int) -> None:
    everything = crowd(np.random.default_rng(extent), 3 * boxes.FIRST_LOOK, extent)
    assert boxes.suppress(everything, 0.45, 2000).tolist() == one_by_one(everything, 0.45, 2000)
    assert boxes.suppress(everything, 0.45, 100).tolist() == one_by_one(everything, 0.45, 100)


def test_each_further_look_is_twice_as_long_since_its_cost_is_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def ranked(scores: NDArray[np.float32], at_most: int) -> boxes.Indices:
        looks.append(at_most)
        return np.argsort(-scores, kind="stable")[:at_most]

    monkeypatch.setattr(boxes, "ranked", ranked)
    everything = crowd(np.random.default_rng(5), 5 * boxes.FIRST_LOOK, 300)
    boxes.suppress(everything, 0.45, len(everything))
    assert looks == [512, 1024, 2048, 4096]


@settings(deadline=None)
@given(crowds())
def test_iou_is_symmetric_and_a_fraction_and_whole_with_itself(everything: Detections) -> None:
    overlap = boxes.iou(everything.boxes, everything.boxes)
    assert np.array_equal(overlap, overlap.T)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert (overlap.diagonal() == 1).all()


@settings(deadline=None)
@given(crowds())
def test_clipping_twice_changes_nothing_and_leaves_everything_inside(everything: Detections) -> None:
    once = boxes.clip(everything.boxes - 5, 20, 10)
    assert np.array_equal(boxes.clip(once, 20, 10), once)
    assert ((once >= 0) & (once <= (20, 10, 20, 10))).all()
