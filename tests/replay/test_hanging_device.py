"""A device that hangs, while it loads or in the middle of a drive, never keeps a program from ending."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomli_w

from replay.runs.reports import read_reports
from replay.runs.runfolder import read_summary
from sensors.terminal.exit_status import INTERRUPTED
from tests.hanging import install
from tests.tiny import write_model, write_recording

FRAMES = 12


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, str]:
    """Model, recording and the environment with the hanging backend in it."""
    write_model(tmp_path)
    write_recording(tmp_path / "mot", frames=FRAMES)
    return os.environ | {"PYTHONPATH": str(install(tmp_path / "plugin")), "GILMOK_HOME": str(tmp_path / "home")}


@contextmanager
def begun(parts: dict[str, str], folder: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """The program, as far as where the backend hangs; killed where a test fails."""
    command = [sys.executable, "-P", "-m", "gilmok", *arguments]
    with subprocess.Popen(
        command, env=parts, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            assert child.stderr is not None
            said = ""
            while not (line := child.stderr.readline()).startswith("hangs in "):
                said += line
                assert line, said
            yield child
        finally:
            child.kill()


def replay(at: str) -> list[str]:
    where = ["--dataset", "mot", "--root", "mot", "--name", "WALK", "--model", "tiny.onnx", "--out", "run"]
    return ["replay", "run", *where, "--backend", "hanging", "--set", f"at={at}"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["devices", "load"])
def test_a_run_whose_model_hangs_while_it_loads_ends_and_leaves_nothing(
    parts: dict[str, str], tmp_path: Path, at: str, number: signal.Signals
) -> None:
    with begun(parts, tmp_path, *replay(at)) as child:
        child.send_signal(number)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED
    assert errors.startswith("gilmok: ")
    assert "Traceback" not in errors
    assert not (tmp_path / "run").exists()


def test_a_run_whose_device_hangs_ends_with_what_it_has(parts: dict[str, str], tmp_path: Path) -> None:
    with begun(parts, tmp_path, *replay("run")) as child:
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED, errors
    summary = read_summary(tmp_path / "run")
    assert summary["interrupted"]
    assert (summary["frames"]["ok"], summary["frames"]["failed"]) == (0, 1)
    (report,) = read_reports(tmp_path / "run")
    assert "was ended before it answered" in report.reason


def test_a_node_whose_model_hangs_while_it_loads_ends(parts: dict[str, str], tmp_path: Path) -> None:
    options = {"dataset": "mot", "root": "mot", "recording": "WALK"}
    node = {
        "name": "pole",
        "model": {"file": "tiny.onnx"},
        "backend": {"name": "hanging", "options": {"at": "load"}},
        "streams": [{"name": "north", "source": {"kind": "recording", "options": options}}],
    }
    (tmp_path / "node.toml").write_text(tomli_w.dumps(node))
    with begun(parts, tmp_path, "node", "run", "node.toml") as child:
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (INTERRUPTED, "gilmok: interrupted\n")
