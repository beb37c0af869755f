import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replay.cli import score as score_cli
from replay.cli.score import scored
from replay.scoring.submission_classes import TruthMerged
from replay.scoring.submission_files import RowRefused
from tests.replay.oracles import Rows, pycocotools_figures, random_world

EXAMPLE = Path(__file__).parents[3] / "examples" / "score"
PERIOD_NS = 33_333_333
FEW = 12


def a_few_of(seeds: range) -> list[object]:
    """The first ones for everyday, the others for `make long`."""
    return [*seeds[:FEW], *(pytest.param(seed, marks=pytest.mark.long) for seed in seeds[FEW:])]


def as_files(
    folder: Path, truth: dict[str, Any], results: Rows, delays_ns: list[int] | None = None
) -> tuple[Path, Path]:
    """A COCO world as the door's two files: one sequence, a frame an image, answered after `delays_ns`."""
    n = len(truth["images"])
    frames = [
        {"image_id": k, "sequence": "s", "frame": k, "t_ns": k * PERIOD_NS, "width": 640, "height": 480}
        for k in range(n)
    ]
    categories = [{"id": row["id"], "name": f"class {row['id']}"} for row in truth["categories"]]
    outputs = [
        {
            "sequence": "s",
            "input_frame": k,
            "emit_ns": k * PERIOD_NS + (delays_ns[k] if delays_ns else 0),
            "detections": [
                {name: row[name] for name in ("category_id", "bbox", "score")}
                for row in results
                if row["image_id"] == k
            ],
        }
        for k in range(n)
    ]
    (folder / "T.json").write_text(
        json.dumps({"frames": frames, "annotations": truth["annotations"], "categories": categories})
    )
    (folder / "O.json").write_text(json.dumps({"outputs": outputs}))
    return folder / "T.json", folder / "O.json"


@pytest.mark.parametrize("seed", a_few_of(range(500, 540)))
def test_coco_through_the_door_is_pycocotools(tmp_path: Path, seed: int) -> None:
    truth, results = random_world(np.random.default_rng(seed), least_images=3)
    ours = scored(*as_files(tmp_path, truth, results), "coco")
    theirs = pycocotools_figures(truth, results)
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", a_few_of(range(600, 640)))
def test_streaming_through_the_door_is_pycocotools_on_the_answers_in_force(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, results = random_world(rng, least_images=8)
    n = len(truth["images"])
    delays_ns = rng.integers(0, 4 * PERIOD_NS, n).tolist()
    streamed: Rows = []
    misses = 0
    for k in range(n):
        out = [
            (j * PERIOD_NS + delay, j) for j, delay in enumerate(delays_ns) if j * PERIOD_NS + delay <= k * PERIOD_NS
        ]
        misses += not out
        if out:
            streamed += [{**row, "image_id": k} for row in results if row["image_id"] == max(out)[1]]
    ours = scored(*as_files(tmp_path, truth, results, delays_ns), "sap")
    theirs = pycocotools_figures(truth, streamed)
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    assert ours["offline"] == pytest.approx(pycocotools_figures(truth, results)["AP"], abs=1e-9, nan_ok=True)
    assert ours["miss"] == misses


def test_of_several_outputs_of_a_frame_coco_takes_the_last_emitted(tmp_path: Path) -> None:
    box = {"category_id": 1, "score": 0.5}
    truth = {
        "images": [{"id": 0}],
        "categories": [{"id": 1}],
        "annotations": [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [0, 0, 40, 40], "iscrowd": 0}],
    }
    paths = as_files(tmp_path, truth, [])
    right, wrong = {**box, "bbox": [0, 0, 40, 40]}, {**box, "bbox": [100, 100, 40, 40]}
    first, second = (
        {"sequence": "s", "input_frame": 0, "emit_ns": t, "detections": [d]} for t, d in ((9, right), (3, wrong))
    )
    paths[1].write_text(json.dumps({"outputs": [first, second]}))
    assert scored(*paths, "coco")["AP50"] == pytest.approx(1)


def test_no_findings_at_all_are_nought(tmp_path: Path) -> None:
    truth, _ = random_world(np.random.default_rng(3))
    figures = scored(*as_files(tmp_path, truth, []), "coco")
    assert figures["AP"] == 0
    assert figures["n_found"] == 0


def test_kitti_needs_its_own_fields(tmp_path: Path) -> None:
    paths = example_with(tmp_path, lambda truth: truth["annotations"][3].pop("occluded"))
    with pytest.raises(RowRefused, match=r"annotations\[3\]"):
        scored(*paths, "kitti")


def test_kitti_s_fields_have_two_names(tmp_path: Path) -> None:
    def rename(truth: dict[str, Any]) -> None:
        for row in truth["annotations"]:
            row["truncation"], row["occlusion"] = row.pop("truncated"), row.pop("occluded")

    assert scored(*example_with(tmp_path, rename), "kitti")["AP"] == pytest.approx(0.2875)


