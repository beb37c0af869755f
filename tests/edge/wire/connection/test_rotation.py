import json
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt, BrokerContradicts, BrokerUnreachable, BrokerUrlWrong
from edge.wire.connection.rotation import Rotation
from edge.wire.link import Link
from fleet.broker import EmbeddedBroker
from sensors.clock import SystemClock
from tests.waiting import wait_until

CLOCK = SystemClock()
NOBODY = "mqtt://127.0.0.1:1"


def test_where_a_broker_dies_the_next_one_of_the_cluster_is_met(embedded_url: str, tmp_path: Path) -> None:
    with EmbeddedBroker(0, tmp_path, CLOCK) as mortal:
        ups: list[str] = []
        link = Link(
            BrokerAt(urls=(NOBODY, mortal.url, NOBODY, embedded_url)),
            "moves",
            clock=CLOCK,
            on_up=lambda: ups.append(link.address),
        )
        link.connect()
        assert link.address == mortal.url
        mortal.kill()
        wait_until(lambda: len(ups) == 2, "the link to go on to the next")
        assert link.publish("a", b"x")
        assert link.drain(10)
        assert ups == [mortal.url, link.address] == [mortal.url, embedded_url]
        assert link.close() == 0


def test_each_name_begins_at_a_place_of_its_own_and_always_at_the_same() -> None:
    at = BrokerAt(urls=("mqtt://a", "mqtt://b", "mqtt://c"))
    first = {at.beginning_for(f"site/pole-{n}").each[0] for n in range(20)}
    assert first == set(at.urls)
    again = at.beginning_for("site/pole-1")
    assert again == at.beginning_for("site/pole-1")
    assert sorted(again.urls) == sorted(at.urls)
    assert BrokerAt(url="mqtt://a").beginning_for("x").each == ("mqtt://a",)


def test_the_addresses_come_in_turn_with_a_wait_after_each_round() -> None:
    rotation = Rotation(BrokerAt(urls=("mqtt://a", "mqtt://b", "mqtt://c")))
    seen = [(rotation.turn(), rotation.present.host) for _ in range(5)]
    assert seen == [(False, "b"), (False, "c"), (True, "a"), (False, "b"), (False, "c")]
    alone = Rotation(BrokerAt(url="mqtt://a"))
    assert [(alone.turn(), alone.present.host) for _ in range(2)] == [(True, "a"), (True, "a")]


def test_where_none_of_them_answers_all_are_named_without_their_logins() -> None:
    link = Link(BrokerAt(urls=("mqtt://me@127.0.0.1:1", "mqtt://me@127.0.0.1:2")), "lonely", clock=CLOCK)
    with pytest.raises(BrokerUnreachable, match=r"at mqtt://\*{3}@127\.0\.0\.1:1, mqtt://\*{3}@127\.0\.0\.1:2 within"):
        link.connect(0.1)
    with pytest.raises(BrokerUrlWrong) as refusal:
        BrokerAt(urls=(NOBODY, "mqtt://me:secret@host"))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"url": NOBODY, "urls": [NOBODY]}, "both url and urls"),
        ({"urls": [NOBODY, "mqtts://127.0.0.1"]}, "differ in scheme or user"),
        ({"urls": ["mqtt://me@host", "mqtt://you@host"]}, "differ in scheme or user"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(table: dict[str, object], what: str) -> None:
    with pytest.raises(BrokerContradicts, match=what):
        BrokerAt(**json.loads(json.dumps(table)))
