import os
import signal
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

import gilmok
from edge.wire.address import BrokerAt, BrokerContradicts, CertificateWrong, TlsRefused
from edge.wire.link import Delivery, Link
from edge.wire.topics import NodeTopics
from fleet.broker import nats_server
from fleet.security import permissions, register
from fleet.security.authority import Authority, NotEnrollable
from fleet.security.register import AlreadyEnrolled, HolderUnknown
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, SystemClock
from tests.brokers import mosquitto
from tests.fakes import EPOCH_NS, ManualClock
from tests.processes import pid_of
from tests.waiting import wait_until

pytest.importorskip("cryptography")

CLOCK = SystemClock()
LONG_AGO = ManualClock()
LONG_AGO.mono_ns = 1_600_000_000 * NS_PER_S - EPOCH_NS
POLE, KERB = NodeTopics("seoul", "pole"), NodeTopics("seoul", "kerb")


def enrolled(folder: Path) -> Path:
    """A fleet of two nodes, one whose certificate has expired, one that was revoked, a hub and a broker."""
    authority = Authority(folder, CLOCK)
    for node in ("pole", "kerb", "gone"):
        authority.enrol(node, "node", "seoul", 30)
    authority.enrol("hub", "hub", "", 30)
    authority.enrol("broker", "broker", "", 30)
    authority.revoke("gone")
    Authority(folder, LONG_AGO).enrol("old", "node", "seoul", 30)
    return folder


def at(url: str, fleet: Path, name: str) -> BrokerAt:
    files = fleet / "issued" / name
    return BrokerAt(
        url=url.replace("mqtt://", "mqtts://"),
        ca_file=files / "ca.crt",
        certificate_file=files / f"{name}.crt",
        key_file=files / f"{name}.key",
    )


def test_mosquitto_lets_each_do_its_own_and_nothing_else(tmp_path: Path) -> None:
    fleet = enrolled(tmp_path / "fleet")
    (tmp_path / "acl").write_text(permissions.mosquitto(register.read(fleet), str(fleet)))
    access = f"""\
cafile {fleet}/ca.crt
crlfile {fleet}/crl.pem
certfile {fleet}/issued/broker/broker.crt
keyfile {fleet}/issued/broker/broker.key
require_certificate true
use_identity_as_username true
acl_file {tmp_path}/acl
"""
    heard: list[Delivery] = []
    with mosquitto(tmp_path, access) as url:
        topics = [("gilmok/v1/+/+/up/#", 1)]
        hub = Link(at(url, fleet, "hub"), "h", clock=CLOCK, subscriptions=topics, on_delivery=heard.append)
        hub.connect()
        overheard: list[Delivery] = []
        pole = Link(
            at(url, fleet, "pole"),
            "p",
            clock=CLOCK,
            subscriptions=[(POLE.committed, 1), (KERB.committed, 1), ("gilmok/#", 1)],
            on_delivery=overheard.append,
        )
        pole.connect()
        pole.publish(KERB.birth, b"not mine")
        pole.publish(KERB.late("camera"), b"not mine")
        pole.publish(POLE.birth, b"mine")
        hub.publish(KERB.committed, b"not for pole")
        hub.publish(POLE.committed, b"for pole")
        wait_until(lambda: bool(overheard), "the hub's word")
        wait_until(lambda: bool(heard) and len(pole.limits.denied) == 2, "the node's words")
        assert [one.payload for one in heard] == [b"mine"]
        assert [one.payload for one in overheard if one.topic != POLE.committed] == []
        assert pole.limits.denied == dict.fromkeys((KERB.birth, KERB.late("camera")), "Not authorized")
        for name, why in (("old", "our certificate has expired"), ("gone", "our certificate was revoked")):
            with pytest.raises(TlsRefused, match=why):
                Link(at(url, fleet, name), name, clock=CLOCK).connect()
        nobody = BrokerAt(url=url.replace("mqtt:", "mqtts:"), ca_file=fleet / "ca.crt")
        with pytest.raises(TlsRefused, match="asks for a client's certificate"):
            Link(nobody, "nobody", clock=CLOCK).connect()
        with pytest.raises(TlsRefused, match="its certificate does not hold"):
            Link(BrokerAt(url=nobody.url), "nobody", clock=CLOCK).connect()

        # The broker's own certificate makes nobody a member, though it is a client's, too.
        broker = Link(at(url, fleet, "broker"), "b", clock=CLOCK)
        broker.connect()
        broker.publish(KERB.birth, b"not mine")
        wait_until(lambda: broker.limits.denied == {KERB.birth: "Not authorized"}, "Mosquitto to refuse its word")
        broker.close()

        Authority(fleet, CLOCK).revoke("pole")
        (tmp_path / "acl").write_text(permissions.mosquitto(register.read(fleet), str(fleet)))
        os.kill(pid_of(tmp_path / "mosquitto.conf"), signal.SIGHUP)
        wait_until(lambda: _refused(at(url, fleet, "pole")) == "our certificate was revoked", "SIGHUP to be heeded")
        before = len(overheard)
        hub.publish(POLE.committed, b"for nobody")
        pole.publish(POLE.birth, b"after the revocation")
        assert hub.drain(5)
        wait_until(lambda: pole.limits.denied.get(POLE.birth) == "Not authorized", "Mosquitto to refuse its word")
        assert [one.payload for one in heard] == [b"mine"]
        assert len(overheard) == before
        pole.close()
        hub.close()


