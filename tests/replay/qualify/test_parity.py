import math

import numpy as np
import pytest

from models.boxes import partners
from models.detections import Detections, nothing
from models.tensors import cosine
from replay.qualify.parts.parity import IOU, BoxTally


def found(*rows: tuple[float, float, int]) -> Detections:
    """(left, score, label) of boxes 100 wide and 10 high."""
    boxes = np.array([(left, 0, left + 100, 10) for left, _, _ in rows], np.float32).reshape(-1, 4)
    return Detections(
        boxes, np.array([row[1] for row in rows], np.float32), np.array([row[2] for row in rows], np.int64)
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([3, 4], [3, 4], 1.0),
        ([3, 4], [6, 8], 1.0),
        ([1, 0], [0, 1], 0.0),
        ([1, 0], [1, 1], math.sqrt(0.5)),
        ([1, 2], [-1, -2], -1.0),
        ([0, 0], [0, 0], 1.0),
        ([0, 0], [1, 0], math.nan),
        ([1, 0], [math.nan, 0], math.nan),
    ],
)
def test_the_cosine_of_two_tensors(a: list[float], b: list[float], expected: float) -> None:
    assert cosine(np.array([a], np.float32), np.array([b], np.float32)) == pytest.approx(expected, nan_ok=True)


def test_partners_are_of_one_class_and_overlap_by_nine_tenths() -> None:
    # Shifted by 5 of 100: 95 / 105 = .905; by 6: 94 / 106 = .887.
    theirs = found((0, 0.9, 0), (1000, 0.8, 0), (2000, 0.7, 1))
    ours = found((1006, 0.8, 0), (5, 0.9, 0), (2000, 0.7, 2))
    assert partners(theirs, ours, IOU) == [(0, 1)]


def test_one_box_has_one_partner_and_the_nearer_one_gets_it() -> None:
    theirs = found((0, 0.9, 0))
    ours = found((3, 0.9, 0), (1, 0.5, 0))
    assert partners(theirs, ours, IOU) == [(0, 1)]


def test_shares_are_told_both_ways_and_low_scores_take_no_part() -> None:
    tally = BoxTally()
    tally.put(found((0, 0.9, 0), (500, 0.5, 0), (900, 0.2, 0)), found((0, 0.8, 0)))
    tally.put(found((0, 0.6, 0)), found((0, 0.61, 0), (500, 0.3, 0)))
    result = tally.result()
    assert (result.reference, result.candidate, result.matched) == (3, 3, 2)
    assert result.of_reference == pytest.approx(2 / 3)
    assert result.of_candidate == pytest.approx(2 / 3)
    assert result.shift_p95 == result.shift_max == pytest.approx(0.1)


def test_without_boxes_nothing_is_told() -> None:
    tally = BoxTally()
    tally.put(nothing(), nothing())
    result = tally.result()
    assert math.isnan(result.of_reference)
    assert math.isnan(result.of_candidate)
    assert math.isnan(result.shift_p95)
