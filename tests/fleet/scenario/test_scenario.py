"""Whole scenarios: a real broker, the hub and the nodes as processes of their own."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

import gilmok
from fleet.scenario.launch import RunProgress, ScenarioRun
from fleet.scenario.scenario import read_scenario
from replay.recording import RecordingUnsound
from replay.runs.reports import read_reports
from replay.runs.runfolder import read_identity, read_summary
from sensors.clock import SystemClock
from tests.fleet.scenario.plans import node, plan, stream
from tests.processes import pid_of


@pytest.mark.slow
def test_hub_and_offline_run_tell_the_same_figures(model: Path, root: Path, tmp_path: Path) -> None:
    walk = stream(root, "WALK", pace="lockstep")
    scenario = plan(tmp_path, node("a", model, walk), node("b", model, walk, kind="vehicle"))
    assert gilmok.main(["run", str(scenario), "--no-report", "--out", str(tmp_path / "run")]) == 0
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    gilmok.main(["replay", "run", *where, "--no-report", "--out", str(tmp_path / "offline")])
    offline, (first, second) = read_summary(tmp_path / "offline"), read_summary(tmp_path / "run")["streams"]
    assert first["digest"] == second["digest"] == offline["digest"]
    assert first["accuracy"] == second["accuracy"] == offline["accuracy"]
    assert first["frames"] == offline["frames"] == {"captured": 12, "ok": 12, "failed": 0, "dropped": 0, "down": 0}
    assert first["latency_ns"]["hub"]["n"] == 12
    assert first["latency_ns"]["hub"]["p50"] > first["latency_ns"]["total"]["p50"]
    assert read_summary(tmp_path / "run")["frames"]["captured"] == 24
    assert [birth.kind for birth in read_identity(tmp_path / "run").nodes].count("vehicle") == 1
    assert len(read_reports(tmp_path / "run")) == 24


@pytest.mark.slow
def test_the_hub_reports_the_run_again_from_its_store(
    model: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = plan(tmp_path, node("a", model, stream(root, "WALK", pace="lockstep")))
    gilmok.main(["run", str(scenario), "--no-report", "--out", str(tmp_path / "run")])
    capsys.readouterr()
    hub = str(tmp_path / "run/parts/hub.toml")
    assert gilmok.main(["hub", "report", "run", "--hub", hub, "--json"]) == 0
    assert '"AP":1' in capsys.readouterr().out.replace(" ", "").replace("0.9999", "1")
    for verb in ("nodes", "runs"):
        assert gilmok.main(["hub", verb, "--hub", hub]) == 0
    assert "offline" in capsys.readouterr().out


@pytest.mark.slow
def test_in_a_strict_run_a_killed_node_is_named_and_the_rest_goes_on(model: Path, root: Path, tmp_path: Path) -> None:
    long = stream(root, "LONG", pace="realtime", frames=60)
    scenario = read_scenario(plan(tmp_path, node("doomed", model, long), node("well", model, long)))
    killed: list[int] = []

    def watch(progress: RunProgress) -> None:
        if not killed and progress.decided.get(("doomed", "north"), 0) > 10:
            killed.append(pid_of(tmp_path / "run/parts/doomed.toml"))
            os.kill(killed[0], signal.SIGKILL)

    summary = ScenarioRun(scenario, tmp_path / "run", SystemClock(), strict=True).run(watch)
    assert killed
    doomed, well = summary.streams
    assert (well.frames.captured, well.books.balanced) == (60, True)
    assert well.frames.ok + well.frames.dropped == 60
    assert 10 < doomed.frames.ok < 60
    assert not doomed.books.balanced
    assert "last word" in doomed.books.complaints[0]
    assert any("doomed was killed by signal 9" in trouble for trouble in summary.troubles)
    assert any("doomed" in trouble and "lost" in trouble for trouble in summary.troubles)
    assert not summary.valid


@pytest.mark.slow
def test_stopping_ends_with_what_there_is(model: Path, root: Path, tmp_path: Path) -> None:
    scenario = read_scenario(plan(tmp_path, node("a", model, stream(root, "LONG", pace="realtime"))))
    run = ScenarioRun(scenario, tmp_path / "run", SystemClock())

    def watch(progress: RunProgress) -> None:
        if progress.decided.get(("a", "north"), 0) > 5:
            run.stop()

    summary = run.run(watch)
    assert 5 < summary.frames.captured < 400
    assert summary.interrupted
    assert not summary.valid
    assert summary.books.balanced
    assert summary.troubles == ()
    assert summary.accuracy.coco["n_frames"] == summary.frames.captured


def test_seconds_end_a_scenario(model: Path, root: Path, tmp_path: Path) -> None:
    scenario = plan(tmp_path, node("a", model, stream(root, "LONG", pace="realtime")), seconds=1.0)
    assert gilmok.main(["run", str(scenario), "--no-report", "--out", str(tmp_path / "run")]) == 0
    assert read_summary(tmp_path / "run")["frames"]["captured"] < 400


def occupied_port() -> tuple[socket.socket, int]:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken, taken.getsockname()[1]


def test_an_occupied_port_is_told(model: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken, port = occupied_port()
    with taken:
        scenario = plan(tmp_path, node("a", model, stream(root, "WALK")), broker_port=port)
        assert gilmok.main(["run", str(scenario), "--no-report", "--out", str(tmp_path / "run")]) == 1
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda one: one.update(fps=3), "unknown key 'fps' - at '$.nodes[0]"),
        (lambda one: one.update(name="a.b"), "'a.b' can't be the name of a node"),
        (lambda one: one.update(name="hub"), "a node of it is named 'hub'"),
        (lambda one: one["streams"][0].update(labels=["tram"]), "'tram'"),
        (lambda one: one["streams"][0]["source"]["options"].update(recording="RUN"), "'RUN'"),
        (lambda one: one["streams"][0]["source"].update(kind="crystal-ball"), "crystal-ball"),
        (lambda one: one["model"].update(file="gone.onnx"), "gone.onnx"),
    ],
)
def test_a_wrong_scenario_is_told_and_leaves_nothing(
    model: Path, root: Path, tmp_path: Path, spoil: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = node("a", model, stream(root, "WALK"))
    spoil(one)
    assert gilmok.main(["run", str(plan(tmp_path, one)), "--out", str(tmp_path / "run")]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_scenario_over_what_is_not_sound_is_refused_unless_it_is_asked_for(
    model: Path, root: Path, tmp_path: Path
) -> None:
    next((root / "train" / "WALK" / "img1").iterdir()).unlink()
    path = plan(tmp_path, node("a", model, stream(root, "WALK")))
    with pytest.raises(RecordingUnsound, match="promises 12 pictures, the folder img1 holds 11"):
        read_scenario(path)
    assert read_scenario(path, unsound=True).unsound
