"""Two models on the very same frames, by numbers that are known by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from models.detections import Detections, nothing
from replay.comparison.same_frames import agreed, paired_accuracy
from replay.recording import open_dataset
from replay.scoring.stream import ScoredStream
from tests.made_runs import BOXES, DATASET, ap_of, write_drives

FRAMES = 120
LABELS = ("person", "car")


def answer(car: bool) -> Detections:
    if not car:
        return nothing()
    return Detections(np.array([BOXES["Car"]], np.float32), np.array([0.9], np.float32), np.array([1]))


def stream(folder: Path, hits: list[bool], labels: tuple[str, ...] = ("car",)) -> ScoredStream:
    recording = open_dataset(DATASET, folder).open("0000")
    return ScoredStream(
        recording=recording,
        model_labels=LABELS,
        labels=labels,
        frames=recording.numbers,
        truths=[recording.truth(number) for number in recording.numbers],
        answers=[answer(hit) for hit in hits],
    )


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drives(tmp_path_factory.mktemp("drives"), n=1, frames=FRAMES)


def test_the_paired_difference_is_that_of_the_two_average_precisions_and_its_interval_holds_it(drive: Path) -> None:
    misses = (np.random.default_rng(2).uniform(size=FRAMES) < 0.2).tolist()
    told = paired_accuracy(stream(drive, [True] * FRAMES), stream(drive, [not miss for miss in misses]))
    assert told.a == pytest.approx(1.0)
    assert told.b == pytest.approx(ap_of(FRAMES - sum(misses), FRAMES))
    assert told.difference == pytest.approx(told.b - told.a)
    assert told.low < told.difference < told.high < 0
    assert (told.frames, told.n_truth, told.classes) == (FRAMES, FRAMES, ("Car",))


def test_two_that_are_equally_right_differ_by_nothing_and_no_interval_is_made_up_for_it(drive: Path) -> None:
    same = stream(drive, [True] * FRAMES)
    told = paired_accuracy(same, same)
    assert told.difference == 0
    assert math.isnan(told.low)


def test_other_frames_are_refused_and_other_classes_are_cut_to_what_both_know(drive: Path) -> None:
    whole, both = stream(drive, [True] * FRAMES), stream(drive, [True] * FRAMES, ("person", "car"))
    told = paired_accuracy(whole, both)
    assert told.classes == ("Car",)
    shorter = ScoredStream(whole.recording, LABELS, ("car",), whole.frames[1:], whole.truths[1:], whole.answers[1:])
    with pytest.raises(ValueError, match="same frames"):
        paired_accuracy(whole, shorter)


def test_agreement_has_an_interval_where_time_has_blocks_enough() -> None:
    rng = np.random.default_rng(3)
    frames = [(answer(True), answer(bool(rng.uniform() < 0.8))) for _ in range(400)]
    told = agreed(frames, LABELS, LABELS)
    assert told.f1_low < told.paired.f1 < told.f1_high
    assert told.blocks >= 6
    few = agreed(frames[:5], LABELS, LABELS)
    assert math.isnan(few.f1_low)
    assert few.paired.f1 > 0
