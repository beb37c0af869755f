import math
from dataclasses import replace

import numpy as np
import pytest

from replay.metrics.tracking import ALPHAS, Clear, Hota, Identity, clear, hota, identity, tracking_figures
from replay.metrics.tracks import Moments, TrackRows, moments, similarity
from replay.truth import Role

Row = tuple[int, int, tuple[float, float, float, float]]


def rows(*boxes: Row) -> TrackRows:
    return TrackRows(
        frames=np.array([frame for frame, _, _ in boxes], np.int64),
        tracks=np.array([track for _, track, _ in boxes], np.int64),
        boxes=np.array([box for _, _, box in boxes], np.float64).reshape(-1, 4),
    )


def toy() -> Moments:
    """Two objects for ten frames; identities swap at 5, the second is missed in 3, a false alarm in 7."""
    truth_ids, found_ids, alike = [], [], []
    for frame in range(10):
        table = np.array([[0.9, 0.0], [0.0, 0.8]])
        ids = np.array([0, 1] if frame < 5 else [1, 0])
        if frame == 3:
            table, ids = table[:, :1], ids[:1]
        if frame == 7:
            table, ids = np.concatenate([table, np.zeros((2, 1))], axis=1), np.append(ids, 2)
        truth_ids.append(np.array([0, 1]))
        found_ids.append(ids)
        alike.append(table)
    return Moments(truth_ids, found_ids, alike, 2, 3)


def test_the_toy_sequence_by_hand() -> None:
    figures = tracking_figures([toy()])
    expected = {"HOTA": 0.492746, "DetA": 0.796992, "AssA": 0.310499, "MOTA": 0.8, "IDSW": 2, "IDF1": 0.5, "Frag": 1}
    assert {name: figures[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def random_sequence(rng: np.random.Generator, n_frames: int = 30) -> Moments:
    """Objects that come and go, tracked with misses, switches, false alarms, and boxes that tie."""
    truth: list[Row] = []
    found: list[Row] = []
    names = {track: track for track in range(6)}
    start, speed = rng.uniform(0, 60, (6, 2)), rng.normal(0, 1.5, (6, 2))
    for frame in range(n_frames):
        if rng.random() < 0.1:
            continue
        if rng.random() < 0.2:
            one, other = rng.choice(6, 2, replace=False).tolist()
            names[one], names[other] = names[other], names[one]
        for track in range(6):
            box = np.array([*(start[track] + frame * speed[track]), 30, 20])
            if rng.random() < 0.8:
                truth.append((frame, 10 * track + 3, tuple(np.round(box))))
            if rng.random() < 0.8:
                noise = rng.normal(0, 4, 4) * [1, 1, 0.5, 0.5] * (rng.random() < 0.8)
                found.append((frame, 7 * names[track], tuple(np.round(box + noise))))
        if rng.random() < 0.3:
            found.append((frame, 1000 + int(rng.integers(0, 3)), (*rng.uniform(0, 60, 2), 30, 20)))
    if rng.random() < 0.05:
        truth = []
    if rng.random() < 0.05:
        found = []
    return moments(rows(*truth), rows(*found), n_frames)


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 6))])
def test_every_figure_is_that_of_trackeval(block: int) -> None:
    theirs = pytest.importorskip("trackeval.metrics", reason="TrackEval is not installed")
    quiet = {"PRINT_CONFIG": False}
    metrics = {"hota": theirs.HOTA(), "clear": theirs.CLEAR(quiet), "identity": theirs.Identity(quiet)}
    names = {"TP": "CLR_TP", "FN": "CLR_FN", "FP": "CLR_FP"}
    for seed in range(20 * block, 20 * block + 20):
        rng = np.random.default_rng(seed)
        sequences = [random_sequence(rng) for _ in range(int(rng.integers(1, 4)))]
        if not sum(one.n_truth for one in sequences):
            continue
        expected: dict[str, float] = {}
        for metric in metrics.values():
            each = {
                str(i): metric.eval_sequence({
                    "num_timesteps": len(one.truth_ids),
                    "num_gt_ids": one.n_truth_ids,
                    "num_tracker_ids": one.n_found_ids,
                    "num_gt_dets": one.n_truth,
                    "num_tracker_dets": one.n_found,
                    "gt_ids": one.truth_ids,
                    "tracker_ids": one.found_ids,
                    "similarity_scores": one.similarity,
                })
                for i, one in enumerate(sequences)
            }  # fmt: skip
            together = metric.combine_sequences(each)
            expected |= {name: float(np.mean(value)) for name, value in together.items()}
        ours = tracking_figures(sequences)
        wanted = {name: expected[names.get(name, name)] for name in ours}
        if not sum(one.n_found for one in sequences):
            wanted |= {"MOTP": math.nan, "IDP": math.nan}
        if wanted["TP"] == 0:
            wanted["MOTP"] = math.nan
        assert ours == pytest.approx(wanted, abs=1e-9, nan_ok=True), f"seed {seed}"


