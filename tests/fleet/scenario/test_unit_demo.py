"""The folder of `gilmok demo --units`; and, long, what the README does with it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.config import NodeConfig
from fleet.config import HubConfig
from fleet.rollout.plan import RolloutPlan
from fleet.scenario.demo import MODEL, SAMPLES
from fleet.scenario.unit_demo import FolderTaken, prepare, running
from models.bundle.node_patch import read_patch
from sensors import config
from sensors.clock import SystemClock
from tests.waiting import wait_until

pytest.importorskip("tuf", reason="tuf is not installed")


def test_it_holds_all_that_units_and_hub_need_and_is_taken_as_it_is_the_next_time(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    paths = prepare(folder, SAMPLES, MODEL, SystemClock())
    hub = config.read(folder / "hub.toml", HubConfig)
    assert hub.embedded is not None
    units = [config.read(path, NodeConfig) for path in paths]
    assert len(units) == 4
    assert {unit.broker.url for unit in units} == {f"mqtt://127.0.0.1:{hub.embedded.port}"}
    assert all(unit.unit.trusted is not None and any(unit.unit.trusted.iterdir()) for unit in units)
    assert [config.read(folder / name, RolloutPlan).name for name in ("int8.toml", "worse.toml")] == ["int8", "worse"]
    assert read_patch(folder / "swapped.toml").model.labels[0] == "car"
    before = (folder / "hub.toml").read_bytes()
    assert prepare(folder, SAMPLES, MODEL, SystemClock()) == paths
    assert (folder / "hub.toml").read_bytes() == before


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderTaken):
        prepare(tmp_path, SAMPLES, MODEL, SystemClock())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def gilmok(folder: Path, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-P", "-m", "gilmok", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.mark.long
@pytest.mark.skipif("GILMOK_HALF_HOUR" not in os.environ, reason="four units for eight minutes: set GILMOK_HALF_HOUR")
def test_what_the_readme_does_a_good_model_to_all_and_back_and_a_bad_one_stopped_at_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    paths = prepare(folder, SAMPLES, MODEL, SystemClock())

    def told(which: str) -> Any:
        return json.loads(gilmok(folder, "fleet", "rollout", "status", which, "--json"))

    def make(model: str, name: str, *more: str) -> None:
        gilmok(folder, "bundle", "make", "--model", model, "--backend", "onnxruntime", *more, "--out", name)
        gilmok(folder, "bundle", "repository", "add", "repository", name)

    with running(folder, paths):
        make("gilmok-mini-int8", "int8")
        gilmok(folder, "fleet", "rollout", "int8.toml")
        assert told("int8")["active"] == 4
        gilmok(folder, "fleet", "rollout", "abort", "--roll-back")
        wait_until(lambda: told("int8")["status"] == "rolled back", "all four to be back", 300.0)
        make("gilmok-mini", "worse", "--config", "swapped.toml")
        gilmok(folder, "fleet", "rollout", "worse.toml", status=3)
        worse = told("worse")
        assert "streaming AP fell" in worse["why"]
        assert sum(row["wave"] is not None for row in worse["unit_rows"]) == 1
