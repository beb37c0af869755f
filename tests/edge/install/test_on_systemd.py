"""A hub and a node as services of a real systemd, booted for the test (tests/booted.py)."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

import gilmok
from fleet.broker import nats_server
from tests import hanging
from tests.booted import Machine, booted
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

pytestmark = pytest.mark.long

HOUSE = Path(gilmok.__file__).parent
PYTHON = "/opt/gilmok/bin/python"
NODE, HUB = "gilmok-node-pole", "gilmok-hub-hub"
TOKEN = "a-token-of-sixteen"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """With gilmok in an environment of its own, and what a node needs under /srv."""
    packages = [str(HOUSE), *(path for path in sys.path if path.endswith("site-packages"))]
    if unseen := [path for path in packages if path.startswith(("/tmp/", "/run/"))]:
        pytest.skip(f"{unseen[0]} can't be seen there: a machine that boots has a /tmp and a /run of its own")
    with booted(tmp_path) as one:
        version = one.run("/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])").split()
        if tuple(map(int, version)) != sys.version_info[:2]:
            pytest.skip(f"the system's Python is {'.'.join(version)}, the packages here are of another")
        one.run("/usr/bin/python3", "-m", "venv", "--without-pip", "/opt/gilmok")
        site = one.root() / f"opt/gilmok/lib/python{'.'.join(version)}/site-packages"
        for number, path in enumerate(packages):
            # Not where they lie, which may be in somebody's home.
            one.run("mkdir", "-p", f"/opt/packages/{number}")
            one.run("mount", "--bind", path, f"/opt/packages/{number}")
        (site / "packages.pth").write_text("".join(f"/opt/packages/{number}\n" for number in range(len(packages))))
        hanging.install(site)
        shutil.copy(nats_server(), one.root() / "opt/gilmok/bin/nats-server")
        srv = one.root() / "srv/gilmok"
        srv.mkdir(mode=0o755)
        write_model(srv)
        write_recording(srv / "mot", frames=600, fps=5)
        for file in srv.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        (srv / "token").write_text(TOKEN)
        (srv / "token").chmod(0o600)
        yield one


def gilmok_there(machine: Machine, *words: str, check: bool = True) -> str:
    return " ".join(machine.run(PYTHON, "-P", "-m", "gilmok", *words, check=check).split())


def written(machine: Machine, name: str, tables: dict[str, object]) -> str:
    (machine.root() / "srv/gilmok" / name).write_text(tomli_w.dumps(tables))
    return f"/srv/gilmok/{name}"


def node(machine: Machine, **more: object) -> str:
    options = {"dataset": "mot", "root": "mot", "recording": "WALK"}
    streams = [{"name": "north", "source": {"kind": "recording", "options": options}}]
    return written(machine, "node.toml", {"name": "pole", "model": {"file": "tiny.onnx"}, "streams": streams, **more})


def test_a_hub_and_a_node_are_installed_watched_upgraded_and_removed(machine: Machine) -> None:
    hub = written(machine, "hub.toml", {"embedded": {"port": 1883}, "web": {"token_file": "token", "port": 8080}})
    assert f"{HUB} runs" in gilmok_there(machine, "hub", "install", hub)
    assert f"{NODE} runs" in gilmok_there(machine, "unit", "install", node(machine))

    wait_until(lambda: "north: " in machine.shows(NODE, "StatusText"), "the node's heartbeat")
    wait_until(lambda: "1 of 1 nodes online" in machine.shows(HUB, "StatusText"), "the hub to hear it")
    told = {one["service"]: one for one in json.loads(gilmok_there(machine, "unit", "status", "--json"))}
    assert {one["state"] for one in told.values()} == {"active (running)"}
    assert told[NODE]["at_boot"]
    assert told[NODE]["restarts"] == 0

    process = (machine.root() / "proc" / str(told[NODE]["pid"]) / "status").read_text()
    assert "NoNewPrivs:\t1" in process
    assert "CapBnd:\t0000000000000000" in process
    assert machine.shows(NODE, "User") == "gilmok"
    seen = f"nsenter -t {told[NODE]['pid']} -m touch /etc/gilmok/x /srv/x /opt/x; ls /root /home"
    assert machine.run("sh", "-c", seen, check=False).count("Read-only file system") == 3
    lines = machine.run("journalctl", f"_SYSTEMD_UNIT={HUB}.service", "-o", "json").splitlines()
    said = [json.loads(line) for line in lines]
    assert {(one["GILMOK_HUB"], one["SYSLOG_IDENTIFIER"]) for one in said} == {("hub", HUB)}
    hears = next(one for one in said if "hub hub hears mqtt://127.0.0.1:1883" in one["MESSAGE"])
    assert (hears["PRIORITY"], hears["MESSAGE"].partition(":")[0]) == ("6", "fleet.hub")
    page = machine.run("curl", "-s", "-H", f"Authorization: Bearer {TOKEN}", "http://127.0.0.1:8080/api/nodes")
    assert json.loads(page)[0]["node"] == "pole"

    machine.run("kill", "-9", str(told[NODE]["pid"]))
    wait_until(lambda: machine.shows(NODE, "NRestarts") == "1", "the killed node to be started again")
    wait_until(lambda: "north: " in machine.shows(NODE, "StatusText"), "its heartbeat")
    assert f"{NODE} runs" in gilmok_there(machine, "unit", "upgrade", NODE)

    left = gilmok_there(machine, "unit", "remove", NODE)
    assert "/etc/gilmok/node-pole, /var/lib/gilmok/node-pole, /var/cache/gilmok/node-pole stay" in left
    assert machine.shows(NODE, "LoadState") == "not-found"
    assert "stay" not in gilmok_there(machine, "unit", "remove", "--purge", NODE)
    assert not (machine.root() / "var/lib/gilmok/node-pole").exists()
    gilmok_there(machine, "unit", "remove", "--purge", HUB)
    assert [path.name for path in (machine.root() / "etc/gilmok").iterdir()] == []


def test_a_node_whose_accelerator_hangs_is_started_again_by_its_unit(machine: Machine) -> None:
    install_hub(machine)
    stuck = {"name": "hanging", "options": {"at": "run"}, "deadline_ms": 1000.0}
    # Its inference hangs in C code that no exception reaches; the session is built anew, and hangs again.
    gilmok_there(machine, "unit", "install", "--device", "/dev/null", node(machine, backend=stuck))

    def said() -> str:
        return machine.run("journalctl", "-u", NODE, "-o", "cat")

    wait_until(lambda: "the node hung and was ended: stuck: north" in said(), "the unit to end its node", 120)
    wait_until(lambda: "starting it again" in said(), "it to be started again")
    assert machine.shows(NODE, "NRestarts") == "0"
    assert "Fatal Python error: Aborted" not in said()


@pytest.mark.parametrize("service", [NODE, HUB])
def test_a_service_that_hangs_itself_is_ended_and_started_again_by_systemd(machine: Machine, service: str) -> None:
    install_hub(machine)
    gilmok_there(machine, "unit", "install", node(machine))
    (machine.root() / f"etc/systemd/system/{service}.service.d").mkdir()
    (machine.root() / f"etc/systemd/system/{service}.service.d/watch.conf").write_text("[Service]\nWatchdogSec=3\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", service)
    machine.run("kill", "-STOP", machine.shows(service, "MainPID"))
    wait_until(lambda: machine.shows(service, "NRestarts") == "1", "systemd to start it again")
    assert "Watchdog timeout" in machine.run("journalctl", "-u", service, "-o", "cat")
    wait_until(lambda: machine.shows(service, "ActiveState") == "active", "it to work again")


def test_a_service_that_does_not_start_says_why_in_its_own_words(machine: Machine) -> None:
    hub = written(
        machine, "hub.toml", {"broker": {"url": "mqtt://127.0.0.1:1"}, "patience_s": 1.0, "web": {"enabled": False}}
    )
    said = gilmok_there(machine, "hub", "install", hub, check=False)
    assert "gilmok-hub-hub does not start" in said
    assert "127.0.0.1:1" in said
    assert "Restart" not in machine.shows(HUB, "Result")


def install_hub(machine: Machine) -> None:
    hub = written(machine, "hub.toml", {"embedded": {"port": 1883}, "web": {"enabled": False}})
    gilmok_there(machine, "hub", "install", hub)


def test_a_unit_drives_and_keeps_its_reports_though_nobody_hears_it(machine: Machine) -> None:
    gilmok_there(machine, "unit", "install", node(machine, broker={"url": "mqtt://127.0.0.1:1883"}))
    wait_until(lambda: "north: " in machine.shows(NODE, "StatusText"), "frames without a broker")

    def waiting() -> int:
        told = machine.shows(NODE, "StatusText").rpartition("; ")[2].partition(" reports")[0]
        return int(told) if told.isdecimal() else 0

    wait_until(lambda: waiting() > 5, "its reports to wait")
    install_hub(machine)
    wait_until(lambda: " reports booked" in machine.shows(HUB, "StatusText"), "the hub")
    wait_until(lambda: waiting() == 0, "what waited to be booked", 120)