def test_sequences_add_up() -> None:
    twice = tracking_figures([toy(), toy()])
    assert twice == pytest.approx({
        **tracking_figures([toy()]),
        "IDSW": 4, "Frag": 2, "MT": 4, "PT": 0, "ML": 0, "TP": 38, "FN": 2, "FP": 2,
    })  # fmt: skip


def test_where_nothing_was_there_nothing_is_known() -> None:
    figures = tracking_figures([moments(rows(), rows((0, 1, (0, 0, 9, 9))), 1)])
    assert all(math.isnan(figures[name]) for name in ("HOTA", "MOTA", "IDF1", "MOTP", "IDR"))
    assert (figures["FP"], figures["IDSW"]) == (1, 0)


def test_where_nothing_was_found_everything_is_missed() -> None:
    figures = tracking_figures([moments(rows((0, 1, (0, 0, 9, 9))), rows(), 1)])
    assert (figures["HOTA"], figures["MOTA"], figures["IDF1"], figures["FN"], figures["ML"]) == (0, 0, 0, 1, 1)


def test_a_box_without_area_is_like_nothing() -> None:
    flat, square = np.array([[0.0, 0, 0, 10]]), np.array([[0.0, 0, 10, 10]])
    assert similarity(flat, flat).tolist() == [[0]]
    assert similarity(flat, square).tolist() == [[0]]
    assert similarity(square, square).tolist() == [[1]]


def test_neighbours_and_regions_take_their_boxes_out_first() -> None:
    truth = rows(
        (0, 1, (0, 0, 10, 10)),
        (0, 2, (50, 0, 10, 10)),
        (0, 3, (100, 0, 50, 50)),
    )
    found = rows(
        (0, 1, (0, 0, 10, 10)),
        (0, 2, (50, 0, 10, 10)),
        (0, 3, (51, 0, 10, 10)),
        (0, 4, (110, 10, 10, 10)),
        (0, 5, (95, 0, 10, 10)),
    )
    roles = np.array([Role.POSITIVE, Role.NEIGHBOUR, Role.REGION])
    left = moments(truth, found, 1, roles)
    assert left.n_truth == 1
    # The neighbour takes one of two; the region takes what lies in it by more than half (the last one by half).
    assert left.n_found == 3
    assert tracking_figures([left])["FP"] == 2


def test_a_track_is_in_one_place_at_a_time() -> None:
    with pytest.raises(ValueError, match="two boxes in one frame"):
        rows((0, 1, (0, 0, 1, 1)), (0, 1, (5, 5, 1, 1)))


def test_counts_are_exact() -> None:
    counts = clear(toy())
    assert replace(counts, similarity_sum=0) == Clear(19, 1, 1, 2, 1, 2, 0, 0, 0)
    assert counts.similarity_sum == pytest.approx(0.9 * 10 + 0.8 * 9)
    assert identity(toy()) == Identity(10, 10, 10)
    assert isinstance(hota(toy()), Hota)
    assert len(hota(toy()).tp) == len(ALPHAS) == 19
