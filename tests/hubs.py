"""A hub run beside the test, and an ear on what it says of itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from edge.wire.messages import decode
from fleet.hub import Hub, HubState
from sensors.clock import SystemClock
from tests.waiting import wait_until


@contextmanager
def running(hub: Hub) -> Iterator[None]:
    """The hub works while the context lasts; raises what ended it."""
    ready = threading.Event()
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(hub.run, ready.set)
        try:
            wait_until(lambda: ready.is_set() or ended.done(), "the hub to be ready")
            yield
        finally:
            hub.stop()
            ended.result()


@contextmanager
def listening(broker: BrokerAt, site: str) -> Iterator[list[HubState]]:
    """What the site's hub says, as it comes."""
    heard: list[HubState] = []

    def hear(delivery: Delivery) -> None:
        heard.append(decode(delivery.payload, HubState))

    topics = [(f"gilmok/v1/{site}/hub/+/state", 1)]
    link = Link(broker, f"{site}-ear", clock=SystemClock(), subscriptions=topics, on_delivery=hear)
    link.connect()
    try:
        yield heard
    finally:
        link.close()
