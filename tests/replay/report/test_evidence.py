"""Hand-worked: three frames, two classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from replay.metrics.by_score import score_curve
from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Found, Labelled
from replay.report.evidence import Tally, evidence, scores_of_hits, tallied
from replay.report.shown_frames import shown_frames
from replay.report.slices import breakdowns
from replay.runs.loaded import read_run
from replay.truth import Role

PLACES = {"a": (0.0, 0.0, 10.0, 10.0), "b": (20.0, 0.0, 10.0, 10.0), "c": (40.0, 0.0, 10.0, 10.0)}
THERE = [(0, 0, "a"), (0, 0, "b"), (1, 1, "a"), (2, 0, "c")]
"""(image, class, place); all positives."""
FOUND = [(0, 0, "a", 0.9), (0, 0, "c", 0.8), (1, 1, "a", 0.7), (0, 0, "b", 0.2), (1, 0, "b", 0.1)]
"""Right, false, right, right, false; the last object is in a frame without an answer."""


def outcomes(found: list[tuple[int, int, str, float]]) -> Outcomes:
    return Matching(
        Found(
            np.array([row[0] for row in found], np.int64),
            np.array([row[1] for row in found], np.int64),
            np.array([PLACES[row[2]] for row in found]).reshape(-1, 4),
            np.array([row[3] for row in found]),
        ),
        Labelled(
            np.array([row[0] for row in THERE]),
            np.array([row[1] for row in THERE]),
            np.array([PLACES[row[2]] for row in THERE]),
            np.full(len(THERE), 100.0),
            np.full(len(THERE), int(Role.POSITIVE)),
        ),
        2,
        thresholds=[0.5],
    ).outcomes()


def test_the_operating_score_is_where_f1_is_greatest() -> None:
    # F1 after each finding: 2·1/(1+4), 2·1/(2+4), 2·2/(3+4), 2·3/(4+4), 2·3/(5+4)
    best = score_curve(outcomes(FOUND)).best()
    assert (best.score, best.precision, best.recall, best.f1) == (0.2, 0.75, 0.75, 0.75)


def test_findings_of_one_score_stand_or_fall_together() -> None:
    tied = [(*row[:3], 0.2 if row[3] < 0.75 else row[3]) for row in FOUND[:-1]] + [(1, 0, "b", 0.2)]
    best = score_curve(outcomes(tied)).best()
    assert best.score == 0.2
    assert best.f1 == pytest.approx(6 / 9)


@pytest.mark.parametrize("found", [[], [(1, 0, "c", 0.9)]])
def test_where_nothing_is_right_there_is_no_operating_score(found: list[tuple[int, int, str, float]]) -> None:
    best = score_curve(outcomes(found)).best()
    assert np.isnan([best.score, best.precision, best.recall, best.f1]).all()


def test_each_frame_is_tallied_at_the_operating_score() -> None:
    seen = outcomes(FOUND)
    tally = tallied(seen, score_curve(seen).best(), np.array([True, True, False]))
    assert tally.hits.tolist() == [2, 1, 0]
    assert tally.false_alarms.tolist() == [1, 0, 0]
    assert tally.missed.tolist() == [0, 0, 1]
    assert tally.f1.tolist() == [0.8, 1.0, 0.0]


def test_each_object_knows_the_score_that_found_it() -> None:
    np.testing.assert_array_equal(scores_of_hits(outcomes(FOUND), 4), [0.9, 0.2, 0.7, np.nan])


def tally(answered: list[bool], hits: list[int], false_alarms: list[int], missed: list[int]) -> Tally:
    return Tally(np.array(answered), np.array(hits), np.array(false_alarms), np.array(missed))


def test_the_frames_shown_are_the_extremes_of_the_answered_ones() -> None:
    shown = shown_frames(
        tally(
            answered=[True, True, True, True, False, True],
            hits=[3, 5, 1, 4, 0, 0],
            false_alarms=[0, 0, 2, 4, 0, 9],
            missed=[0, 0, 1, 4, 9, 0],
        )
    )
    titles = {one.image: one.titles for one in shown}
    # The best of two perfect frames has more in it; frame 4 had no answer; frame 5 was an empty road.
    assert titles == {1: ("Best",), 2: ("Worst",), 3: ("Most missed",), 5: ("Most false alarms",)}
    sentences = {one.image: one.sentence for one in shown}
    assert sentences[1] == "All 5 objects were found, without a false alarm (F1 1.00)."
    assert sentences[2] == "1 of 2 objects was found, 1 missed, with 2 false alarms (F1 0.40)."
    assert sentences[5] == "Nothing was there, with 9 false alarms (F1 0.00)."


def test_a_perfect_run_has_no_worst_frame() -> None:
    assert [one.titles for one in shown_frames(tally([True], [2], [0], [0]))] == [("Best",)]
    assert shown_frames(tally([False], [0], [0], [2])) == []
    assert shown_frames(tally([True], [0], [0], [0])) == []


def test_a_runs_evidence_agrees_with_its_summary(tiny_run: Path) -> None:
    (stream,) = read_run(tiny_run).streams
    assert stream.scored is not None
    seen = evidence(stream.scored)
    assert [curve.ap50 for curve in seen.curves] == [stream.summary.accuracy.coco["AP50"]]
    assert seen.tally.hits.tolist() == [1] * 12
    assert seen.numbers.tolist() == list(range(1, 13))


def test_the_truth_is_cut_where_it_knows_more(tiny_run: Path) -> None:
    (stream,) = read_run(tiny_run).streams
    assert stream.scored is not None
    seen = evidence(stream.scored)
    assert breakdowns(seen) == []
    distances = np.array([5.0] * 3 + [10.0] * 6 + [100.0] * 2 + [np.nan], np.float32)
    levels = np.array([0.0] * 8 + [2.0] * 4, np.float32)
    fractions = np.array([0.0] * 6 + [0.3] * 6, np.float32)
    truth = replace(seen.pool.truth, distance_m=distances, occluded=levels, truncated=fractions)
    found_at = seen.found_at.copy()
    found_at[[0, 3, 4]] = np.nan
    known = replace(seen, pool=replace(seen.pool, truth=truth), found_at=found_at)
    cut = {one.title: {part.name: (part.n, part.found_at_any) for part in one.parts} for one in breakdowns(known)}
    assert cut == {
        "distance": {"0 to 10 m": (3, 2 / 3), "10 to 20 m": (6, 4 / 6), "from 80 m": (2, 1.0)},
        "hidden": {"level 0": (8, 5 / 8), "level 2": (4, 1.0)},
        "outside the picture": {"not at all": (6, 3 / 6), "up to a third": (6, 1.0)},
    }
