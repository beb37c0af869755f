"""A broker that takes a connection and, for a while, no subscription: a cluster between two leaders does."""

import socket
import threading

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from sensors.clock import SystemClock
from tests.waiting import wait_until

CONNACK = b"\x20\x03\x00\x00\x00"
SUBACKS = (0x01, 0x80, 0x80, 0x01)
"""What is said to one connection after another: taken, refused twice, taken."""


def serve(listener: socket.socket, served: list[int]) -> None:
    for code in SUBACKS:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(CONNACK)
            subscription = connection.recv(4096)
            connection.sendall(b"\x90\x04" + subscription[2:4] + b"\x00" + bytes([code]))
            served.append(code)
            if len(served) == 1:
                continue
            while connection.recv(4096):
                pass


def test_a_subscription_that_is_refused_later_is_asked_for_again_until_it_is_granted() -> None:
    served: list[int] = []
    heard: list[Delivery] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, served))
        thread.start()
        at = BrokerAt(url=f"mqtt://127.0.0.1:{listener.getsockname()[1]}")
        link = Link(at, "patient", clock=SystemClock(), subscriptions=[("a", 1)], on_delivery=heard.append)
        link.connect()
        wait_until(lambda: "subscription to a" in link.limits.shut_out, "the link to tell what it is refused")
        wait_until(lambda: len(served) == len(SUBACKS) and not link.limits.shut_out, "the subscription")
        assert link.up
        link.close()
        thread.join()
