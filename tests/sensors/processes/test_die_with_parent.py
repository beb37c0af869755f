"""What a scenario starts ends with it, even when it is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from sensors.processes.die_with_parent import tied_to_parent
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")

MARK = "GILMOK_TEST_FAMILY"


def family(mark: str) -> list[str]:
    """The command lines of everything that runs with `mark` in its environment, descendants of any depth."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environment = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
            # A zombie's environment is empty: it has ended, and only waits for its parent to hear of it.
            if f"{MARK}={mark}".encode() in environment.split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_killing_a_run_leaves_no_process(tmp_path: Path) -> None:
    write_recording(tmp_path / "mot", "LONG", frames=4000, fps=20)
    options = {"dataset": "mot", "root": str(tmp_path / "mot"), "recording": "LONG"}
    streams = [{"name": "north", "source": {"kind": "recording", "options": options}}]
    model = {"file": str(write_model(tmp_path))}
    nodes = [{"name": name, "model": model, "streams": streams} for name in ("a", "b")]
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(tomli_w.dumps({"name": "walks", "nodes": nodes}))
    mark = str(tmp_path)
    arguments = [sys.executable, "-P", "-m", "gilmok", "run", str(scenario), "--out", str(tmp_path / "run")]
    with subprocess.Popen(arguments, env={**os.environ, MARK: mark}, stderr=subprocess.DEVNULL) as run:
        try:
            # The run, its broker, the hub; each node with its camera.
            wait_until(lambda: len([line for line in family(mark) if "spawn_main" in line]) == 2, "the cameras", 120)
            assert {"nats-server", "hub run", "node run"} <= {
                name for name in ("nats-server", "hub run", "node run") for line in family(mark) if name in line
            }
        finally:
            run.kill()
    wait_until(lambda: not family(mark), "every process to end", 30)


def test_a_program_whose_parent_has_gone_does_not_begin(tmp_path: Path) -> None:
    written = tmp_path / "written"
    module, parent, *program = tied_to_parent(["/usr/bin/touch", str(written)])[3:]
    assert (module, parent) == ("sensors.processes.die_with_parent", str(os.getpid()))
    elsewhere = [sys.executable, "-P", "-m", module, "1", *program]
    assert subprocess.run(elsewhere, check=False).returncode == 1
    assert not written.exists()
    assert subprocess.run(tied_to_parent(program), check=False).returncode == 0
    assert written.exists()
