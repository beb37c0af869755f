"""Three NATS servers as one broker, from the files that users copy (examples/cluster); one of them is killed."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from fleet.broker import nats_server
from fleet.config import HubConfig
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from fleet.simulation.drive import Fleet, Simulation
from fleet.simulation.workload import drawn
from sensors.clock import SystemClock
from tests.hubs import listening, running
from tests.waiting import wait_until

CLOCK = SystemClock()
EXAMPLES = Path(__file__).parents[2] / "examples" / "cluster"
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
MQTT = re.compile(r"mqtt \{.*?:(\d+)", re.DOTALL)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """By their MQTT addresses; the examples' own files, on ports that are free."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("broker-*.conf"))]
    assert len(texts) == 3
    with ExitStack() as probes:
        fresh = {}
        for port in {port for text in texts for port in PORT.findall(text)}:
            probe = probes.enter_context(socket.create_server(("127.0.0.1", 0)))
            fresh[port] = str(probe.getsockname()[1])
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for number, text in enumerate(texts):
            settings = tmp_path / f"broker-{number}.conf"
            settings.write_text(PORT.sub(lambda found: f"127.0.0.1:{fresh[found[1]]}", text), encoding="utf-8")
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
    servers: dict[str, "subprocess.Popen[bytes]"], site: str, tmp_path: Path
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
