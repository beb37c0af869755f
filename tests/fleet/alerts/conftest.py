"""A fleet as a ledger has it, whose time a test moves, and a watch over it; a receiver of webhooks."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from edge.wire.messages import ConnState, Health, Spooled, encode
from fleet.alert_settings import Alert
from fleet.alerts.alert_watch import AlertWatch
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, Refused, ReportArrived
from fleet.config import HubConfig
from fleet.ledger.ledger import Ledger
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.secret_files import secret_file
from tests.speaker import Speaker

SECRET = "a-secret-that-nobody-is-to-see-0123456789"


@dataclass
class Fleet:
    hub: HubConfig
    clock: ManualClock = field(default_factory=ManualClock)

    def watching(self, *alerts: Alert) -> AlertWatch:
        return AlertWatch(msgspec.structs.replace(self.hub, alert=alerts), self.clock)

    def say(
        self, node: str, *, state: ConnState | None = None, ok: int = 0, failed: int = 0, booked: int | None = None,
        lost: tuple[int, ...] = (), hot_c: float | None = None, spooled: int = 0, refused: int = 0, session: int = 1,
        final: bool = False, total_ms: int | None = None,
    ) -> None:  # fmt: skip
        """What a node says at once; of its `ok` reports `booked` came, all but those that are `lost`."""
        speaker = Speaker(self.clock, node=node, session=session)
        key, now = speaker.key, self.clock.now()
        words: list[Arrival] = [BirthArrived(key, speaker.birth, encode(speaker.birth), now)]
        for n in set(range(ok if booked is None else booked)) - set(lost):
            report = speaker.report(n)
            if total_ms is not None:
                report = msgspec.structs.replace(report, stages={"infer": total_ms * 10**6}, total_ns=total_ms * 10**6)
            words.append(ReportArrived(key, report, encode(report), now, 5))
        health = self._health(speaker, ok, failed, final, hot_c, spooled)
        words.append(HealthArrived(key, health, encode(health), now))
        if state is not None:
            words.append(ConnArrived(key, state, now))
        if refused:
            words.append(
                Refused(f"gilmok/v1/seoul/{node}/up/x", "json", "no JSON", b"<", now, node=key.of_node, count=refused)
            )
        with Ledger(self.hub.where) as ledger:
            ledger.commit(words)

    def _health(self, speaker: Speaker, ok: int, failed: int, final: bool, hot_c: float | None, spooled: int) -> Health:
        told = speaker.health(ok, final, failed)
        streams = {"camera": msgspec.structs.replace(told.streams["camera"], spooled=spooled)}
        spool = Spooled(reports=spooled, bytes=0)
        return msgspec.structs.replace(
            told, temperature_c=hot_c, power_w=None if hot_c is None else 9.5, streams=streams, spool=spool
        )

    def passes(self, seconds: float) -> None:
        self.clock.pass_ns(int(seconds * NS_PER_S))


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(HubConfig(store=tmp_path / "hub.db", health_period_s=10))


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what `answers` says, 204 when it has nothing to say; keeps all that came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.answers: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook/token-in-the-path"


class _Hook(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Standard error is the test's."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return secret_file(tmp_path / "hook.key", f"{SECRET}\n")
