"""What a hub tells its nodes, over real brokers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import msgspec
import pytest

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from edge.wire.message import decode
from edge.wire.messages import Committed, MessageWrong, Refusals, encode
from edge.wire.spans import Spans
from fleet.acknowledgements import Acknowledgements, Outbox
from fleet.arrivals import Refused, ReportArrived
from fleet.ledger.reader import LedgerReader
from sensors.clock import NS_PER_S, SystemClock
from tests.hubs import listening
from tests.speaker import Speaker
from tests.waiting import wait_until

RunHub = Callable[[], AbstractContextManager[LedgerReader]]


class Ear:
    """What is said to the node `pole` of a site."""

    def __init__(self, broker: BrokerAt, site: str) -> None:
        self.committed: list[Committed] = []
        self.refused: list[Refusals] = []
        topics = [(f"gilmok/v1/{site}/pole/down/#", 1)]
        self.link = Link(broker, f"{site}-down", clock=SystemClock(), subscriptions=topics, on_delivery=self._hear)
        self.link.connect()

    def _hear(self, delivery: Delivery) -> None:
        if delivery.topic.endswith("/committed"):
            self.committed.append(decode(delivery.payload, Committed))
        elif delivery.topic.endswith("/refused"):
            self.refused.append(decode(delivery.payload, Refusals))

    def booked(self, speaker: Speaker) -> object:
        """What was told last of the session's stream."""
        told = [one.streams["camera"] for one in self.committed if one.session_id == speaker.session_id]
        return told[-1] if told else None


@pytest.fixture
def ear(broker: BrokerAt, site: str) -> Iterator[Ear]:
    one = Ear(broker, site)
    yield one
    one.link.close()


def test_a_node_is_told_what_is_booked_and_a_restarted_hub_says_where_it_stands(
    hub: RunHub, speaker: Speaker, ear: Ear
) -> None:
    with hub():
        wait_until(lambda: ear.booked(speaker) == (), "the answer to the birth")
        speaker.say(*map(speaker.report, [0, 1, 2, 5]))
        wait_until(lambda: ear.booked(speaker) == ((0, 2), (5, 5)), "what is booked")
    ear.committed.clear()
    with hub():
        wait_until(lambda: ear.booked(speaker) == ((0, 2), (5, 5)), "the restarted hub's word")


def test_late_reports_fill_the_hole_and_move_nothing_live(
    hub: RunHub, broker: BrokerAt, speaker: Speaker, site: str, ear: Ear
) -> None:
    former = Speaker(SystemClock(), site, session=9)
    assert speaker.link is not None
    with hub() as ledger, listening(broker, site) as states:
        speaker.say(speaker.report(0), speaker.report(3))
        late = [speaker.report(1), msgspec.structs.replace(speaker.report(2), model="0" * 12)]
        speaker.link.publish(speaker.topics.late("camera"), b"[" + b",".join(map(encode, late)) + b"]")
        # Of an earlier session; and on the topic of live reports, but said before this hub was listening.
        speaker.link.publish(speaker.topics.former, encode(former.birth))
        now = SystemClock().now()
        old = now.shifted_to(now.mono_ns - 5 * NS_PER_S)
        speaker.say(former.report(0), msgspec.structs.replace(speaker.report(4), stamp=old, published=old))
        wait_until(lambda: ear.booked(speaker) == ((0, 1), (3, 4)) and ear.booked(former) == ((0, 0),), "all marks")
        assert {row.report.n: row.late for row in ledger.frames(speaker.key, "camera")} == {
            0: False,
            1: True,
            3: False,
            4: True,
        }
        wait_until(lambda: states and states[-1].booked == 5, "the hub's state")
        assert states[-1].latency[f"{site}/pole/camera"]["hub"].n == 2
        assert next(ledger.newest_births()).session_id == speaker.session_id
        wait_until(lambda: ear.refused, "the refusal")
    assert (ear.refused[0].reasons, ear.refused[0].n) == ({"model": 1}, 2)
    assert ear.refused[0].topic == speaker.topics.late("camera")


