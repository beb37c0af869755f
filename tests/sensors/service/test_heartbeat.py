"""A stream that is stuck has no heartbeat; one that waits for its camera has."""

import secrets
import socket
from collections.abc import Iterator

import pytest

from sensors.clock import NS_PER_S
from sensors.service.heartbeat import PATIENCE_S, Heartbeat, Progress
from sensors.service.systemd import Systemd
from tests.fakes import ManualClock

PATIENCE = int(PATIENCE_S)


class Watch:
    def __init__(self, ear: socket.socket, patience_s: float = PATIENCE_S) -> None:
        self.clock = ManualClock()
        self.north = self.south = Progress(0, 0, 0)
        self._ear = ear
        self._heartbeat = Heartbeat(Systemd(f"@{ear.getsockname()[1:].decode()}"), self.clock, patience_s)

    def second(self) -> bool:
        """Whether there was a heartbeat."""
        self.clock.pass_ns(NS_PER_S)
        self._heartbeat.beat({"north": self.north, "south": self.south}, "north: 10 ok")
        said = self._ear.recv(4096).decode().split("\n")
        assert said in (["WATCHDOG=1", "STATUS=north: 10 ok"], [said[-1]])
        return said[0] == "WATCHDOG=1"


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(f"\0gilmok-test-{secrets.token_hex(8)}")
        one.setblocking(False)
        yield one


def test_a_camera_that_is_lost_or_idle_is_no_stuck_stream(ear: socket.socket) -> None:
    watch = Watch(ear)
    watch.north = Progress(10, 10, 10)
    for n in range(200):
        if n % 7 == 0:  # it comes back as a frame without a picture, and goes again
            done = watch.north.taken + 1
            watch.north = Progress(done, done, done)
        assert watch.second(), n


@pytest.mark.parametrize("failing", [False, True], ids=["hangs", "fails each frame"])
def test_a_device_that_answers_no_more_ends_the_heartbeat_though_another_stream_goes_on(
    ear: socket.socket, failing: bool
) -> None:
    watch = Watch(ear)
    beats = []
    for n in range(2 * PATIENCE):
        watch.north = Progress(n + 1, n + 1, n + 1)
        watch.south = Progress(n + 1, n, 0) if failing else Progress(1, 0, 0)
        beats.append(watch.second())
    # The first look is when its time begins.
    assert beats == [True] * (PATIENCE + 1) + [False] * (PATIENCE - 1)
    watch.south = Progress(100, 99, 1)
    assert watch.second(), "one answer is enough"


def test_a_device_that_may_take_long_is_given_its_time(ear: socket.socket) -> None:
    watch = Watch(ear, 180.0)
    watch.south = Progress(1, 0, 0)
    assert [watch.second() for _ in range(182)] == [True] * 181 + [False]