def _refused(broker: BrokerAt) -> str:
    """Why it isn't let in; empty: it is."""
    link = Link(broker, "again", clock=CLOCK)
    try:
        link.connect()
    except TlsRefused as error:
        return error.sentence.rpartition("it says that ")[2]
    link.close()
    return ""


def test_only_an_enrolled_broker_can_be_a_server_of_the_cluster(tmp_path: Path) -> None:
    fleet = enrolled(tmp_path / "fleet")
    said = next(line for line in permissions.NATS.splitlines() if "known_urls" in line).removeprefix("#")
    files = fleet / "issued/broker"
    tls = said.replace('"ca.crt"', f'"{files}/ca.crt"').replace('"broker.', f'"{files}/broker.')
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    route = f'cluster {{ name: c, listen: "127.0.0.1:{port}", routes: ["nats://localhost:{port}"]\n{tls} }}'
    settings = tmp_path / "server.conf"
    settings.write_text(f'listen: "127.0.0.1:-1"\n{route}\n{permissions.nats(register.read(fleet))}')
    with (tmp_path / "log").open("wb") as log, subprocess.Popen([nats_server(), "-c", settings], stderr=log) as server:
        try:
            wait_until(lambda: b"Listening for route connections" in (tmp_path / "log").read_bytes(), "the server")
            assert b"does not match" in _route(fleet, "broker", port), "let in, and refused for the name it gave"
            assert all(b"Authorization Violation" in _route(fleet, name, port) for name in ("pole", "hub"))
            assert _route(fleet, "", port) == b""
        finally:
            server.kill()


def _route(fleet: Path, name: str, port: int) -> bytes:
    """What a server answers to one that would be another server of its cluster, with the certificate of `name`."""
    files = fleet / "issued" / name
    context = ssl.create_default_context(cafile=fleet / "ca.crt")
    if name:
        context.load_cert_chain(files / f"{name}.crt", files / f"{name}.key")
    answers = b""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as bare,
        suppress(OSError),
        context.wrap_socket(bare, server_hostname="localhost") as secured,
    ):
        secured.sendall(b'CONNECT {"name":"x","cluster":"another"}\r\n')
        while answer := secured.recv(4096):
            answers += answer
    return answers


def test_what_is_issued_is_its_owners_alone(tmp_path: Path) -> None:
    fleet = enrolled(tmp_path / "fleet")
    assert fleet.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in fleet.rglob("*.key")} == {0o600}


def test_a_certificate_holds_for_a_hundred_years_at_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gilmok.main(["fleet", "enrol", "pole", "--days", "999999999", "--fleet", str(tmp_path)])
    assert "'999999999' is not a whole number from 1 to 36,600" in capsys.readouterr().err


def test_half_an_authority_is_not_left(tmp_path: Path) -> None:
    in_the_way = tmp_path / "fleet" / ".ca.crt.new"
    in_the_way.mkdir(parents=True)
    authority = Authority(tmp_path / "fleet", CLOCK)
    with pytest.raises(FileUnwritable, match=r"ca\.crt"):
        authority.enrol("pole", "node", "seoul", 7)
    in_the_way.rmdir()
    assert authority.enrol("pole", "node", "seoul", 7).is_dir()


def test_the_register_tells_the_renewed_the_expired_and_the_revoked(tmp_path: Path) -> None:
    fleet = enrolled(tmp_path / "fleet")
    authority = Authority(fleet, CLOCK)
    with pytest.raises(AlreadyEnrolled, match="node 'pole' is enrolled already"):
        authority.enrol("pole", "node", "seoul", 30)
    with pytest.raises(HolderUnknown):
        authority.renew("stranger", 30)
    with pytest.raises(NotEnrollable, match="was revoked"):
        authority.renew("gone", 30)
    authority.renew("old", 30)
    before = register.holder(register.read(fleet), "gone", fleet)
    authority.enrol("gone", "node", "seoul", 30)
    now_ns = CLOCK.now().utc_ns
    states = {one.name: one.state(now_ns) for one in register.read(fleet) if one.role == "node"}
    assert states == {"pole": "valid", "kerb": "valid", "gone": "valid", "old": "valid"}
    # A certificate of the revoked key is nobody's, though its name is somebody's again.
    named = permissions.nats(register.read(fleet))
    again = register.holder(register.read(fleet), "gone", fleet)
    assert again.subject in named
    assert before.subject not in named


def test_a_table_that_cannot_work_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    fleet = enrolled(tmp_path / "fleet")
    with pytest.raises(BrokerContradicts, match="only one"):
        BrokerAt(url="mqtts://edge.example", key_file=fleet / "a.key")
    with pytest.raises(BrokerContradicts, match="without"):
        BrokerAt(url="mqtt://edge.example", ca_file=fleet / "ca.crt")
    mixed = BrokerAt(
        url="mqtts://127.0.0.1:1",
        ca_file=fleet / "ca.crt",
        certificate_file=fleet / "issued" / "pole" / "pole.crt",
        key_file=fleet / "issued" / "kerb" / "kerb.key",
    )
    with pytest.raises(CertificateWrong, match="no certificate and its private key"):
        Link(mixed, "mixed", clock=CLOCK).connect()
