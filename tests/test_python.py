"""What a notebook finds in `import gilmok`."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import polars as pl
import pytest

import gilmok
from replay.recording import Recording, RecordingUnsound
from sensors.sources.pictures import write_picture
from tests.made_runs import Played, write_drives, write_run
from tests.tiny import write_recording
from tests.tiny_heads import write_dynamic

HOUSE = Path(gilmok.__file__).parent


@pytest.fixture
def walk(tmp_path: Path) -> Recording:
    """12 frames with a person in each."""
    return gilmok.open_dataset("mot", str(write_recording(tmp_path / "mot"))).open("WALK")


def seen(recording: Recording, number: int) -> gilmok.Detections:
    """Everything that is there, as a detector that knows cars and people would say it."""
    truth = recording.truth(number)
    assert truth is not None
    n = len(truth)
    return gilmok.Detections(truth.boxes.astype(np.float32), np.ones(n, np.float32), np.ones(n, np.int64))


def test_every_name_is_there_and_typed() -> None:
    for name in gilmok.PUBLIC:
        assert getattr(gilmok, name) is not None
        assert name in dir(gilmok)
    block = next(
        node
        for node in ast.parse((HOUSE / "gilmok.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    typed = {
        alias.asname: line.module
        for line in block.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
        if alias.asname  # without, it is for our own signatures
    }
    assert typed == gilmok.PUBLIC
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        gilmok.scores  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_is_imported_before_it_is_used() -> None:
    code = (
        "import gilmok, sys; rooms = {'sensors', 'models', 'edge', 'replay', 'fleet', 'numpy'};"
        "assert not rooms & set(sys.modules); gilmok.Truth; assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)


def test_findings_of_anybody_are_scored_by_the_frames_own_numbers(walk: Recording) -> None:
    half = {number: seen(walk, number) for number in walk.numbers[:6]}
    accuracy = gilmok.score(walk, half, ["car", "person"])
    assert (accuracy.overall["n_frames"], accuracy.overall["n_truth"], accuracy.overall["n_found"]) == (12, 12, 6)
    # Found in 6 of 12 frames, at precision 1: recalls 0, .01, ..., .50.
    assert accuracy.overall["AP"] == pytest.approx(51 / 101)
    assert set(accuracy.per_class) == {"person"}
    asked = gilmok.score(walk, half, ["car", "person"], frames=walk.numbers[:6])
    assert asked.overall["AP"] == pytest.approx(1.0)


def test_an_answer_to_no_frame_is_refused(walk: Recording) -> None:
    with pytest.raises(gilmok.GilmokError, match="has no frame 99"):
        gilmok.score(walk, {99: None}, ["person"])


def test_what_is_not_sound_is_scored_only_where_that_is_asked_for(tmp_path: Path) -> None:
    root = write_recording(tmp_path / "mot")
    (root / "train/WALK/img1/000012.jpg").unlink()
    (root / "train/WALK/img1/000011.jpg").unlink()
    walk = gilmok.open_dataset("mot", root).open("WALK")
    with pytest.raises(RecordingUnsound):
        gilmok.score(walk, {}, ["person"])
    assert gilmok.score(walk, {}, ["person"], unsound=True).overall["n_found"] == 0


def test_runs_are_read_and_compared(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", n=1)
    for name, cars in (("a", 10), ("b", 4)):
        write_run(tmp_path / name, Played(root=root, cars=cars))
    stream = gilmok.read_run(str(tmp_path / "a")).streams[0]
    assert stream.scored is not None
    assert len(stream.reports) == len(stream.scored.answers) == 10
    comparison = gilmok.compare(str(tmp_path / "a"), [tmp_path / "b"], resamples=200)
    assert comparison.sequences == 1
    assert comparison.figures[0].difference < 0


def test_a_run_configured_in_python_has_the_ranges_of_a_file(tmp_path: Path) -> None:
    model = gilmok.ModelChoice.of("gilmok-mini")
    config = gilmok.ReplayConfig(dataset="mot", root=tmp_path, name="WALK", model=model, frames=-3)
    with pytest.raises(gilmok.GilmokError, match="frames = -3: expected"):
        gilmok.OfflineRun(config, tmp_path / "run")


def test_a_picture_is_asked_about_as_path_or_array_and_its_colours_are_not_mixed_up(tmp_path: Path) -> None:
    world = gilmok.open_dataset("world", gilmok.SAMPLES).open("crossing-day-rsu-1")
    path, picture = tmp_path / "crossing.png", world.picture(world.numbers[0])
    write_picture(path, picture)
    with gilmok.load_model("gilmok-mini") as model:
        found = model.detect(path)
        assert model.labels[found.labels[0]] in ("car", "bus", "truck", "person")
        for again in (model.detect(picture), model.detect(picture[:, :, ::-1], colour="RGB")):
            np.testing.assert_array_equal(again.scores, found.scores)
        assert not np.array_equal(model.detect(picture, colour="RGB").scores, found.scores)
        for unfit in (picture.astype(float), picture[:, :, 0], 7):
            with pytest.raises(gilmok.GilmokError, match="a picture is a path"):
                model.detect(unfit)
    with pytest.raises(gilmok.GilmokError, match="is closed"):
        model.detect(path)


def test_a_network_of_any_size_is_fed_each_picture_s_own_rectangle(tmp_path: Path) -> None:
    """As Ultralytics' own program does with what it exported with dynamic=True; one stream may hold several sizes."""
    said = {"author": "Ultralytics", "names": "['a', 'b', 'c']", "imgsz": "[64, 64]", "stride": "32"}
    path = write_dynamic(tmp_path / "best.onnx", {**said, "args": "{'dynamic': True}"})
    session = ort.InferenceSession(path)
    noise = np.random.default_rng(1)
    with gilmok.load_model(path) as model:
        for width, height, sides in [
            (128, 48, (64, 32)),
            (96, 128, (64, 64)),
            (30, 128, (32, 64)),
            (128, 48, (64, 32)),
        ]:
            picture = noise.integers(0, 256, (height, width, 3), np.uint8)
            found = model.detect(picture, colour="BGR")
            ratio = 64 / max(width, height)
            covered = (round(width * ratio), round(height * ratio))
            fed = np.full((sides[1], sides[0], 3), 114, np.uint8)
            left, top = (sides[0] - covered[0]) // 2, (sides[1] - covered[1]) // 2
            fed[top : top + covered[1], left : left + covered[0]] = cv2.resize(picture, covered)
            (told,) = session.run(
                None, {"images": (fed[None, ..., ::-1].transpose(0, 3, 1, 2) / 255).astype(np.float32)}
            )
            best = told[0, :, told[0, 4:].max(axis=0).argmax()]
            edges = [(best[0] - best[2] / 2 - left) / ratio, (best[1] - best[3] / 2 - top) / ratio]
            assert found.scores[0] == pytest.approx(best[4:].max(), abs=1e-5)
            assert found.boxes[0, :2] == pytest.approx(np.clip(edges, 0, [width, height]), abs=0.1)


