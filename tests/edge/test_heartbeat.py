"""A stream that is stuck has no heartbeat; one that waits for its camera has."""

import secrets
import socket
from collections.abc import Iterator

import pytest

from edge.heartbeat import PATIENCE_S, Heartbeat
from edge.stream import Progress
from edge.wire.messages import Health, Spooled, StreamCounters
from sensors.clock import NS_PER_S
from sensors.service.systemd import Systemd
from tests.fakes import ManualClock

CLOCK = ManualClock()
HEALTH = Health(
    session=1,
    stamp=CLOCK.now(),
    streams={"north": StreamCounters(captured=12, ok=10, failed=1, dropped=1)},
    queued=0,
    spool=Spooled(reports=3, bytes=900),
)
NS = NS_PER_S


class Counted:
    """A stream as its heartbeat sees it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.progress = Progress(0, 0, 0)


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(f"\0gilmok-test-{secrets.token_hex(8)}")
        one.setblocking(False)
        yield one


class Watch:
    def __init__(self, ear: socket.socket, deadline_ms: float = 1000.0) -> None:
        self.clock = ManualClock()
        self.north, self.south = Counted("north"), Counted("south")
        address = ear.getsockname()
        self._ear = ear
        self._heartbeat = Heartbeat(Systemd(f"@{address[1:].decode()}"), self.clock, deadline_ms)

    def second(self) -> str:
        self.clock.pass_ns(NS)
        self._heartbeat.beat([self.north, self.south], HEALTH)  # type: ignore[list-item]  # counted by hand
        return self._ear.recv(4096).decode()


def test_a_camera_that_is_lost_or_idle_is_no_stuck_stream(ear: socket.socket) -> None:
    watch = Watch(ear)
    watch.north.progress = Progress(10, 10, 10)
    for n in range(200):
        if n % 7 == 0:  # it comes back as a frame without a picture, and goes again
            done = watch.north.progress.taken + 1
            watch.north.progress = Progress(done, done, done)
        said = watch.second()
        assert said.startswith("WATCHDOG=1\nSTATUS=north: 10 ok, 1 failed, 1 dropped; 3 reports wait"), n


@pytest.mark.parametrize("failing", [False, True], ids=["hangs", "fails each frame"])
def test_a_device_that_answers_no_more_ends_the_heartbeat_though_another_stream_goes_on(
    ear: socket.socket, failing: bool
) -> None:
    watch = Watch(ear)
    beats = []
    for n in range(2 * int(PATIENCE_S)):
        watch.north.progress = Progress(n + 1, n + 1, n + 1)
        watch.south.progress = Progress(n + 1, n, 0) if failing else Progress(1, 0, 0)
        beats.append("WATCHDOG=1" in watch.second())
    # The first look is when its time begins.
    assert beats == [True] * (int(PATIENCE_S) + 1) + [False] * (int(PATIENCE_S) - 1)
    watch.south.progress = Progress(100, 99, 1)
    assert "WATCHDOG=1" in watch.second(), "one answer is enough"


def test_a_device_that_may_take_long_is_given_its_time(ear: socket.socket) -> None:
    watch = Watch(ear, deadline_ms=60_000.0)
    watch.south.progress = Progress(1, 0, 0)
    assert all("WATCHDOG=1" in watch.second() for _ in range(180))
    watch.second()
    assert "WATCHDOG=1" not in watch.second()
