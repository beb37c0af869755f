"""`gilmok node run` as systemd sees it: a real process, a real broker, a real socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import tomli_w

from tests.tiny import write_model, write_recording

SECONDS, FPS = 60, 5


def test_a_node_says_when_it_is_ready_that_it_lives_and_that_it_ends(
    embedded_url: str, site: str, tmp_path: Path
) -> None:
    root = write_recording(tmp_path / "mot", frames=SECONDS * FPS, fps=FPS)
    options = {"dataset": "mot", "root": str(root), "recording": "WALK"}
    settings = {
        "name": "pole",
        "site": site,
        "model": {"file": str(write_model(tmp_path))},
        "streams": [{"name": "north", "source": {"kind": "recording", "options": options}}],
        "broker": {"url": embedded_url},
        "state": str(tmp_path / "state"),
        "spool": {"durability": "off"},
    }
    (tmp_path / "node.toml").write_text(tomli_w.dumps(settings))
    words = [sys.executable, "-P", "-m", "gilmok", "node", "run", str(tmp_path / "node.toml")]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(60)
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"}
        with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as child:
            heard: list[str] = []
            while not heard or not heard[-1].startswith("STOPPING=1"):
                heard.append(ear.recv(4096).decode())
                if len(heard) == 2:
                    child.terminate()
            # Nobody has committed what it reported.
            assert child.wait() == 1
    assert heard[0] == "READY=1\nSTATUS=it drives north"
    assert heard[1].startswith("WATCHDOG=1\nSTATUS=north: ")
