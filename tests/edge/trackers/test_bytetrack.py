import numpy as np
import pytest

pytest.importorskip("edgefirst.tracker", reason="edgefirst-tracker is not installed")

from edge.trackers.bytetrack import ByteTrack
from models.detections import Detections
from sensors.clock import NS_PER_MS, Stamp

NO_TRACK = -1


def update(tracker: ByteTrack, at_ms: int, *findings: tuple[float, float, int]) -> list[int]:
    """Squares of 40 pixels: left edge, score, label."""
    lefts = np.array([left for left, *_ in findings], np.float32)
    boxes = np.stack([lefts, np.zeros_like(lefts), lefts + 40, np.full_like(lefts, 40)], axis=1)
    scores = np.array([score for _, score, _ in findings], np.float32)
    labels = np.array([label for *_, label in findings], np.int64)
    return tracker.update(Detections(boxes, scores, labels), Stamp(at_ms * NS_PER_MS, 0))


def test_only_a_sure_finding_begins_a_track_and_only_a_hopeless_one_does_not_go_on() -> None:
    tracker = ByteTrack(ByteTrack.Options())
    assert update(tracker, 0, (0, 0.59, 0)) == [NO_TRACK]
    assert update(tracker, 40, (0, 0.61, 0)) == [0]
    assert update(tracker, 80, (0, 0.11, 0)) == [0]
    assert update(tracker, 120, (0, 0.09, 0)) == [NO_TRACK]


def test_ids_follow_the_order_of_appearance() -> None:
    tracker = ByteTrack(ByteTrack.Options())
    assert update(tracker, 0, (300, 0.9, 0), (0, 0.8, 0)) == [0, 1]
    assert update(tracker, 40, (600, 0.95, 0), (0, 0.9, 0), (300, 0.8, 0)) == [2, 1, 0]


def test_a_track_outlives_a_change_of_class() -> None:
    tracker = ByteTrack(ByteTrack.Options())
    assert update(tracker, 0, (0, 0.9, 2)) == [0]
    assert update(tracker, 40, (1, 0.9, 7)) == [0]


@pytest.mark.parametrize(("away_ms", "again"), [(999, 0), (1_000, 0), (1_002, 1)])
def test_a_track_ends_when_it_was_lost_for_too_long(away_ms: int, again: int) -> None:
    tracker = ByteTrack(ByteTrack.Options(lost_ms=1000))
    assert update(tracker, 5_000, (0, 0.9, 0)) == [0]
    # Expired after association: the frame before the last decides.
    update(tracker, 5_000 + away_ms)
    assert update(tracker, 5_001 + away_ms, (0, 0.9, 0)) == [again]


def test_how_much_two_boxes_must_overlap_is_an_option() -> None:
    # 40 pixels wide, 25 apart: 15 shared of 65, .23.
    for overlap, expected in ((0.2, 0), (0.3, 1)):
        tracker = ByteTrack(ByteTrack.Options(overlap=overlap))
        assert update(tracker, 0, (0, 0.9, 0)) == [0]
        assert update(tracker, 40, (25, 0.9, 0)) == [expected]
