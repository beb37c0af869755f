"""`gilmok campaign` as one types it: killed, resumed, hung, changed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gilmok
from replay.campaign.engines.local import LocalEngine
from replay.campaign.store import CampaignRunning, Store
from sensors.clock import SystemClock
from tests.replay.campaign.made import campaign_file, stuck_chip
from tests.tiny import write_recording
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def own_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chips of this test's own: others use the CPU, too."""
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    status = gilmok.main(["campaign", *map(str, words), "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_a_killed_driver_loses_its_running_cell_alone_and_nothing_is_run_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = [{"kind": "lockstep", "repeats": 2}]
    # The second chip never answers: what runs there is in flight when the driver is killed.
    chips = [{"backend": "onnxruntime", "device": "cpu"}, stuck_chip(tmp_path)]
    path, out = campaign_file(tmp_path, work=work, chips=chips), tmp_path / "out"
    command = [sys.executable, "-P", "-m", "gilmok", "campaign", "run", str(path), "--out", str(out), "--cores", "2"]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(list(out.glob("cells/*/record.json"))) == 2, "two results")
        _, there = said(capsys, "status", out)
        assert there["states"] == {"done": 2, "in flight": 1, "waiting": 1}
        with pytest.raises(CampaignRunning), Store(out, SystemClock()).driving():
            pass
        plan = (out / "campaign.json").read_bytes()
        assert gilmok.main(["campaign", "resume", str(out), str(campaign_file(tmp_path, work=work))]) == 1
        assert "another process" in capsys.readouterr().err
        # Who may not drive changes nothing.
        assert (out / "campaign.json").read_bytes() == plan
    finally:
        driver.kill()
        driver.wait()
    before = {path: path.read_bytes() for path in out.glob("cells/*/record.json")}
    _, there = said(capsys, "status", out)
    assert there["states"] == {"done": 2, "interrupted": 1, "waiting": 1}
    # Without that chip, what counts still counts, and the rest goes.
    status, there = said(capsys, "resume", out, campaign_file(tmp_path, work=work))
    assert (status, there["states"]) == (0, {"done": 2})
    assert {path: path.read_bytes() for path in before} == before
    status, gone = said(capsys, "gc", out)
    assert len(gone) == 1
    assert {path.parent.name for path in before} == {path.name for path in (out / "cells").iterdir()}


def test_a_chip_that_hangs_is_ended_fenced_and_missing_and_can_be_given_another_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = [{"kind": "lockstep", "repeats": 2, "limit_s": 2.0, "retries": 0}]
    path = campaign_file(tmp_path, work=work, chips=[stuck_chip(tmp_path)], fence_after=1)
    status, there = said(capsys, "run", path, "--out", tmp_path / "out")
    assert (status, there["states"]) == (3, {"failed": 1, "waiting": 1})
    assert {one["blame"] for one in there["cells"]} == {"engine", ""}
    assert "does its chip hang" in next(one["why"] for one in there["cells"] if one["why"])
    assert len(there["missing"]) == 2
    assert gilmok.main(["campaign", "resume", str(tmp_path / "out"), "--unfence", "other:0"]) == 1
    assert "emulated:stuck" in capsys.readouterr().err
    # Fenced, it is given no cell; its cells wait.
    status, there = said(capsys, "resume", tmp_path / "out")
    assert (status, there["states"]) == (3, {"failed": 1, "waiting": 1})
    assert gilmok.main(["campaign", "run", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "resume" in capsys.readouterr().err
    # A plan that the disk damaged is made anew out of the file.
    (tmp_path / "out" / "campaign.json").write_text("x")
    assert gilmok.main(["campaign", "resume", str(tmp_path / "out")]) == 1
    assert "CAMPAIGN.toml" in capsys.readouterr().err
    status, there = said(capsys, "resume", tmp_path / "out", path)
    assert (status, there["states"]) == (3, {"failed": 1, "waiting": 1})


def test_a_worker_that_is_killed_is_another_one_for_the_next_cell(tmp_path: Path) -> None:
    from replay.campaign.config import read_campaign
    from replay.campaign.inputs import Inputs

    (cell,) = Inputs().cells(read_campaign(campaign_file(tmp_path)))
    engine = LocalEngine(tmp_path / "logs")
    try:
        engine.start(cell, str(tmp_path / "one"))
        engine.kill(cell.key)
        (ended,) = engine.ended(60)
        assert (ended.key, ended.outcome, ended.why) == (
            cell.key,
            None,
            f"its process was killed by signal {signal.SIGKILL:d}",
        )
        engine.start(cell, str(tmp_path / "one"))
        (ended,) = engine.ended(60)
        assert ended.outcome is not None
        assert ended.outcome.figures is not None
        assert ended.outcome.figures.frames.ok == 12
        assert ended.outcome.chip is not None
        assert ended.outcome.chip.kind == "cpu"
    finally:
        engine.close()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    path = campaign_file(tmp_path)
    assert gilmok.main(["campaign", "run", str(path), "--out", str(tmp_path / "taken")]) == 1
    assert "taken" in capsys.readouterr().err
    assert gilmok.main(["campaign", "status", os.devnull]) == 1
    assert "holds no campaign" in capsys.readouterr().err


def test_one_ctrl_c_lets_what_runs_come_to_its_end_and_begins_nothing_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = [{"kind": "realtime", "repeats": 3}]
    # Two seconds in real time: long enough to be met at it.
    write_recording(tmp_path / "slow", frames=20, fps=10)
    recordings = [{"name": "walk", "dataset": "mot", "root": "slow", "recording": "WALK"}]
    path, out = campaign_file(tmp_path, work=work, recordings=recordings), tmp_path / "out"
    command = [sys.executable, "-P", "-m", "gilmok", "campaign", "run", str(path), "--out", str(out)]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: list(out.glob("cells/*/run/run.json")), "the first cell's run")
        driver.send_signal(signal.SIGINT)
        _, errors = driver.communicate(timeout=60)
    finally:
        driver.kill()
        driver.wait()
    assert driver.returncode == 130
    assert b"resume" in errors
    _, there = said(capsys, "status", out)
    assert there["states"] == {"done": 1, "waiting": 2}
