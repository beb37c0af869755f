"""Three NATS servers as one broker, from the files that users copy (examples/cluster); one of them is killed."""

import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from edge.wire.address import BrokerAt, BrokerRefused
from edge.wire.link import Delivery, Link
from edge.wire.topics import NodeTopics
from fleet.broker import nats_server
from fleet.config import HubConfig
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from fleet.security import permissions, register
from fleet.security.authority import Authority
from fleet.simulation.drive import Fleet, Simulation
from fleet.simulation.workload import drawn
from sensors.clock import SystemClock
from tests.hubs import listening, running
from tests.waiting import wait_until

CLOCK = SystemClock()
EXAMPLES = Path(__file__).parents[2] / "examples" / "cluster"
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
MQTT = re.compile(r"mqtt \{.*?:(\d+)", re.DOTALL)


Servers: TypeAlias = dict[str, "subprocess.Popen[bytes]"]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with running_servers(tmp_path, lambda text: text) as started:
        yield started


@contextmanager
def running_servers(tmp_path: Path, changed: Callable[[str], str]) -> Iterator[Servers]:
    """By their MQTT addresses; the examples' own files, `changed`, on ports that are free."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("broker-*.conf"))]
    assert len(texts) == 3
    with ExitStack() as probes:
        fresh = {}
        for port in {port for text in texts for port in PORT.findall(text)}:
            probe = probes.enter_context(socket.create_server(("127.0.0.1", 0)))
            fresh[port] = str(probe.getsockname()[1])
    started: Servers = {}
    try:
        for number, text in enumerate(texts):
            settings = tmp_path / f"broker-{number}.conf"
            own = PORT.sub(lambda found: f"127.0.0.1:{fresh[found[1]]}", text)
            settings.write_text(changed(own), encoding="utf-8")
            url = f"mqtt://127.0.0.1:{fresh[MQTT.findall(text)[0]]}"
            with (tmp_path / f"broker-{number}.log").open("wb") as log:
                started[url] = subprocess.Popen([nats_server(), "-c", str(settings)], cwd=tmp_path, stderr=log)
        logs = [tmp_path / f"broker-{number}.log" for number in range(3)]
        wait_until(lambda: all("metadata leader" in log.read_text() for log in logs), "the servers to find a leader")
        yield started
    finally:
        for child in started.values():
            child.kill()
            child.wait()


@pytest.mark.long
def test_a_node_of_the_cluster_is_killed_while_reports_flow_and_each_is_booked_once(
    servers: Servers, site: str, tmp_path: Path
) -> None:
    urls = tuple(servers)
    config = HubConfig(broker=BrokerAt(urls=urls), site=site, store=tmp_path / "hub.db", patience_s=60)
    nodes = Simulation(
        broker=BrokerAt(urls=urls[1:]), site=site, run="cluster", nodes=4, rate=20.0, seconds=5.0, patience_s=60.0
    )
    ear = BrokerAt(urls=urls[::-1])
    with running(Hub(config, CLOCK)), listening(ear, site) as states, ThreadPoolExecutor() as pool:
        outcome = pool.submit(lambda: Fleet(nodes, drawn(), CLOCK).run())
        wait_until(lambda: states and states[-1].booked > 50, "reports to flow")
        assert states[-1].broker == urls[0]
        servers[urls[0]].send_signal(signal.SIGKILL)
        told = outcome.result()
        assert (told.sent, told.committed, told.uncommitted) == (400, 400, 0)
        wait_until(lambda: states[-1].broker in urls[1:], "the hub to tell where it went")
    with LedgerReader(config.store) as ledger:
        births = [(key, ledger.birth(key)) for key in ledger.sessions(site)]
        assert [ledger.count(key, birth.streams[0].name) for key, birth in births if birth] == [100] * 4
        assert all(gap.closed_utc_ns for key, _ in births for gap in ledger.gaps(key))


@pytest.mark.long
def test_a_cluster_with_a_fleet_s_identities_keeps_each_to_its_own_and_tells_the_third_server_what_is_retained(
    tmp_path: Path,
) -> None:
    pytest.importorskip("cryptography")
    fleet = tmp_path / "fleet"
    for name, role in (("pole", "node"), ("kerb", "node"), ("hub", "hub"), ("broker", "broker")):
        Authority(fleet, CLOCK).enrol(name, role, "seoul", 30)  # type: ignore[arg-type]
    files = fleet / "issued/broker"
    mqtt_tls, route_tls = (
        line.removeprefix("#").replace('"ca.crt"', f'"{files}/ca.crt"').replace('"broker.', f'"{files}/broker.')
        for line in permissions.NATS.splitlines()
        if "tls {" in line
    )
    rules = tmp_path / "rules.conf"
    rules.write_text(permissions.nats(register.read(fleet)))

    def changed(text: str) -> str:
        """As the first lines of `gilmok fleet acl --for nats` say."""
        text = text.replace("nats://127.0.0.1", "nats://localhost").replace("mqtt {\n", f"mqtt {{\n{mqtt_tls}\n")
        return text.replace("cluster {\n", f"cluster {{\n{route_tls}\n") + f'include "{rules.name}"\n'

    def link(
        name: str, url: str, filters: tuple[str, ...] = (), client_id: str = "", patience_s: float = 30
    ) -> tuple[Link, list[Delivery]]:
        own = fleet / "issued" / name
        at = BrokerAt(
            # As of a cluster: what it refuses while it has no leaders is asked for again.
            urls=(url.replace("mqtt:", "mqtts:"),) * 2,
            ca_file=own / "ca.crt",
            certificate_file=own / f"{name}.crt",
            key_file=own / f"{name}.key",
        )
        heard: list[Delivery] = []
        made = Link(
            at,
            client_id or name,
            clock=CLOCK,
            subscriptions=[(filter_, 1) for filter_ in filters],
            on_delivery=heard.append,
        )
        made.connect(patience_s)
        return made, heard

    pole, kerb = NodeTopics("seoul", "pole"), NodeTopics("seoul", "kerb")
    with running_servers(tmp_path, changed) as started:
        first, second, third = started
        hub, heard = link("hub", first, ("gilmok/v1/seoul/+/up/#",))
        node, told = link("pole", second, (pole.committed,))
        for topic in (kerb.birth, kerb.late("camera"), kerb.detections("camera"), pole.committed, pole.birth):
            node.publish(topic, b"word", retain=True)
        node.publish(pole.late("camera"), b"word")
        hub.publish(pole.committed, b"yours")
        wait_until(lambda: told and len(heard) == 2, "what each may say to be heard")
        assert [one.topic for one in heard] == [pole.birth, pole.late("camera")]
        assert [one.payload for one in told] == [b"yours"]
        late, retained = link("hub", third, ("gilmok/v1/seoul/+/up/#",), "another")
        wait_until(lambda: retained, "the third server to tell what is retained")
        assert [(one.topic, one.retained) for one in retained] == [(pole.birth, True)]
        for filter_ in (kerb.committed, "gilmok/v1/seoul/+/down/#", "gilmok/#", "$MQTT/sub/#"):
            with pytest.raises(BrokerRefused, match="subscription"):
                link("pole", third, (filter_,), "ear", 0.1)
        Authority(fleet, CLOCK).revoke("pole")
        rules.write_text(permissions.nats(register.read(fleet)))
        for server in started.values():
            server.send_signal(signal.SIGHUP)
        wait_until(lambda: not node.up, "the revoked one to be put out")
        with pytest.raises(BrokerRefused, match="Not authorized"):
            link("pole", third, (), "again")
        for each in (hub, node, late):
            each.close(0.5)