def test_refusals_are_told_in_one_message_a_second_however_many(hub: RunHub, speaker: Speaker, ear: Ear) -> None:
    with hub():
        speaker.say(*(msgspec.structs.replace(speaker.report(n), model="0" * 12) for n in range(300)))
        # A broker says again what it had no answer to within seconds, and that is refused once more.
        wait_until(lambda: sum(one.reasons["model"] for one in ear.refused) >= 300, "all refusals")
    assert len(ear.refused) <= 3
    assert (ear.refused[0].n, ear.refused[0].session_id) == (0, speaker.session_id)
    with pytest.raises(MessageWrong):
        decode(b'{"hub":"h","reasons":{},"topic":"t","what":"w","n":-1}', Refusals)


def test_what_could_not_be_said_is_said_later_and_the_newer_of_two_marks_stands(speaker: Speaker) -> None:
    said: list[Committed] = []
    refusals: list[Refusals] = []
    queue_is_full = threading.Event()
    refused_once = threading.Event()
    queue_is_full.set()

    def say(topic: str, payload: bytes) -> bool:
        if queue_is_full.is_set():
            refused_once.set()
            return False
        if topic.endswith("/committed"):
            said.append(decode(payload, Committed))
        else:
            refusals.append(decode(payload, Refusals))
        return True

    acknowledgements = Acknowledgements("hub", SystemClock(), say)
    acknowledgements.start()
    now = SystemClock().now()

    def settle(stream: str, last: int) -> None:
        report = msgspec.structs.replace(speaker.report(last), stream=stream)
        arrived = ReportArrived(speaker.key, report, b"", now, 0, "")
        acknowledgements.settled([arrived], lambda keys: {key: Spans([(0, last)]) for key in keys})

    refused = Refused(speaker.topics.detections("front"), "model", "another model", b"", now)
    try:
        acknowledgements.settled([refused], lambda _: {})
        settle("front", 3)
        settle("rear", 5)
        assert refused_once.wait(5)
        acknowledgements.settled([refused], lambda _: {})
        settle("front", 4)
        queue_is_full.clear()
        wait_until(lambda: said, "the word that was not taken")
    finally:
        acknowledgements.close()
    marks = {name: ranges for one in said for name, ranges in one.streams.items()}
    assert marks == {"front": ((0, 4),), "rear": ((0, 5),)}
    assert sum(one.reasons["model"] for one in refusals) == 2


def test_what_waits_for_a_slow_broker_becomes_one_message_a_node() -> None:
    said: list[tuple[str, bytes]] = []
    room = threading.Semaphore(1)

    def publish(topic: str, payload: bytes) -> bool:
        said.append((topic, payload))
        return True

    outbox = Outbox(publish, lambda patience_s, _down_to: room.acquire(timeout=patience_s))
    outbox.start()

    def committed(session: str, **streams: tuple[tuple[int, int], ...]) -> bytes:
        return encode(Committed(hub="hub", session=1, session_id=session * 32, streams=dict(streams)))

    def refused(**reasons: int) -> bytes:
        return encode(Refusals(hub="hub", reasons=dict(reasons), topic="t", what=""))

    outbox.say("a/down/committed", committed("1", north=((0, 1),)))
    wait_until(lambda: said, "the first one")
    for last in range(2, 500):
        assert outbox.say("a/down/committed", committed("1", north=((0, last),)))
    outbox.say("b/down/refused", refused(json=1))
    outbox.say("a/down/committed", committed("1", south=((0, 7),)))
    outbox.say("b/down/refused", refused(json=2, rate=1))
    outbox.say("c/down/committed", committed("1", north=((0, 1),)))
    outbox.say("c/down/committed", committed("2", north=()))
    outbox.close()
    assert said[1:] == [
        ("c/down/committed", committed("1", north=((0, 1),))),
        ("a/down/committed", committed("1", north=((0, 499),), south=((0, 7),))),
        ("b/down/refused", refused(json=3, rate=1)),
        ("c/down/committed", committed("2", north=())),
    ]
    assert outbox.say("d/down/fenced", b"{}")
    assert said[-1] == ("d/down/fenced", b"{}")


def test_what_no_broker_takes_is_said_when_one_does() -> None:
    said: list[str] = []
    there = threading.Event()

    def publish(topic: str, _payload: bytes) -> bool:
        if there.is_set():
            said.append(topic)
        return there.is_set()

    outbox = Outbox(publish, lambda _patience_s, _down_to: True)
    outbox.start()
    assert outbox.say("a/down/fenced", b"{}")
    assert outbox.say("b/down/fenced", b"{}")
    there.set()
    wait_until(lambda: len(said) == 2, "both")
    outbox.close()
    assert sorted(said) == ["a/down/fenced", "b/down/fenced"]
