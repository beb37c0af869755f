"""AP in bands, on one frame worked by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

import gilmok
from models.detections import Detections
from replay.datasets.pictures import PictureRecording
from replay.recording import Group
from replay.runs.runfolder import read_summary
from replay.scoring.breakdown import ENDS, Band, breakdown, with_interval
from replay.scoring.stream import ScoredStream
from replay.truth import Role, Truth, from_sizes
from tests.tiny import write_model, write_recording

# Three cars: near and whole, 20 m away and a little hidden, of unknown distance and half outside.
BOXES = from_sizes(np.array([(0, 0, 100, 100), (200, 0, 40, 40), (300, 0, 20, 20)], np.float64))
TRUTH = Truth(
    boxes=BOXES,
    labels=np.zeros(3, np.int64),
    tracks=np.arange(3),
    roles=np.full(3, int(Role.POSITIVE)),
    truncated=np.array([0, 0, 0.5], np.float32),
    occluded=np.array([0, 0.25, 0], np.float32),
    distance_m=np.array([9.999, 20, np.nan], np.float32),
)
RECORDING = PictureRecording(
    dataset="x",
    name="street",
    fps=10,
    labels=("car",),
    groups={"vehicle": Group(("car",), ("car",))},
    pictures={},
    truths={},
)
FOUND = Detections(
    np.concatenate([BOXES[:2], [(500, 0, 540, 40)]]).astype(np.float32),
    np.array([0.7, 0.9, 0.8], np.float32),
    np.zeros(3, np.int64),
)
"""The second car first, then a medium false alarm, then the first car; the third is missed."""


def one_frame(truth: Truth | None) -> ScoredStream:
    return ScoredStream(RECORDING, ("car",), (), [0], [truth], [FOUND])


def band(ap: float | None, n: int) -> Band:
    return {"AP": ap, "AP50": ap, **ENDS, "n_truth": n, "n_frames": min(n, 1)}


@pytest.mark.parametrize(
    ("dimension", "name", "ap", "n"),
    [
        # Hit, alarm, hit, of three: recall 1/3 at 1, 2/3 at 2/3.
        ("class", "vehicle", (34 * 1 + 33 * 2 / 3) / 101, 3),
        ("size", "small", 0.0, 1),
        ("size", "medium", 1.0, 1),
        # The alarm is of another size: it counts there, not here.
        ("size", "large", 1.0, 1),
        # It has no distance: it stands in every band, before this car but after that one.
        ("distance", "0 to 10 m", 0.5, 1),
        ("distance", "20 to 40 m", 1.0, 1),
        ("distance", "10 to 20 m", None, 0),
        ("distance", "from 80 m", None, 0),
        ("distance", "unknown", None, 1),
        ("occlusion", "not at all", 51 * 0.5 / 101, 2),
        ("occlusion", "up to a third", 1.0, 1),
        ("occlusion", "more", None, 0),
        ("truncation", "up to two thirds", 0.0, 1),
        ("condition", "unknown", None, 3),
    ],
)
def test_each_band_is_scored_by_itself(dimension: str, name: str, ap: float | None, n: int) -> None:
    made = breakdown(one_frame(TRUTH))[dimension][name]
    assert made == pytest.approx(band(ap, n), abs=1e-9)


def test_levels_of_a_data_set_stay_levels() -> None:
    truth = Truth(BOXES, TRUTH.labels, TRUTH.tracks, TRUTH.roles, occluded=np.array([0, 2, 2], np.float32))
    bands = breakdown(one_frame(truth))["occlusion"]
    assert {name: one["n_truth"] for name, one in bands.items()} == {"level 0": 1, "level 2": 2}


def test_without_a_truth_there_are_no_bands() -> None:
    made = breakdown(one_frame(None))
    assert made["distance"] == {}
    assert made["class"]["vehicle"] == band(None, 0)


def test_sizes_and_classes_are_those_of_the_summary(tmp_path: Path) -> None:
    where = ["--dataset", "mot", "--root", str(write_recording(tmp_path / "mot")), "--name", "WALK", "--no-report"]
    gilmok.main(["replay", "run", *where, "--model", str(write_model(tmp_path)), "--out", str(tmp_path / "run")])
    accuracy = read_summary(tmp_path / "run")["accuracy"]
    bands = accuracy["breakdown"]
    assert bands["class"]["person"]["AP"] == pytest.approx(accuracy["per_class"]["person"]["AP"], abs=1e-9)
    assert bands["size"]["medium"]["AP"] == pytest.approx(accuracy["coco"]["APm"], abs=1e-9)
    assert bands["size"]["large"] == band(None, 0)
    assert bands["distance"] == {"unknown": band(None, 12) | {"n_frames": 12}}


def test_a_band_says_how_sure_it_is_and_over_how_many_pictures() -> None:
    n = 48
    rng = np.random.default_rng(4)
    frames, truths = list(range(n)), [TRUTH] * n
    found = [FOUND.pick(rng.random(3) < 0.7) for _ in frames]
    bands, sure = with_interval(ScoredStream(RECORDING, ("car",), (), frames, truths, found))
    made = bands["size"]["medium"]
    # Of one class alone, which here is all there is.
    assert sure.of("vehicle", "APm") == (made["AP_low"], made["AP_high"])
    assert all(math.isnan(end) for end in sure.of("person", "APm"))
    low, ap, high = (made[key] for key in ("AP_low", "AP", "AP_high"))
    assert low is not None
    assert ap is not None
    assert high is not None
    assert 0 < low < ap < high <= 1
    assert (made["n_truth"], made["n_frames"]) == (n, n)
