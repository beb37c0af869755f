"""Services written into the root of an image: what is written, what it grants, and what is refused."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import tomli_w

import gilmok
from edge.config import NodeConfig
from fleet.config import HubConfig
from fleet.security.authority import Authority
from sensors import config
from sensors.clock import SystemClock
from sensors.service.installing import files, installed, record_of
from sensors.service.readable import hidden
from sensors.service.service import Installed, Limits, Service
from sensors.service.unit_file import quoted, unit_file
from tests.tiny import write_model

MOST_EXPOSED = "20"
"""Tenths, of systemd's own scale from 0 to 10."""
PROGRAM = "/opt/gilmok/bin/python"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    (folder / "opt/gilmok/bin").mkdir(parents=True)
    (folder / PROGRAM[1:]).touch(0o755)
    (folder / "etc").mkdir()
    (folder / "etc/group").write_text("root:x:0:\nrender:x:105:\n")
    return folder


def node(folder: Path, **more: object) -> Path:
    camera = {
        "name": "north",
        "pace": "live",
        "source": {"kind": "camera", "options": {"url": "rtsp://192.0.2.7/north"}},
    }
    tables = {"name": "pole", "site": "seoul", "model": {"name": "gilmok-mini"}, "streams": [camera], **more}
    path = folder / "node.toml"
    path.write_text(tomli_w.dumps(tables))
    return path


def install(root: Path, *words: str) -> int:
    return gilmok.main([*words, "--root", str(root), "--program", PROGRAM])


