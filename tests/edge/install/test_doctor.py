"""What a doctor finds on machines that are made here file by file, and on real cameras, disks and brokers."""

import json
from pathlib import Path

import pytest
import tomli_w

import gilmok
from edge.install.doctor import machine, node
from edge.install.doctor.finding import Finding
from edge.wire.address import BrokerAt
from fleet.broker import EmbeddedBroker
from fleet.security.authority import Authority
from fleet.security.membership import Membership
from sensors.clock import EARLIEST_UTC_NS, SystemClock
from tests.tiny import write_model, write_recording

CLOCK = SystemClock()
NOW_NS = EARLIEST_UTC_NS + 1


def zone(thermal: Path, number: int, name: str, now_c: float, **trips: float) -> None:
    folder = thermal / f"thermal_zone{number}"
    folder.mkdir(parents=True)
    (folder / "type").write_text(f"{name}\n")
    (folder / "temp").write_text(f"{now_c * 1000:.0f}\n")
    for at, (kind, trip_c) in enumerate(trips.items()):
        (folder / f"trip_point_{at}_type").write_text(f"{kind}\n")
        (folder / f"trip_point_{at}_temp").write_text(f"{trip_c * 1000:.0f}\n")


@pytest.mark.parametrize(
    ("synchronised", "bound_ms", "utc_ns", "verdict", "told"),
    [
        (True, 3.25, NOW_NS, "ok", "kept by chronyd, within 3.2 ms"),
        (True, 1500.0, NOW_NS, "wrong", "within 1500.0 ms"),
        (False, 16_000.0, NOW_NS, "wrong", "nobody keeps it right"),
        (True, 1.0, 0, "wrong", "never set"),
    ],
)
def test_a_clock_is_as_good_as_the_kernels_bound_on_it(
    synchronised: bool, bound_ms: float, utc_ns: int, verdict: str, told: str
) -> None:
    found = machine.judged_clock(set_by="chronyd", synchronised=synchronised, bound_ms=bound_ms, utc_ns=utc_ns)
    assert (found.verdict, told in found.told) == (verdict, True)
    assert machine.clock(CLOCK).verdict in ("ok", "wrong")


def test_the_zone_nearest_to_its_limit_is_told_and_none_is_unknown(tmp_path: Path) -> None:
    assert machine.heat(tmp_path).verdict == "unknown"
    zone(tmp_path, 0, "cpu", 50.0, active=40.0, passive=85.0, critical=110.0)
    zone(tmp_path, 1, "npu", 60.0, hot=0.0, critical=105.0)
    assert machine.heat(tmp_path).told == "cpu has 50 °C, 35 below where the kernel acts (85 °C)"
    zone(tmp_path, 2, "soc", 92.0, critical=100.0)
    found = machine.heat(tmp_path)
    assert (found.verdict, found.told.startswith("soc has 92 °C, 8 below")) == ("wrong", True)
    (tmp_path / "thermal_zone3").mkdir()
    (tmp_path / "thermal_zone3/temp").write_text("broken")
    assert machine.heat(tmp_path) == found


@pytest.mark.parametrize(
    ("governor", "verdict"), [("performance", "ok"), ("schedutil", "ok"), ("powersave", "wrong"), ("", "unknown")]
)
def test_a_cpu_that_sleeps_is_told(governor: str, verdict: str, tmp_path: Path) -> None:
    if governor:
        (tmp_path / "cpu0/cpufreq").mkdir(parents=True)
        (tmp_path / "cpu0/cpufreq/scaling_governor").write_text(f"{governor}\n")
    assert machine.cores(tmp_path).verdict == verdict