def test_a_run_shows_itself_and_gives_its_tables(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", 1, 4)
    run = gilmok.read_run(write_run(tmp_path / "a<b", Played(root=root, cars=3, dropped=1)))
    assert "a&lt;b" in run._repr_html_()
    assert "<td>0000</td>" in run.frames()._repr_html_()
    frames = run.frames().to_pandas()
    assert frames["findings"].tolist()[:3] == [2, 2, 2]
    assert (str(frames["capture_ns"].dtype), bool(frames["capture_ns"].isna()[3])) == ("Int64", True)
    assert pl.DataFrame(run.findings()).height == len(run.findings()) == 6


def square(frame: int) -> list[list[float]]:
    return [[10.0 * frame, 0, 10.0 * frame + 8, 8]]


def test_arrays_are_evaluated_with_intervals_over_what_is_independent() -> None:
    truth = {frame: (square(frame), ["car"]) for frame in range(20)}
    found = {frame: (square(frame), [0.9], ["car" if frame % 2 else "dog"]) for frame in range(20)}
    told = gilmok.evaluate(truth, found, labels=["car"])
    assert told.overall["AP"].value == pytest.approx(51 / 101)
    assert 0 < told.overall["AP"].low < told.overall["AP"].value < told.overall["AP"].high < 1
    assert (told.n_frames, told.n_truth, told.classes.found_left_out) == (20, 20, {"dog": 10})
    films = gilmok.evaluate(truth, found, sequences={frame: str(frame // 5) for frame in range(20)})
    assert np.isnan(films.overall["AP"].low)
    assert "no interval: 4 sequences" in str(films)


def test_cocos_files_are_evaluated_as_they_are() -> None:
    truth = {
        "images": [{"id": n, "file_name": f"{n}.jpg"} for n in (1, 2)],
        "categories": [{"id": 7, "name": "car"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 7, "bbox": [0, 0, 9, 9]} for n in (1, 2)],
    }
    row = {"image_id": 1, "category_id": 7, "bbox": [0, 0, 9, 9], "score": 0.5}
    assert gilmok.evaluate(truth, [row]).overall["AP50"].value == pytest.approx(51 / 101)
    with pytest.raises(gilmok.GilmokError, match="the truth has no category 8"):
        gilmok.evaluate(truth, [row | {"category_id": 8}])


@pytest.mark.parametrize(
    ("truth", "found", "what"),
    [
        ({1: (square(1), [0])}, {}, "truth_labels"),
        ({1: ([[9, 9, 0, 0]], ["car"])}, {}, "sizes in their place"),
        ({1: (square(1), ["car"])}, {2: None}, "frames that the truth doesn't have: 2"),
        ({1: (square(1), ["car"])}, {1: (square(1), [np.nan], ["car"])}, "must be numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(truth: Any, found: Any, what: str) -> None:
    with pytest.raises(gilmok.GilmokError, match=what):
        gilmok.evaluate(truth, found)


@pytest.mark.parametrize("truth", [None, [], 7])
def test_what_is_no_truth_at_all_is_a_type_error_in_words(truth: Any) -> None:
    with pytest.raises(TypeError, match="a truth is a recording, a mapping by frame number, or a COCO instances file"):
        gilmok.evaluate(truth, {})