def test_a_node_is_written_with_its_secrets_closed_and_its_paths_moved(root: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for name in ("pole.key", "pole.crt", "ca.crt", "login"):
            (tmp_path / name).write_text(f"of {name}")
        files_of = {"ca_file": "ca.crt", "certificate_file": "pole.crt", "key_file": "pole.key"}
        path = node(tmp_path, broker={"url": "mqtts://edge.example", **files_of})
        text = path.read_text().replace('url = "rtsp', 'login = "login"\nurl = "rtsp')
        path.write_text(text)
        assert install(root, "unit", "install", str(path)) == 0
    finally:
        os.umask(before)
    settings = root / "etc/gilmok/node-pole"
    secrets = {one.name: one.read_text() for one in (settings / "secrets").iterdir()}
    assert secrets == {
        "broker.ca_file.crt": "of ca.crt",
        "broker.certificate_file.crt": "of pole.crt",
        "broker.key_file.key": "of pole.key",
        "streams-0.source.options.login": "of login",
    }
    modes = {str(one.relative_to(root)): stat.S_IMODE(one.lstat().st_mode) for one in (root / "etc").rglob("*")}
    assert {mode for name, mode in modes.items() if "/secrets" in name} == {0o700, 0o600}
    assert {mode for name, mode in modes.items() if name.startswith(("etc/gilmok", "etc/systemd"))} == {
        0o755, 0o644, 0o700, 0o600, 0o777,
    }  # fmt: skip
    there = config.read(settings / "node.toml", NodeConfig)
    credentials = Path("/run/credentials/gilmok-node-pole.service")
    assert there.broker.key_file == credentials / "broker.key_file.key"
    assert there.state == Path("/var/lib/gilmok/node-pole")
    assert there.streams[0].source.options["login"] == str(credentials / "streams-0.source.options.login")
    unit = (root / "etc/systemd/system/gilmok-node-pole.service").read_text()
    for name in secrets:
        assert f"LoadCredential={name}:/etc/gilmok/node-pole/secrets/{name}\n" in unit
    assert "of pole.key" not in unit
    link = root / "etc/systemd/system/multi-user.target.wants/gilmok-node-pole.service"
    assert link.readlink() == Path("/etc/systemd/system/gilmok-node-pole.service")
    assert (root / "etc/sysusers.d/gilmok.conf").read_text().startswith("u gilmok - ")


def test_a_hub_has_a_copy_of_its_fleet_without_the_keys_of_others(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    fleet = tmp_path / "fleet"
    authority = Authority(fleet, SystemClock())
    authority.enrol("pole", "node", "seoul", 7)
    authority.enrol("hub", "hub", "", 7)
    authority.enrol("broker", "broker", "", 7)
    path = tmp_path / "hub.toml"
    path.write_text(tomli_w.dumps({"embedded": {"host": "0.0.0.0", "port": 8883, "fleet": "fleet"}}))
    assert install(root, "hub", "install", str(path)) == 0
    state = root / "var/lib/gilmok/hub-hub"
    there = {str(one.relative_to(state)) for one in state.rglob("*") if one.is_file()}
    keys = {"fleet/issued/hub/hub.key", "fleet/issued/broker/broker.key"}
    certificates = {"fleet/ca.crt", "fleet/issued/hub/hub.crt", "fleet/issued/broker/broker.crt"}
    assert there == {"fleet/register.json", "fleet/crl.pem", *keys, *certificates}
    settings = config.read(root / "etc/gilmok/hub-hub/hub.toml", HubConfig)
    assert settings.embedded is not None
    assert (settings.embedded.fleet, settings.store) == (
        Path("/var/lib/gilmok/hub-hub/fleet"), Path("/var/lib/gilmok/hub-hub/gilmok-hub.db"),
    )  # fmt: skip
    # Where units join, it signs.
    path.write_text(tomli_w.dumps({"name": "door", "web": {"join": "fleet"}}))
    authority.enrol("door", "hub", "", 7)
    assert install(root, "hub", "install", str(path)) == 0
    assert (root / "var/lib/gilmok/hub-door/fleet/ca.key").stat().st_mode & 0o777 == 0o600
    path.write_text(tomli_w.dumps({"embedded": {"fleet": "fleet"}, "web": {"join": "other"}}))
    assert install(root, "hub", "install", str(path)) == 1
    path.write_text(tomli_w.dumps({"embedded": {"host": "0.0.0.0", "port": 8883, "fleet": "fleet"}}))
    # Whom its own copy knows by now is not forgotten by another installation.
    (state / "fleet/register.json").write_text("newer")
    assert install(root, "hub", "install", str(path)) == 0
    assert (state / "fleet/register.json").read_text() == "newer"


def test_a_service_is_listed_upgraded_and_removed_with_what_it_keeps_told(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(root, "unit", "install", str(node(tmp_path)))
    (root / "var/lib/gilmok/node-pole").mkdir(parents=True)
    capsys.readouterr()
    assert gilmok.main(["unit", "status", "--root", str(root), "--json"]) == 0
    assert '"state": "unknown: systemd doesn\'t run here"' in capsys.readouterr().out
    unit = root / "etc/systemd/system/gilmok-node-pole.service"
    written = unit.read_text()
    unit.write_text("of an older gilmok")
    assert gilmok.main(["unit", "upgrade", "--root", str(root), "--program", PROGRAM]) == 0
    assert unit.read_text() == written
    assert gilmok.main(["unit", "remove", "gilmok-node-kerb", "--root", str(root)]) == 1
    assert "there is no service 'gilmok-node-kerb'" in capsys.readouterr().err
    assert gilmok.main(["unit", "remove", "gilmok-node-pole", "--root", str(root)]) == 0
    assert "/var/lib/gilmok/node-pole stay" in " ".join(capsys.readouterr().out.split())
    assert (installed(root), unit.exists()) == ({}, False)
    assert gilmok.main(["unit", "remove", "--purge", "gilmok-node-pole", "--root", str(root)]) == 0
    assert list(root.rglob("*node-pole*")) == []


@pytest.mark.parametrize("name", ["..", "node-pole/..", "gilmok-node-../../etc", ""])
def test_nothing_but_a_service_can_be_purged(root: Path, name: str) -> None:
    assert gilmok.main(["unit", "remove", "--purge", name, "--root", str(root)]) == 1
    assert (root / "etc/group").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("devices", [(), ("char-drm",)], ids=["cpu", "accelerator"])
@pytest.mark.parametrize("kind", ["node", "hub"])
def test_what_a_service_may_do_is_little_by_systemds_own_count(
    kind: str, devices: tuple[str, ...], tmp_path: Path
) -> None:
    one = Installed(
        kind=kind,  # type: ignore[arg-type]  # of a parameter
        name="pole",
        software="0",
        program=("/bin/true", "a b", "50%$x"),
        limits=Limits(memory="2G", cpus=1.5),
        fields={"GILMOK_NODE": "pole"},
        secrets=("broker.key_file.key",),
        devices=devices,
        groups=("render",) if devices else (),
    )
    path = tmp_path / f"gilmok-{kind}-pole.service"
    path.write_text(unit_file(one))
    verified = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if "gilmok" in line] == []
    words = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(path)]
    judged = subprocess.run(words, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout


def test_a_word_of_a_unit_file_stays_one_word() -> None:
    assert [quoted(word) for word in ("plain", "a b", "50%", 'say "x"', "a\\b", "")] == [
        "plain", '"a b"', "50%%", '"say \\"x\\""', '"a\\\\b"', '""',
    ]  # fmt: skip


def test_what_a_service_could_not_read_is_refused_before_anything_is_written(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path)
    path = node(tmp_path, model={"file": str(model)})
    assert install(root, "unit", "install", str(path)) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert (
        f"the service could not read {model}, which stands in its model.file: services don't see what is in /tmp"
        in told
    )
    assert install(root, "unit", "install", str(node(tmp_path, spool={"path": "/data/x.spool"}))) == 1
    assert "spool.path is /data/x.spool" in capsys.readouterr().err
    npu = {"name": "hailo", "device": "0"}
    assert install(root, "unit", "install", str(node(tmp_path, backend=npu))) == 1
    assert "--device /dev/" in capsys.readouterr().err
    assert not (root / "etc/gilmok").exists()
    assert "closed to other accounts" in hidden(Path("/etc/shadow"))
    assert hidden(Path("/usr/bin/env")) == ""
    assert "No such file" in hidden(Path("/usr/nowhere/x"))


def test_a_dry_run_writes_nothing_and_shows_no_secret(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("hidden-word")
    path = node(tmp_path, broker={"url": "mqtt://pole@edge.example", "password_file": "password"})
    assert install(root, "unit", "install", str(path), "--dry-run") == 0
    told = capsys.readouterr().out
    assert "# /etc/gilmok/node-pole/secrets/broker.password_file (600)\n(secret)" in told
    assert "ExecStart=/opt/gilmok/bin/python -P -m gilmok unit run /etc/gilmok/node-pole/node.toml" in told
    assert "hidden-word" not in told
    assert not (root / "etc/gilmok").exists()


def test_an_accelerator_s_device_files_and_their_groups_are_all_that_it_gets(root: Path, tmp_path: Path) -> None:
    path = node(tmp_path, backend={"name": "openvino", "device": "NPU"})
    assert install(root, "unit", "install", str(path), "--device", "/dev/extra0") == 0
    unit = (root / "etc/systemd/system/gilmok-node-pole.service").read_text()
    assert "DevicePolicy=closed\nDeviceAllow=/dev/extra0 rw\n" in unit
    assert "PrivateDevices" not in unit
    assert install(root, "unit", "install", str(path)) == 0
    unit = (root / "etc/systemd/system/gilmok-node-pole.service").read_text()
    assert "DeviceAllow=char-drm rw\n" in unit
    assert "SupplementaryGroups=render\n" in unit


def test_the_files_are_those_that_a_record_makes(tmp_path: Path) -> None:
    service = Service(kind="node", name="pole", settings={"name": "pole"}, came_from=tmp_path / "node.toml")
    record = record_of(service, Limits(), (PROGRAM, "-P", "-m", "gilmok"), tmp_path)
    written = {str(one.path): one.content for one in files(service, record)}
    assert written["/etc/systemd/system/gilmok-node-pole.service"] == unit_file(record).encode()
