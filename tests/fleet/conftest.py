"""A hub of one's own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import tomli_w

from edge.wire.address import BrokerAt
from fleet.config import HubConfig, Web
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from sensors.clock import SystemClock
from sensors.config import plain
from tests.brokers import broker, embedded_url, mosquitto_url, site
from tests.hubs import running
from tests.speaker import Speaker

__all__ = ["broker", "embedded_url", "mosquitto_url", "site"]


@pytest.fixture
def config(broker: BrokerAt, site: str, tmp_path: Path) -> HubConfig:
    return HubConfig(broker=broker, site=site, store=tmp_path / "hub.db", health_period_s=0.2, web=Web(enabled=False))


@pytest.fixture
def hub(config: HubConfig) -> Callable[[], AbstractContextManager[LedgerReader]]:
    """Runs a hub in this process while its context lasts; gives its ledger to read in."""

    @contextmanager
    def run() -> Iterator[LedgerReader]:
        with running(Hub(config, SystemClock())), LedgerReader(config.store) as ledger:
            yield ledger

    return run


@pytest.fixture
def hub_process(config: HubConfig, tmp_path: Path) -> Callable[[], AbstractContextManager["subprocess.Popen[str]"]]:
    """Runs `gilmok hub run` as a process of its own, ready when the context begins, killed when it ends."""
    path = tmp_path / "hub.toml"
    path.write_text(tomli_w.dumps(plain(config)), encoding="utf-8")

    @contextmanager
    def running() -> Iterator["subprocess.Popen[str]"]:
        arguments = [sys.executable, "-P", "-m", "gilmok", "hub", "run", str(path)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            try:
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
                yield child
            finally:
                child.kill()

    return running


@pytest.fixture
def speaker(broker: BrokerAt, site: str) -> Iterator[Speaker]:
    """A node, introduced to the broker; it leaves when the test ends."""
    one = Speaker(SystemClock(), site).connect(broker)
    yield one
    assert one.link is not None
    one.link.close()
