"""The dashboard while a real drive goes on: its figures are those of `gilmok hub report`, and its hub may die."""

import contextlib
import json
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.config import HubConfig
from fleet.ledger.backup import back_up
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_summary import run_summary
from fleet.scenario.launch import RunProgress, ScenarioRun
from fleet.scenario.scenario import read_scenario
from sensors import config
from sensors.clock import SystemClock
from sensors.terminal.pretty_json import compact
from tests.fleet.scenario.plans import node, plan, stream
from tests.fleet.web.conftest import get, serving
from tests.processes import pid_of
from tests.tiny import write_recording


def reported(hub: HubConfig) -> Any:
    """As `gilmok hub report --json` tells it."""
    with LedgerReader(hub.where) as ledger:
        return json.loads(compact(run_summary(ledger, "run", list(ledger.births("run")), hub.truth)))


def asked_again(at: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """As a page asks: whom a dashboard had let in when it died is cut off, and comes again."""
    while True:
        with contextlib.suppress(ConnectionResetError):
            return get(at, path)


def ok(at: str) -> int:
    told = json.loads(get(at, "/api/runs/run")[2])
    return int(told["streams"][0]["frames"]["ok"])


@pytest.mark.long
def test_its_figures_are_those_of_the_report_at_that_instant_and_who_comes_while_the_hub_is_dead_waits(
    model: Path, root: Path, tmp_path: Path
) -> None:
    write_recording(tmp_path / "mot", "LONGER", frames=900, fps=20)
    scenario = read_scenario(plan(tmp_path, node("pole", model, stream(root, "LONGER", pace="realtime"))))
    run = ScenarioRun(scenario, tmp_path / "run", SystemClock())
    toml = tmp_path / "run/parts/hub.toml"
    waited: list[Future[tuple[int, dict[str, str], bytes]]] = []
    same: list[int] = []
    at: list[str] = []
    killed: list[int] = []

    def watch(progress: RunProgress) -> None:
        decided = progress.decided.get(("pole", "north"), 0)
        if decided > 20 and not same:
            hub = config.read(toml, HubConfig)
            before = reported(hub)["streams"][0]["frames"]["ok"]
            copy = msgspec.structs.replace(hub, store=tmp_path / "instant.db")
            back_up(hub.where, tmp_path / "instant.db")
            then = reported(copy)
            with serving(copy) as beside:
                assert json.loads(get(beside, "/api/runs/run")[2]) == then
            assert before <= then["streams"][0]["frames"]["ok"] <= ok(progress.dashboard)
            same.append(then["streams"][0]["frames"]["ok"])
        if killed and not waited:
            waited.append(pool.submit(asked_again, at[0], "/api/nodes"))
        if same and not killed:
            at.append(progress.dashboard)
            killed.append(pid_of(toml))
            os.kill(killed[0], signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        summary = run.run(watch)
    assert same[0] > 0
    status, _, body = waited[0].result()
    assert (status, [row["node"] for row in json.loads(body)]) == (200, ["pole"])
    assert [restart.part for restart in summary.restarts] == ["the hub"]
    assert (summary.frames.down, summary.books.balanced) == (0, True)
