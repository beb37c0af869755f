"""What a connection read ahead is dealt with, also where nothing more comes."""

from hypothesis import given
from hypothesis import strategies as st

from edge.wire.address import BrokerAt
from edge.wire.connection.bounded_client import CHUNK, publish_at
from edge.wire.link import Delivery, Link
from sensors.clock import SystemClock
from tests.waiting import wait_until

CLOCK = SystemClock()
PACKET = bytes.fromhex("3208 0001 61 0007") + b"one"
"""A PUBLISH at QoS 1 on topic a, as MQTT 3.1.1 has it; of MQTT 5, the payload would begin with properties."""
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
            window=len(SIZES),
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
    # More than Mosquitto's own choice of a window.
    wait_until(lambda: len(heard) >= len(SIZES) > 20, "all messages, kept by the broker")
    link.ack(*heard[: len(SIZES) // 2])
    link.ack(*heard[len(SIZES) // 2 :])
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


def test_a_whole_publish_is_taken_apart_and_any_other_packet_left_to_paho() -> None:
    assert publish_at(b"xy" + PACKET, 2, five=False) == (12, "a", b"one", False, 1, 7)
    retained = bytes([0x31, 4, 0, 2, 0xC3, 0xA4])
    assert publish_at(retained + PACKET, 0, five=False) == (6, "ä", b"", True, 0, 0)
    assert publish_at(bytes([0x30, 4, 0, 1, 0xFF, 9]), 0, five=False) == (6, "", b"\t", False, 0, 0)
    with_properties = bytes.fromhex("320e 0001 61 0007 05 02 00000001") + b"one"
    assert publish_at(with_properties, 0, five=True) == (16, "a", b"one", False, 1, 7)
    long = b"\x30\xac\x02\x00\x01a" + b"x" * 297
    assert publish_at(long, 0, five=False) == (303, "a", b"x" * 297, False, 0, 0)
    for part in range(len(PACKET)):
        assert publish_at(PACKET[:part], 0, five=False) is None
    others = "340a 0001 61 0007 00 6f6e65", "4002 0007", "3002 0000", "3203 0001 61", "3003 0009 61", "30ffffffff7f"
    for other in others:
        assert publish_at(bytes.fromhex(other), 0, five=False) is None
    assert publish_at(bytes.fromhex("3206 0001 61 0007 09"), 0, five=True) is None


@given(st.binary(max_size=40), st.booleans())
def test_no_bytes_make_it_fail_or_read_beyond_its_packet(ahead: bytes, five: bool) -> None:
    for begin in (ahead, b"\x30" + ahead, b"\x32" + ahead):
        if (found := publish_at(begin, 0, five=five)) is not None:
            assert found[0] <= len(begin)
