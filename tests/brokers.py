"""Real brokers for tests, each on a port of its own: the embedded one, and Mosquitto where it is installed."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from fleet.broker import EmbeddedBroker
from sensors.clock import SystemClock
from tests.waiting import wait_until

# Started by root, Mosquitto would become a user who can't read what a test has written.
SETTINGS = """\
user root
listener {port} 127.0.0.1
persistence false
{access}
"""


def mosquitto_program(name: str = "mosquitto") -> str:
    """Where it is; skips the test where it isn't (Debian puts it into a folder that isn't on everyone's path)."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed (apt-get install mosquitto)")
    return program


@contextmanager
def mosquitto(folder: Path, access: str = "allow_anonymous true") -> Iterator[str]:
    """A Mosquitto of one's own; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(SETTINGS.format(port=port, access=access), encoding="utf-8")
    with (folder / "mosquitto.log").open("wb") as log:
        child = subprocess.Popen([mosquitto_program(), "-c", str(settings)], stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port), "Mosquitto to listen")
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedBroker(0, tmp_path_factory.mktemp("embedded"), SystemClock()) as running:
        yield running.url


@pytest.fixture(scope="session")
def mosquitto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as url:
        yield url


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> BrokerAt:
    """A broker that the test shares with others: keep to topics and client ids of your own (`site`)."""
    return BrokerAt(url=request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    """A site, and so topics, that no other test uses."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
