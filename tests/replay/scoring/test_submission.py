import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.scoring.submission_files import FileRefused, RowRefused, read_outputs, read_truth

Tree = dict[str, Any]

TRUTH: Tree = {
    "frames": [
        {"image_id": 1, "sequence": "a", "frame": 0, "t_ns": 0, "width": 640, "height": 480},
        {"image_id": 2, "sequence": "a", "frame": 1, "t_ns": 40_000_000, "width": 640, "height": 480},
    ],
    "annotations": [
        {"id": 7, "image_id": 1, "category_id": 3, "bbox": [10, 10, 20, 20], "iscrowd": 0, "track_id": 5},
        {"id": 8, "image_id": 1, "category_id": 3, "bbox": [50, 10, 20, 20], "iscrowd": 0, "track_id": 6},
    ],
    "categories": [{"id": 3, "name": "car"}, {"id": 4, "name": "bus"}],
}
OUTPUTS: Tree = {
    "outputs": [
        {
            "sequence": "a",
            "input_frame": 1,
            "emit_ns": 70_000_000,
            "detections": [
                {"category_id": 3, "bbox": [10, 10, 20, 20], "score": 0.9, "track_id": 1},
                {"category_id": 3, "bbox": [50, 10, 20, 20], "score": 0.8, "track_id": 2},
            ],
        }
    ]
}

Change = Callable[[Tree], object]


def read(folder: Path, truth: Tree, outputs: Tree) -> None:
    (folder / "T.json").write_text(json.dumps(truth))
    (folder / "O.json").write_text(json.dumps(outputs))
    read_outputs(folder / "O.json", read_truth(folder / "T.json"))


def set_at(*path: str | int, value: object) -> Change:
    def change(tree: Tree) -> None:
        place: Any = tree
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


NAN, INF = float("nan"), float("inf")


def test_what_is_sound_is_read(tmp_path: Path) -> None:
    read(tmp_path, TRUTH, OUTPUTS)


@pytest.mark.parametrize(
    ("change", "row", "why"),
    [
        (set_at("frames", 1, "image_id", value=1), "frames[1]", "image_id 1"),
        (set_at("frames", 1, "frame", value=0), "frames[1]", "('a', 0)"),
        (set_at("frames", 1, "image_id", value="2"), "every image_id", "some are strings"),
        (set_at("frames", 1, "width", value=0), "frames[1] (image_id 2)", "can't be 0.0 × 480.0"),
        (set_at("frames", 1, "t_ns", value=2**63), "frames[1]", "out of range"),
        (set_at("frames", 1, "t_ns", value=0.5), "frames[1].t_ns", "Expected 'int'"),
        (lambda tree: tree["frames"][1].pop("sequence"), "frames[1]", "missing required field 'sequence'"),
        (set_at("categories", 1, "id", value=3), "categories[1]", "id 3"),
        (set_at("categories", 1, "name", value="car"), "categories[1]", "name 'car'"),
        (set_at("annotations", 1, "id", value=7), "annotations[1]", "id 7"),
        (set_at("annotations", 1, "track_id", value=5), "annotations[1]", "image_id and track_id (1, 5)"),
        (set_at("annotations", 1, "image_id", value=9), "annotations[1] (id 8)", "no frame with image_id 9"),
        (set_at("annotations", 1, "category_id", value=9), "annotations[1] (id 8)", "no category with id 9"),
        (set_at("annotations", 1, "bbox", value=[1, 1, -2, 3]), "annotations[1] (id 8)", "negative size"),
        (set_at("annotations", 1, "bbox", value=[1, 1, NAN, 3]), "annotations[1] (id 8)", "not finite"),
        (set_at("annotations", 1, "bbox", value=[1, 1, 3]), "annotations[1].bbox", "length 4"),
        (set_at("annotations", 1, "area", value=-1), "annotations[1] (id 8)", "area is -1.0"),
        (set_at("annotations", 1, "area", value=INF), "annotations[1] (id 8)", "area is inf"),
        (set_at("annotations", 1, "iscrowd", value=2), "annotations[1] (id 8)", "iscrowd is 2"),
        (set_at("annotations", 1, "occluded", value=NAN), "annotations[1] (id 8)", "occluded is nan"),
        (set_at("frames", 0, "labelled", value=False), "annotations[0] (id 7)", "not labelled"),
    ],
)
def test_a_wrong_row_of_the_truth_is_named(tmp_path: Path, change: Change, row: str, why: str) -> None:
    truth = copy.deepcopy(TRUTH)
    change(truth)
    with pytest.raises(RowRefused) as refused:
        read(tmp_path, truth, OUTPUTS)
    assert f"T.json: {row}" in refused.value.sentence
    assert why in refused.value.sentence


@pytest.mark.parametrize(
    ("change", "row", "why"),
    [
        (set_at("sequence", value="b"), "outputs[0]", "no sequence 'b'"),
        (set_at("input_frame", value=2), "outputs[0]", "sequence 'a' has no frame 2"),
        (set_at("emit_ns", value=39_999_999), "outputs[0]", "emitted 1 ns before its frame was there"),
        (set_at("emit_ns", value=2**63), "outputs[0]", "out of range"),
        (set_at("detections", 1, "score", value=NAN), "outputs[0].detections[1]", "score is nan"),
        (set_at("detections", 1, "score", value=INF), "outputs[0].detections[1]", "score is inf"),
        (set_at("detections", 1, "score", value="0.5"), "outputs[0].detections[1].score", "Expected 'float'"),
        (set_at("detections", 1, "bbox", value=[1, 1, 2, -3]), "outputs[0].detections[1]", "negative size"),
        (set_at("detections", 1, "bbox", value=[1, NAN, 2, 3]), "outputs[0].detections[1]", "not finite"),
        (set_at("detections", 1, "category_id", value=5), "outputs[0].detections[1]", "no category with id 5"),
        (set_at("detections", 1, "track_id", value=1), "outputs[0].detections[1]", "track_id 1 stands a second time"),
    ],
)
def test_a_wrong_row_of_the_outputs_is_named(tmp_path: Path, change: Change, row: str, why: str) -> None:
    outputs = copy.deepcopy(OUTPUTS)
    change(outputs["outputs"][0])
    with pytest.raises(RowRefused) as refused:
        read(tmp_path, TRUTH, outputs)
    assert f"O.json: {row}" in refused.value.sentence
    assert why in refused.value.sentence


def test_what_has_no_track_may_stand_there_often(tmp_path: Path) -> None:
    outputs = copy.deepcopy(OUTPUTS)
    for row in outputs["outputs"][0]["detections"]:
        row["track_id"] = -1
    read(tmp_path, TRUTH, outputs)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"frames": 3}', "\xff"])
def test_a_file_that_is_no_truth_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "T.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises((FileRefused, RowRefused), match=r"T\.json"):
        read_truth(path)


def test_a_file_that_isn_t_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="can't be read"):
        read_truth(tmp_path / "T.json")


@pytest.mark.parametrize("before", ["", '{"x": ', '{"frames": NaN, "x": '])
def test_json_nested_without_end_is_refused(tmp_path: Path, before: str) -> None:
    path = tmp_path / "T.json"
    path.write_text(before + "[" * 100_000)
    with pytest.raises(FileRefused):
        read_truth(path)
