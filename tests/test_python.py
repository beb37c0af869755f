"""What a notebook finds in `import gilmok`."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gilmok
from replay.recording import Recording, RecordingUnsound
from tests.made_runs import Played, write_drives, write_run
from tests.tiny import write_recording

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
        alias.asname: line.module for line in block.body if isinstance(line, ast.ImportFrom) for alias in line.names
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
