"""A recorded run under other latencies: hand-worked on a walk whose box is only right in its own frame."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gilmok
from replay.metrics.node_model import Shape
from tests.made_runs import Played, work, write_drives, write_run
from tests.tiny import write_model, write_recording


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run in lockstep and one in real time, 12 frames at 50 fps; every answer is right in every frame."""
    folder = tmp_path_factory.mktemp("whatif")
    root, model = write_recording(folder / "mot"), write_model(folder)
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    for pace in ("lockstep", "realtime"):
        gilmok.main(["replay", "run", *where, "--no-report", "--pace", pace, "--out", str(folder / pace)])
    return {pace: folder / pace for pace in ("lockstep", "realtime")}


def supposed(capsys: pytest.CaptureFixture[str], run: Path, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(run), "--json", *more]) == 0
    (stream,) = json.loads(capsys.readouterr().out)["streams"]
    found: dict[str, Any] = stream
    return found


def curve(capsys: pytest.CaptureFixture[str], run: Path, *more: str) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = supposed(capsys, run, *more)["points"]
    return points


# Frames every 20 ms. With 30 ms a frame, one at a time: frame 0 until 30, then the newest (20) until 60, then the one
# of 60 itself until 90, then 80 until 120, ...: answers at 30, 60, 90, ... of frames 0, 1, 3, 4, 6, 7, 9, 10, 11.
@pytest.mark.parametrize(
    ("more", "misses", "within_20_ms", "dropped"),
    [
        (["--constant-ms", "0", "--add-ms", "0"], 0, 12, 0),
        (["--constant-ms", "30", "--add-ms", "0"], 2, 0, 3),
        (["--constant-ms", "30", "--add-ms", "0", "--policy", "pipelined"], 2, 0, 0),
        (["--constant-ms", "30", "--scale", "2", "--add-ms", "0"], 3, 0, 7),
        (["--constant-ms", "0", "--add-ms", "20"], 1, 12, 0),
        (["--constant-ms", "0", "--add-ms", "1000"], 12, 0, 0),
    ],
)
def test_frames_are_answered_when_the_supposed_stack_would_have_answered(
    runs: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    misses: int,
    within_20_ms: int,
    dropped: int,
) -> None:
    (point,) = curve(capsys, runs["lockstep"], *more)
    fresh = point["freshness"]
    assert (fresh["miss"], fresh["dropped"]) == (misses, dropped)
    assert fresh["answered_within"]["20"] == within_20_ms / 12
    # Every answer is right wherever it stands: the misses alone cost recall.
    assert point["figures"]["AP"] == pytest.approx(((100 * (12 - misses)) // 12 + 1) / 101 if misses < 12 else 0.0)


def test_the_curve_falls_as_latency_is_added(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    figures = [point["figures"]["AP"] for point in curve(capsys, runs["lockstep"])]
    assert len(figures) == 7
    assert figures == sorted(figures, reverse=True)
    assert figures[-1] < figures[0]


def test_the_record_stands_beside_the_model_as_the_record(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = json.loads((runs["realtime"] / "summary.json").read_text())
    found = supposed(capsys, runs["realtime"], "--add-ms", "0", "--scale", "3")
    (record,) = found["record"]
    assert record["figures"]["AP"] == summary["accuracy"]["streaming"]["sAP_edge"]
    assert record["freshness"] == summary["accuracy"]["streaming"]["edge"]
    assert [point["scale"] for point in found["points"]] == [3]
    assert found["captured"]["AP"] == summary["accuracy"]["coco"]["AP"]
    assert found["distance"]["figures"].keys() == {"AP", "AP50", "AP75"}
    lockstep = supposed(capsys, runs["lockstep"], "--add-ms", "0")
    assert (lockstep["record"], lockstep["distance"]) == ([], None)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node of depth 2 with one server that takes some 110 ms: at 10 fps the second frame waits at the door."""
    folder = tmp_path_factory.mktemp("busy")
    root = write_drives(folder / "kitti", n=1, frames=120)
    costs = work((110 * np.random.default_rng(6).lognormal(0, 0.2, 120)).tolist())
    return write_run(
        folder / "run", Played(root=root, cars=120, walkers=60, pace="realtime", node=(costs, Shape(2, 1)))
    )


def test_the_model_goes_through_times_one_without_a_step(busy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = supposed(capsys, busy, "--add-ms", "0", "--scale", "0.98", "0.99", "1", "1.01", "1.02")
    assert (found["depth"], found["servers"]) == (2, 1)
    by_scale = [point["figures"]["AP"] for point in found["points"]]
    medians = [point["latency_ns"]["p50"] / 1e6 for point in found["points"]]
    for figures, most in ((by_scale, 0.01), (medians, 10)):
        assert max(abs(b - a) for a, b in itertools.pairwise(figures)) <= most
    distance = found["distance"]
    assert abs(distance["figures"]["AP"]) <= 0.02
    assert abs(distance["latency_ns"]["p50"]) <= 8e6
    assert abs(distance["dropped_share"]) <= 0.02


def test_waiting_in_the_device_s_queue_is_no_time_on_the_device(busy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At a third of the time nobody waits any more: the median falls to a third of the server's own 110 ms, not of the
    200 and more that a frame took with its waiting."""
    (point,) = curve(capsys, busy, "--add-ms", "0", "--scale", "0.3333")
    assert point["latency_ns"]["p50"] / 1e6 == pytest.approx(110 / 3, abs=2)
    assert point["freshness"]["dropped"] == 0


def test_an_older_record_that_does_not_tell_its_depth_is_read(busy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity = json.loads((busy / "run.json").read_text())
    assert identity["nodes"][0]["backend"].pop("depth") is None
    (busy / "run.json").write_text(json.dumps(identity))
    assert supposed(capsys, busy, "--add-ms", "0")["depth"] == 2


def test_the_latencies_of_another_run_are_taken_in_their_order(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    own = curve(capsys, runs["lockstep"])
    assert curve(capsys, runs["lockstep"], "--latencies-of", str(runs["lockstep"])) == own


def test_tables_and_notes_are_printed(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(runs["lockstep"])]) == 0
    out = capsys.readouterr().out
    assert "captured" in out
    assert "AP50 (95 %)  pictures  boxes" in out
    assert "recorded in lockstep" in out
    gilmok.main(["replay", "whatif", str(runs["realtime"])])
    assert "the model at ×1 less the record" in capsys.readouterr().out


def test_a_folder_without_a_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gilmok.main(["replay", "whatif", str(tmp_path)]) == 1
    assert "no run folder" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--add-ms", "-1"], ["--scale", "nan"], ["--constant-ms", "soon"]])
def test_a_senseless_latency_is_a_usage_error(tmp_path: Path, more: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        gilmok.main(["replay", "whatif", str(tmp_path), *more])
    assert ended.value.code == 2