def test_tracking_needs_tracks(tmp_path: Path) -> None:
    paths = example_with(tmp_path, lambda truth: truth["annotations"][3].pop("track_id"))
    with pytest.raises(RowRefused, match=r"annotations\[3\].*track_id"):
        scored(*paths, "hota")


def example_with(folder: Path, change: Any) -> tuple[Path, Path]:
    truth = json.loads((EXAMPLE / "truth.json").read_text())
    change(truth)
    (folder / "T.json").write_text(json.dumps(truth))
    return folder / "T.json", EXAMPLE / "outputs.json"


@pytest.mark.parametrize("metric", ["coco", "sap", "kitti", "hota"])
def test_the_example_is_scored_as_json_and_as_a_table(metric: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    parser = argparse.ArgumentParser()
    score_cli.register(parser)
    files = ["--truth", str(EXAMPLE / "truth.json"), "--outputs", str(EXAMPLE / "outputs.json")]
    for form in ([], ["--json"]):
        chosen = parser.parse_args([*files, "--metric", metric, *form])
        assert chosen.call(chosen) == 0
        printed = capfdbinary.readouterr().out
    assert isinstance(json.loads(printed), dict)


def test_tracking_through_the_door_of_the_example() -> None:
    figures = scored(EXAMPLE / "truth.json", EXAMPLE / "outputs.json", "hota")
    assert (figures["IDSW"], figures["TP"], figures["FP"], figures["n_truth"]) == (1, 25, 2, 42)
    assert figures["MOTA"] == pytest.approx(np.mean([one["MOTA"] for one in figures["per_class"].values()]))


def test_an_unlabelled_frame_asks_nothing(tmp_path: Path) -> None:
    def forget(truth: dict[str, Any]) -> None:
        for frame in truth["frames"]:
            frame["labelled"] = frame["sequence"] == "south"
        truth["annotations"] = [row for row in truth["annotations"] if row["image_id"] >= 200]

    figures = scored(*example_with(tmp_path, forget), "sap")
    assert (figures["n_frames"], figures["n_truth"]) == (6, 18)
    assert not math.isnan(figures["AP"])


def street(folder: Path) -> tuple[Path, Path]:
    """A frame with a car, a van and a walker; a program of other words found all three, and a tree."""
    frame = {"image_id": 1, "sequence": "s", "frame": 0, "t_ns": 0, "width": 640, "height": 480}
    kinds = ["car", "van", "pedestrian"]
    boxes = [[20 * i, 0, 10, 10] for i in range(4)]
    truth = {
        "frames": [frame],
        "annotations": [{"image_id": 1, "category_id": i, "bbox": boxes[i], "id": i + 1} for i in range(3)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(kinds)],
    }
    words = ["person", "auto", "Car", "tree"]
    found = [{"category_id": i, "bbox": boxes[j], "score": 0.9} for i, j in ((0, 2), (1, 1), (2, 0), (3, 3))]
    outputs = {
        "outputs": [{"sequence": "s", "input_frame": 0, "detections": found}],
        "categories": [{"id": i, "name": name} for i, name in enumerate(words)],
    }
    (folder / "T.json").write_text(json.dumps(truth))
    (folder / "O.json").write_text(json.dumps(outputs))
    return folder / "T.json", folder / "O.json"


def test_a_programs_own_words_count_for_the_truths_and_what_counts_for_none_is_told(tmp_path: Path) -> None:
    plain = scored(*street(tmp_path), "coco")
    shares = {name: one["AP"] for name, one in plain["per_class"].items()}
    assert shares == {"car": pytest.approx(1), "van": 0, "pedestrian": pytest.approx(1)}
    assert "findings of auto (1), tree (1)" in plain["notes"][-1]
    said = scored(*street(tmp_path), "coco", {"vehicle:car,van": ["Car", "auto"]})
    assert {name: one["AP"] for name, one in said["per_class"].items()} == {"vehicle": pytest.approx(1)}
    assert "objects labelled pedestrian (1)" in said["notes"][-1]
    with pytest.raises(TruthMerged):
        scored(*street(tmp_path), "kitti", {"vehicle:car,van": ["Car"]})


def test_beside_ap_stands_its_interval_or_why_there_is_none(tmp_path: Path) -> None:
    sure = scored(EXAMPLE / "truth.json", EXAMPLE / "outputs.json", "coco")
    assert sure["AP_low"] < sure["AP"] < sure["AP_high"]
    assert sure["per_class"]["Car"]["AP_low"] < sure["per_class"]["Car"]["AP"]
    assert "notes" not in sure
    one_frame = scored(*street(tmp_path), "coco")
    assert math.isnan(one_frame["AP_low"])
    assert "1 blocks of like ones, an interval takes 6" in one_frame["notes"][0]
