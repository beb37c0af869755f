"""A run that a signal ends, at any moment: soon, and with a folder that says so."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import gilmok
from replay.runs.reports import read_reports
from replay.runs.runfolder import read_identity, read_summary
from sensors.terminal.exit_status import INTERRUPTED
from tests.fleet.scenario.plans import node, plan, stream
from tests.waiting import wait_until

STUCK = """\
import signal, sys, threading
if "node" in sys.argv[0:] or "node" in sys.orig_argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait()
"""
"""Read by every Python that finds it on its path: makes a node that hangs before it has loaded, and heeds nothing."""


@contextmanager
def running(scenario: Path, *more: str, path: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    arguments = [sys.executable, "-P", "-m", "gilmok", "run", str(scenario), *more]
    environment = {**os.environ, "PYTHONPATH": str(path)} if path else dict(os.environ)
    with subprocess.Popen(arguments, env=environment, stdout=-1, stderr=-1, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_cut_short_says_so_everywhere(
    model: Path, root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    scenario = plan(tmp_path, node("a", model, stream(root, "LONG", pace="realtime")))
    with running(scenario, "--out", str(out), "--json") as child:
        # Written when every node has introduced itself; from then on frames are on their way.
        wait_until((out / "run.json").exists, "the run to begin", 60)
        child.send_signal(number)
        printed, errors = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED, errors
    told, summary = json.loads(printed), read_summary(out)
    assert told == summary
    assert (summary["interrupted"], summary["valid"]) == (True, False)
    assert "cut short" in " ".join(summary["invalid_because"])
    assert summary["frames"]["captured"] < 400
    assert len(read_reports(out)) == summary["frames"]["ok"] + summary["frames"]["failed"]
    assert len(read_identity(out).nodes) == 1
    assert not (out / "report.html").exists()
    assert gilmok.main(["replay", "report", str(out)]) == 0
    assert "cut short" in (out / "report.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_hangs_while_it_loads_does_not_hold_up_the_end(
    model: Path, root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path/sitecustomize.py").write_text(STUCK)
    scenario = plan(tmp_path, node("a", model, stream(root, "LONG", pace="realtime")))
    with running(scenario, "--out", str(tmp_path / "run"), path=tmp_path / "path") as child:
        wait_until((tmp_path / "run/parts/a.log").exists, "the node to be started", 60)
        child.send_signal(number)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED
    assert errors.splitlines()[-1] == "gilmok: interrupted before the first frame; nothing was kept"
    assert not (tmp_path / "run").exists()
