"""A recorded run under other latencies: hand-worked on a walk whose box is only right in its own frame."""

import json
from pathlib import Path
from typing import Any

import pytest

import gilmok
from tests.tiny import write_model, write_recording


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run in lockstep and one in real time, 12 frames at 50 fps; every answer is right in every frame."""
    folder = tmp_path_factory.mktemp("whatif")
    root, model = write_recording(folder / "mot"), write_model(folder)
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    for pace in ("lockstep", "realtime"):
        gilmok.main(["replay", "run", *where, "--pace", pace, "--out", str(folder / pace)])
    return {pace: folder / pace for pace in ("lockstep", "realtime")}


def curve(capsys: pytest.CaptureFixture[str], run: Path, *more: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(run), "--json", *more]) == 0
    (stream,) = json.loads(capsys.readouterr().out)["streams"]
    points: list[dict[str, Any]] = stream["points"]
    return points


# Frames every 20 ms. With 30 ms a frame, one at a time: frame 0 until 30, then the newest (20) until 60, then the one
# of 60 itself until 90, then 80 until 120, ...: answers at 30, 60, 90, ... of frames 0, 1, 3, 4, 6, 7, 9, 10, 11.
@pytest.mark.parametrize(
    ("more", "misses", "in_time", "dropped"),
    [
        (["--constant-ms", "0", "--add-ms", "0"], 0, 12, 0),
        (["--constant-ms", "30", "--add-ms", "0"], 2, 0, 3),
        (["--constant-ms", "30", "--add-ms", "0", "--policy", "pipelined"], 2, 0, 0),
        (["--constant-ms", "30", "--scale", "2", "--add-ms", "0"], 3, 0, 7),
        (["--constant-ms", "0", "--add-ms", "20"], 1, 0, 0),
        (["--constant-ms", "0", "--add-ms", "1000"], 12, 0, 0),
    ],
)
def test_frames_are_answered_when_the_supposed_stack_would_have_answered(
    runs: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    misses: int,
    in_time: int,
    dropped: int,
) -> None:
    (point,) = curve(capsys, runs["lockstep"], *more)
    fresh = point["freshness"]
    assert (fresh["miss"], fresh["in_time"], fresh["dropped"]) == (misses, in_time, dropped)
    # Every answer is right wherever it stands: the misses alone cost recall.
    assert point["figures"]["AP"] == pytest.approx(((100 * (12 - misses)) // 12 + 1) / 101 if misses < 12 else 0.0)


def test_the_curve_falls_as_latency_is_added(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    figures = [point["figures"]["AP"] for point in curve(capsys, runs["lockstep"])]
    assert len(figures) == 7
    assert figures == sorted(figures, reverse=True)
    assert figures[-1] < figures[0]


def test_a_run_in_real_time_is_answered_as_recorded_where_nothing_is_changed(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = json.loads((runs["realtime"] / "summary.json").read_text())
    (point,) = curve(capsys, runs["realtime"], "--add-ms", "0")
    assert point["figures"]["AP"] == summary["accuracy"]["streaming"]["sAP_edge"]
    assert point["freshness"] == summary["accuracy"]["streaming"]["edge"]


def test_the_latencies_of_another_run_are_taken_in_their_order(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    own = curve(capsys, runs["lockstep"])
    assert curve(capsys, runs["lockstep"], "--latencies-of", str(runs["lockstep"])) == own


def test_tables_and_notes_are_printed(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(runs["lockstep"])]) == 0
    out = capsys.readouterr().out
    assert "offline" in out
    assert "recorded in lockstep" in out


def test_a_folder_without_a_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gilmok.main(["replay", "whatif", str(tmp_path)]) == 1
    assert "no run folder" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--add-ms", "-1"], ["--scale", "nan"], ["--constant-ms", "soon"]])
def test_a_senseless_latency_is_a_usage_error(tmp_path: Path, more: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        gilmok.main(["replay", "whatif", str(tmp_path), *more])
    assert ended.value.code == 2
