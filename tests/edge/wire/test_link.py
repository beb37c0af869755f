import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.wire.address import Address, BrokerAt, BrokerRefused, BrokerUnreachable, BrokerUrlWrong, SecretMissing
from edge.wire.link import QUEUE_LIMIT, Delivery, Link
from fleet.broker import EmbeddedBroker
from sensors.clock import SystemClock
from tests.brokers import mosquitto, mosquitto_program
from tests.secret_files import secret_file
from tests.waiting import wait_until

CLOCK = SystemClock()


def test_mqtt_5_is_spoken_where_the_broker_does(mosquitto_url: str, embedded_url: str) -> None:
    for url, protocol in ((mosquitto_url, "5"), (embedded_url, "3.1.1")):
        link = Link(BrokerAt(url=url), "asks", clock=CLOCK)
        assert link.protocol == ""
        link.connect()
        assert link.protocol == protocol
        link.close()


def test_what_is_published_arrives_in_order_and_is_acknowledged(broker: BrokerAt, site: str) -> None:
    heard: list[Delivery] = []
    listener = Link(broker, f"{site}-l", clock=CLOCK, subscriptions=[(f"{site}/#", 1)], on_delivery=heard.append)
    listener.connect()
    talker = Link(broker, f"{site}-t", clock=CLOCK)
    talker.connect()
    for n in range(200):
        assert talker.publish(f"{site}/{n % 3}", str(n).encode())
    assert talker.drain(10)
    assert talker.unacknowledged == 0
    wait_until(lambda: len(heard) == 200, "every message")
    assert [int(one.payload) for one in heard] == list(range(200))
    assert talker.close() == listener.close() == 0


def test_what_nobody_acknowledged_comes_again_at_the_next_connection(broker: BrokerAt, site: str) -> None:
    first: list[Delivery] = []
    second: list[Delivery] = []
    topics = [(f"{site}/#", 1)]

    def listener(heard: list[Delivery]) -> Link:
        return Link(
            broker,
            f"{site}-l",
            clock=CLOCK,
            subscriptions=topics,
            on_delivery=heard.append,
            session_expiry_s=60,
            manual_ack=True,
        )

    link = listener(first)
    link.connect()
    for n in range(10):
        link.publish(f"{site}/n", str(n).encode())
    wait_until(lambda: len(first) == 10, "ten messages")
    for delivery in first[:4]:
        link.ack(delivery)
    # A later message that was acknowledged is one before which the broker has read those four. It need not have
    # otherwise: a broker that is kept waiting lets the next connection take over before it has read the last one's end.
    assert link.publish(f"{site}-done", b"")
    assert link.drain(60)
    assert link.close() == 0
    again = listener(second)
    again.connect()
    wait_until(lambda: len(second) == 6, "the six that weren't acknowledged")
    assert sorted(int(one.payload) for one in second) == [4, 5, 6, 7, 8, 9]
    for delivery in second:
        again.ack(delivery)
    again.close()


def test_a_will_is_said_when_a_process_dies_and_not_at_a_goodbye(broker: BrokerAt, site: str) -> None:
    heard: list[Delivery] = []
    listener = Link(broker, f"{site}-l", clock=CLOCK, subscriptions=[(f"{site}/#", 1)], on_delivery=heard.append)
    listener.connect()
    script = (
        "import sys; from edge.wire.link import *; from edge.wire.address import BrokerAt;"
        "from edge.wire.connection.dialects import Will;"
        "from sensors.clock import SystemClock; url, site = sys.argv[1:];"
        "link = Link(BrokerAt(url=url), site, clock=SystemClock(), will=Will(site + '/will', b'gone'));"
        "link.connect(); print('up', flush=True); sys.stdin.read(); link.close()"
    )
    for killed in (False, True):
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", script, broker.shown, site], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        if killed:
            child.kill()
        child.communicate()
        assert heard == [] or killed
    wait_until(lambda: heard, "the will")
    assert [one.payload for one in heard] == [b"gone"]
    listener.close()


def test_a_broken_connection_mends_itself_and_loses_nothing(tmp_path: Path) -> None:
    with EmbeddedBroker(0, tmp_path, CLOCK) as broker:
        ups: list[int] = []
        link = Link(BrokerAt(url=broker.url), "tough", clock=CLOCK, on_up=lambda: ups.append(1))
        link.connect()
        broker.kill()
        wait_until(lambda: not link.up, "the link to notice")
        assert link.publish("a", b"kept")
        assert not link.publish("a", b"not kept", qos=0)
        assert link.unacknowledged == 1
        broker.start()
        wait_until(lambda: link.up, "the link to come back")
        assert link.drain(10)
        assert len(ups) == 2
        assert link.close() == 0


