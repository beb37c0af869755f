"""Agreement by hand: every figure here can be worked out on paper."""

import math

import numpy as np
import pytest

from models.detections import Detections, nothing
from replay.metrics.agreement import Agreement, Held

AB = ("car", "person")


def found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    """Left, top, right, bottom, score, label; best first."""
    table = np.array(sorted(rows, key=lambda row: -row[4]), np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


def agreed(*frames: tuple[Detections, Detections], b_labels: tuple[str, ...] = AB) -> Agreement:
    return Held.of(frames, AB, b_labels).agreement()


CAR = (0, 0, 10, 10)
HALF_BESIDE = (0, 0, 10, 20)
"""Overlaps CAR by exactly .5."""
FAR = (50, 50, 60, 60)


def test_equal_findings_agree_wholly() -> None:
    same = found((*CAR, 0.9, 0), (*FAR, 0.6, 1))
    told = agreed((same, same), (same, same))
    assert (told.frames, told.paired.pairs, told.paired.n_a, told.paired.n_b) == (2, 4, 4, 4)
    assert told.paired.f1 == told.paired.mean_iou == told.taught.ap == told.taught.ap50 == 1.0
    assert {name: one.paired.f1 for name, one in told.per_class.items()} == {"car": 1.0, "person": 1.0}


def test_f1_counts_what_has_no_like_on_either_side() -> None:
    told = agreed((found((*CAR, 0.9, 0), (*FAR, 0.8, 0)), found((*HALF_BESIDE, 0.7, 0))))
    assert told.paired.f1 == pytest.approx(2 * 1 / (2 + 1))
    assert told.paired.mean_iou == pytest.approx(0.5)
    # Half of A's is found, with full precision: 51 of the 101 recalls at IoU .50, none above.
    assert told.taught.ap50 == pytest.approx(51 / 101)
    assert told.taught.ap == pytest.approx(51 / 101 / 10)


def test_pairs_are_the_same_whoever_is_called_a() -> None:
    rng = np.random.default_rng(1)

    def some() -> Detections:
        corners = rng.uniform(0, 40, (12, 2))
        boxes = np.hstack([corners, corners + rng.uniform(8, 20, (12, 2))])
        scores = rng.uniform(0, 1, 12)
        return found(*((*box, scores[row], row % 2) for row, box in enumerate(boxes.tolist())))

    frames = [(some(), some()) for _ in range(20)]
    one, other = Held.of(frames, AB, AB).agreement(), Held.of([(b, a) for a, b in frames], AB, AB).agreement()
    assert one.paired.pairs > 5
    for ours, theirs in zip(one.by_score, other.by_score, strict=True):
        assert (ours.pairs, ours.f1) == (theirs.pairs, theirs.f1)
        assert ours.mean_iou == pytest.approx(theirs.mean_iou, nan_ok=True)


def test_a_score_below_the_threshold_takes_no_part_there_and_excuses_whom_it_teaches() -> None:
    told = agreed((found((*CAR, 0.9, 0), (*FAR, 0.3, 0)), found((*CAR, 0.8, 0), (*FAR, 0.95, 0))))
    assert {at.score: (at.n_a, at.n_b, at.pairs) for at in told.by_score} == {
        0.1: (2, 2, 2), 0.2: (2, 2, 2), 0.3: (2, 2, 2), 0.4: (1, 2, 1), 0.5: (1, 2, 1),
        0.6: (1, 2, 1), 0.7: (1, 2, 1), 0.8: (1, 2, 1), 0.9: (1, 1, 0),
    }  # fmt: skip
    # The teacher half saw what is far away: whoever is sure of it isn't wrong for that.
    assert told.taught.ap50 == pytest.approx(1.0)
    assert told.taught.n_truth == 1


def test_a_score_that_is_just_the_threshold_reaches_it() -> None:
    told = agreed((found((*CAR, 0.7, 0)), found((*CAR, 0.7, 0))))
    assert {at.score: at.pairs for at in told.by_score}[0.7] == 1


def test_where_nobody_found_anything_agreement_is_unknown_and_neither_1_nor_0() -> None:
    told = agreed((nothing(), nothing()))
    assert told.frames == 1
    assert math.isnan(told.paired.f1)
    assert math.isnan(told.paired.mean_iou)
    assert math.isnan(told.taught.ap)
    one_sided = agreed((nothing(), found((*CAR, 0.9, 0))))
    assert one_sided.paired.f1 == 0.0
    assert math.isnan(one_sided.taught.ap50)
    assert math.isnan(one_sided.per_class["person"].paired.f1)


def test_classes_pair_by_their_names_and_those_that_one_model_lacks_are_named_and_left_out() -> None:
    a = found((*CAR, 0.9, 0), (*FAR, 0.9, 1))
    b = found((*CAR, 0.9, 2), (*FAR, 0.9, 0))
    told = agreed((a, b), b_labels=("traffic_light", "bus", "Car"))
    assert (told.only_a, told.only_b) == (("person",), ("traffic_light", "bus"))
    assert list(told.per_class) == ["car"]
    assert (told.paired.n_a, told.paired.n_b, told.paired.f1) == (1, 1, 1.0)


def test_two_models_without_a_class_in_common_agree_in_nothing_that_can_be_told() -> None:
    told = agreed((found((*CAR, 0.9, 0)), found((*CAR, 0.9, 0))), b_labels=("tram",))
    assert told.per_class == {}
    assert math.isnan(told.paired.f1)
    assert math.isnan(told.taught.ap)


def test_counts_of_each_image_add_up_to_the_figures() -> None:
    frames = [
        (found((*CAR, 0.9, 0)), found((*CAR, 0.9, 0))),
        (found((*CAR, 0.9, 0)), nothing()),
        (nothing(), nothing()),
    ]
    held = Held.of(frames, AB, AB)
    assert held.counts().tolist() == [[1, 2], [0, 1], [0, 0]]
    assert held.agreement().paired.f1 == pytest.approx(2 / 3)