def test_memory_and_disk_are_held_against_what_a_node_needs(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:        1000000 kB\nMemAvailable:     100000 kB\n")
    assert machine.memory(tmp_path / "meminfo").verdict == "wrong"
    assert machine.memory().verdict in ("ok", "wrong")
    found = machine.disk(tmp_path, 0, CLOCK)
    assert "median of 5" in found.told
    assert list(tmp_path.iterdir()) == [tmp_path / "meminfo"]
    assert machine.disk(tmp_path, 10**18, CLOCK).verdict == "wrong"
    (tmp_path / ".doctor").mkdir()
    assert "can't be written: Is a directory" in machine.disk(tmp_path, 0, CLOCK).told


def written(folder: Path, broker: BrokerAt, **more: object) -> Path:
    options = {"dataset": "mot", "root": str(folder / "mot"), "recording": "WALK"}
    files = {key: str(path) for key in ("ca_file", "certificate_file", "key_file") if (path := getattr(broker, key))}
    tables = {
        "name": "pole",
        "site": "seoul",
        "model": {"file": str(write_model(folder))},
        "streams": [{"name": "north", "source": {"kind": "recording", "options": options}}],
        "broker": {"url": broker.url, **files},
        **more,
    }
    (folder / "node.toml").write_text(tomli_w.dumps(tables))
    return folder / "node.toml"


def test_a_node_is_tried_as_far_as_its_broker_lets_it_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    write_recording(tmp_path / "mot", frames=2)
    fleet = tmp_path / "fleet"
    authority = Authority(fleet, CLOCK)
    for name, role in (("pole", "node"), ("hub", "hub"), ("broker", "broker")):
        authority.enrol(name, role, "seoul" if role == "node" else "", 7)  # type: ignore[arg-type]  # of a tuple
    own = fleet / "issued/pole"
    with EmbeddedBroker(0, tmp_path / "broker", CLOCK, fleet=Membership(fleet, "hub")) as broker:
        at = BrokerAt(
            url=broker.url, ca_file=own / "ca.crt", certificate_file=own / "pole.crt", key_file=own / "pole.key"
        )
        gilmok.main(["unit", "doctor", str(written(tmp_path, at)), "--json"])
        found = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
        assert found["stream north"]["verdict"] == "ok"
        assert "64x64, 50 a second" in found["stream north"]["told"]
        assert "runtime onnxruntime" in found["accelerator"]["told"]
        assert "by TLSv1.3, and its certificate holds" in found[f"broker {broker.url}"]["told"]
        assert "let in over MQTT 3.1.1" in found["login"]["told"]
        authority.revoke("pole")
        broker.heed_fleet()
        assert gilmok.main(["unit", "doctor", str(tmp_path / "node.toml"), "--json"]) == 1
        found = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
        assert found["login"]["verdict"] == "wrong"


def test_what_is_wrong_is_told_with_what_to_do_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    npu = {"name": "openvino", "device": "NPU"}
    path = written(tmp_path, BrokerAt(url="mqtt://127.0.0.1:1"), backend=npu)
    assert gilmok.main(["unit", "doctor", str(path)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "broker mqtt://127.0.0.1:1 wrong it can't be reached: [Errno 111]" in told
    assert "accelerator wrong" in told
    assert "stream north wrong" in told
    assert gilmok.main(["unit", "doctor", str(tmp_path / "nowhere.toml")]) == 1


def test_an_installed_node_is_read_with_its_own_copies_of_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = Path("/run/credentials/gilmok-node-pole.service")
    at = BrokerAt(url="mqtts://edge.example", ca_file=credentials / "broker.ca_file.crt")
    folder = tmp_path / "etc/node-pole"
    folder.mkdir(parents=True)
    path = written(folder, at)
    monkeypatch.setattr(node, "SETTINGS", tmp_path / "etc")
    assert node.read(path).broker.ca_file == folder / "secrets/broker.ca_file.crt"


def test_a_finding_says_what_nobody_can_tell() -> None:
    assert {"ok", "wrong", "unknown"} >= {one.verdict for one in (machine.heat(), machine.cores(), machine.memory())}
    assert Finding(what="heat", verdict="unknown", told="").hint == ""
