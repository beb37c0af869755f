import os
import signal
import socket
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from fleet.broker import BrokerDied, EmbeddedBroker, PortOccupied
from sensors.clock import SystemClock
from tests.waiting import wait_until

CLOCK = SystemClock()


def test_it_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path) -> None:
    heard: list[Delivery] = []

    def listener() -> Link:
        link = Link(
            BrokerAt(url=broker.url),
            "listener",
            clock=CLOCK,
            subscriptions=[("t/#", 1)],
            on_delivery=heard.append,
            session_expiry_s=60,
        )
        link.connect()
        return link

    with EmbeddedBroker(0, tmp_path, CLOCK) as broker:
        url = broker.url
        listener().close()
        talker = Link(BrokerAt(url=url), "talker", clock=CLOCK)
        talker.connect()
        talker.publish("t/retained", b"state", retain=True)
        for n in range(300):
            talker.publish("t/n", str(n).encode())
        assert talker.drain(10)
        assert talker.close() == 0
        pid = broker.pid
        assert pid is not None
        broker.kill()
        assert broker.pid is None
        broker.start()
        assert broker.url == url
        again = listener()
        wait_until(lambda: len({one.payload for one in heard}) == 301, "what was acknowledged before the kill")
        again.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_occupied_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        with pytest.raises(PortOccupied, match=f"can't listen on 127.0.0.1:{port}: Address already in use"):
            EmbeddedBroker(port, tmp_path / "data", CLOCK).start()
    assert not (tmp_path / "data").exists()


def test_a_broker_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "jetstream").write_text("a file where its folder should be")
    with pytest.raises(BrokerDied, match=r"ended with status 1: .*not a directory"):
        EmbeddedBroker(0, tmp_path, CLOCK).start()


def test_stopping_leaves_no_process_and_may_be_done_twice(tmp_path: Path) -> None:
    broker = EmbeddedBroker(0, tmp_path, CLOCK)
    broker.start()
    pid = broker.pid
    assert pid is not None
    broker.stop()
    broker.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
