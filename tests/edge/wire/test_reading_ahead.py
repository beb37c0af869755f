"""What a connection read ahead is dealt with, also where nothing more comes."""

from edge.wire.address import BrokerAt
from edge.wire.bounded_client import CHUNK
from edge.wire.link import Delivery, Link
from sensors.clock import SystemClock
from tests.waiting import wait_until

CLOCK = SystemClock()
SIZES = [0, 1, 10, CHUNK - 30, CHUNK, 3 * CHUNK + 7, 5, 0] * 3


def test_messages_that_come_together_are_all_heard_and_acknowledged_in_one_piece(broker: BrokerAt, site: str) -> None:
    def listener(heard: list[Delivery]) -> Link:
        link = Link(
            broker,
            f"{site}-l",
            clock=CLOCK,
            subscriptions=[(f"{site}/#", 1)],
            on_delivery=heard.append,
            session_expiry_s=60,
            manual_ack=True,
        )
        link.connect()
        return link

    listener([]).close()
    talker = Link(broker, f"{site}-t", clock=CLOCK)
    talker.connect()
    for size in SIZES:
        assert talker.publish(f"{site}/a", b"x" * size)
    assert talker.drain(20)

    heard: list[Delivery] = []
    link = listener(heard)
    for due in (len(SIZES) // 2, len(SIZES)):
        wait_until(lambda due=due: len(heard) >= due, f"{due} messages, kept by the broker")  # type: ignore[misc]
        link.ack(*heard[due - len(SIZES) // 2 : due])
    assert [len(one.payload) for one in heard] == SIZES
    # Mosquitto takes a packet a turn: a session taken over by the next connection loses what it hasn't read yet.
    assert link.publish(f"not/{site}", b"all acknowledged")
    assert link.drain(20)
    link.close()

    later: list[Delivery] = []
    link = listener(later)
    talker.publish(f"{site}/a", b"the next one")
    wait_until(lambda: later, "what comes next")
    assert [one.payload for one in later] == [b"the next one"]
    link.close()
    talker.close()