def test_a_full_queue_refuses_instead_of_growing(tmp_path: Path) -> None:
    with EmbeddedBroker(0, tmp_path, CLOCK) as broker:
        link = Link(BrokerAt(url=broker.url), "full", clock=CLOCK)
        link.connect()
        broker.kill()
        wait_until(lambda: not link.up, "the link to notice")
        taken = sum(link.publish("a", b"x") for _ in range(QUEUE_LIMIT + 10))
        assert taken == link.unacknowledged == QUEUE_LIMIT
        assert link.close() == QUEUE_LIMIT


def test_a_broker_that_isnt_there_is_one_clear_error() -> None:
    link = Link(BrokerAt(url="mqtt://127.0.0.1:1"), "lonely", clock=CLOCK)
    with pytest.raises(BrokerUnreachable, match=r"no MQTT broker answered at mqtt://127.0.0.1:1 within 0.1 s"):
        link.connect(0.1)
    assert link.close() == 0


def test_something_that_is_no_broker_is_one_clear_error() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        link = Link(BrokerAt(url=f"mqtt://127.0.0.1:{mute.getsockname()[1]}"), "puzzled", clock=CLOCK)
        with pytest.raises(BrokerUnreachable, match="without an answer"):
            link.connect(0.1)


def test_a_wrong_password_is_refused_at_once(tmp_path: Path) -> None:
    users = tmp_path / "users"
    right = secret_file(tmp_path / "right", "blue horse\n")
    wrong = secret_file(tmp_path / "wrong", "brown horse\n")
    subprocess.run([mosquitto_program("mosquitto_passwd"), "-b", "-c", users, "me", "blue horse"], check=True)
    users.chmod(0o644)
    with mosquitto(tmp_path, f"allow_anonymous false\npassword_file {users}") as url:
        url = url.replace("mqtt://", "mqtt://me@")
        with pytest.raises(BrokerRefused, match="Not authorized"):
            Link(BrokerAt(url=url, password_file=wrong), "me", clock=CLOCK).connect(5)
        link = Link(BrokerAt(url=url, password_file=right), "me", clock=CLOCK)
        link.connect(5)
        link.close()


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:1883",
        "http://host",
        "mqtt://",
        "mqtt://host:port",
        "mqtt://host:99999",
        "mqtt://host/topic",
        "mqtt://[::1",
    ],
)
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(BrokerUrlWrong):
        Address.every(BrokerAt(url=url))


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://me:secret@host",
        "mqtt://me:secret@host:99999",
        "mqtt://me:secret@host:port",
        "mqtt://me:secret@host/topic",
        "mqtt://me:secret@",
        "mqtt://me:secret@[::1",
        "mqtt://me:sec/ret@host",
        "mqtt://me:sec#ret@host",
        "http://me:secret@host",
        "me:secret@host",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BrokerUrlWrong) as refusal:
        Address.every(BrokerAt(url=url))
    assert not any(part in str(refusal.value) for part in ("secret", "sec", "ret"))
    assert "*" not in refusal.value.hint, "what is ours to say is nobody's login"


def test_an_address_is_taken_apart(tmp_path: Path) -> None:
    password = secret_file(tmp_path / "password", "p w\n")
    (address,) = Address.every(BrokerAt(url="mqtts://m%20e@host", password_file=password))
    assert (address.host, address.port, address.tls, address.user, address.password) == (
        "host",
        8883,
        True,
        "m e",
        "p w",
    )
    with pytest.raises(SecretMissing, match="nowhere"):
        Address.every(BrokerAt(password_file=tmp_path / "nowhere"))


def test_a_link_that_begins_without_its_broker_connects_when_that_is_there(tmp_path: Path) -> None:
    with EmbeddedBroker(0, tmp_path, CLOCK) as gone:
        at = BrokerAt(url=gone.url)
    met: list[bool] = []
    link = Link(at, "early", clock=CLOCK, on_up=lambda: met.append(True))
    link.connect_whenever()
    try:
        assert not link.publish("early/said", b"", qos=0)
        with EmbeddedBroker(Address.every(at)[0].port, tmp_path, CLOCK):
            wait_until(lambda: link.up, "the link to come up")
            assert link.publish("early/said", b"")
            assert link.drain(10)
    finally:
        assert link.close() == 0
    assert met == [True]
