"""A ledger as a hub leaves it, a dashboard on it, and a browser."""

import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import pytest

from edge.wire.address import BrokerAt
from edge.wire.messages import ConnState, encode
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, ReportArrived
from fleet.config import HubConfig, Web
from fleet.ledger.ledger import Ledger
from fleet.web.listening import address, listen
from fleet.web.serve import Dashboard
from sensors.clock import SystemClock
from tests.postgres import database, postgres
from tests.speaker import Speaker
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

__all__ = ["database", "postgres"]

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = '<img src=x onerror="document.title=1"></script>'
"""As a run or a software may be called: names of sites and nodes are made of letters."""


@dataclass(frozen=True)
class Told:
    """What a test says in the place of a hub; it goes on where it was left."""

    hub: HubConfig
    clock: SystemClock

    def say(self, *nodes: str, state: ConnState = "online", ok: int = 3, run: str = "drive") -> None:
        """Nodes that are there, or no more, with `ok` frames each."""
        with Ledger(self.hub.where) as ledger:
            ledger.commit([word for node in nodes for word in self._words(node, state, ok, run)])

    def _words(self, node: str, state: ConnState, ok: int, run: str) -> Iterator[Arrival]:
        speaker = Speaker(self.clock, node=node, run=run)
        birth = msgspec.structs.replace(speaker.birth, software=HOSTILE)
        now, key = self.clock.now(), speaker.key
        yield BirthArrived(key, birth, encode(birth), now)
        for report in (speaker.report(n) for n in range(ok)):
            yield ReportArrived(key, report, encode(report), now, 5)
        health = speaker.health(ok)
        yield HealthArrived(key, health, encode(health), now)
        yield ConnArrived(key, state, now)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    one = Told(HubConfig(store=tmp_path / "hub.db", health_period_s=60), SystemClock())
    one.say("pole")
    return one


@pytest.fixture
def page_at(told: Told) -> Iterator[str]:
    with serving(told.hub) as at:
        yield at


@contextmanager
def serving(hub: HubConfig, port: int = 0, broker: BrokerAt | None = None) -> Iterator[str]:
    """Its address, while the context lasts."""
    listener = listen(Web(port=port))
    dashboard, ready = Dashboard(hub, SystemClock(), listener, broker), threading.Event()
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(dashboard.run, ready.set)
        try:
            wait_until(lambda: ready.is_set() or ended.done(), "the dashboard to be ready")
            yield address(listener)
        finally:
            dashboard.stop()
            ended.result()
            listener.close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One a file: it takes a second to start, and while it runs no test of its process may have an event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def open_page(browser: "Browser") -> "Iterator[Callable[[str], Page]]":
    """Opens a page; in the end no page may have had a word in its console."""
    complaints: list[str] = []
    context = browser.new_context()

    def asked_in_vain(said: "ConsoleMessage") -> bool:
        """For what isn't there, which the page tells."""
        return "status of 404" in said.text and "/api/" in said.location["url"]

    def go(at: str) -> "Page":
        page = context.new_page()
        page.on("console", lambda said: None if asked_in_vain(said) else complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(at)
        return page

    yield go
    context.close()
    # What the browser itself says of a server that a test took away, or that asks for a login, is no fault of the page.
    known = "ERR_CONNECTION", "status of 401"
    assert [one for one in complaints if not any(word in one for word in known)] == []


def get(at: str, path: str, host: str | None = None) -> tuple[int, dict[str, str], bytes]:
    where = urlsplit(at).netloc
    connection = http.client.HTTPConnection(where, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": where if host is None else host})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
