"""A live camera's picture: asked of its node over a real broker while somebody looks, and no longer."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import tomli_w

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from edge.wire.live.pictures import LENGTH, PictureAsk, PictureHead, packed
from edge.wire.messages import decode, encode
from fleet.config import Embedded
from fleet.configured_broker import broker_at
from fleet.web.nodes import live_pictures
from fleet.web.nodes.live_pictures import LivePictures
from sensors.clock import SystemClock
from sensors.config import plain
from tests.fleet.web.conftest import HOSTILE, Told, get, serving
from tests.speaker import Speaker

CLOCK = SystemClock()
JPEG = b"\xff\xd8a picture"


class Camera:
    """A node that answers each question with one picture."""

    def __init__(self, broker: BrokerAt, speaker: Speaker) -> None:
        self.asked: list[PictureAsk] = []
        self.speaker = speaker
        self.jpeg = JPEG
        self.link = Link(
            broker,
            "camera",
            clock=CLOCK,
            subscriptions=[(speaker.topics.picture_ask, 0)],
            on_delivery=self.hear,
        )
        self.link.connect()

    def hear(self, delivery: Delivery) -> None:
        self.asked.append(decode(delivery.payload, PictureAsk))
        head = encode(PictureHead(report=self.speaker.report(len(self.asked)), width=64, height=48))
        self.link.publish(self.speaker.topics.picture("camera"), packed(head, self.jpeg), qos=0)


@pytest.fixture
def camera(broker: BrokerAt) -> Iterator[Camera]:
    one = Camera(broker, Speaker(CLOCK))
    yield one
    one.link.close()


def test_a_node_is_asked_while_somebody_looks_and_the_broker_is_left_after(
    broker: BrokerAt, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_pictures, "IDLE_S", 0.3)
    monkeypatch.setattr(live_pictures, "ASK_S", 0.1)

    async def looked() -> list[bytes | None]:
        pictures = LivePictures(broker, CLOCK)
        first = await pictures.newest("seoul", "pole", "camera")
        # Two who look get one picture.
        both = await asyncio.gather(*(pictures.newest("seoul", "pole", "camera") for _ in range(2)))
        task = pictures._task
        assert task is not None
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        await pictures.close()
        return [first, *both]

    found = asyncio.run(looked())
    assert all(one is not None and one.endswith(JPEG) for one in found)
    assert 1 <= len(camera.asked) <= 3


def test_the_page_gets_it_with_what_was_found_in_it(
    broker: BrokerAt, camera: Camera, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_pictures, "ASK_S", 0)
    monkeypatch.setattr(live_pictures, "FRESH_S", 0)
    path = "/api/nodes/seoul/pole/camera/picture"
    with serving(told.hub, broker=broker) as at:
        body = get(at, path)[2]
        end = LENGTH.size + LENGTH.unpack_from(body)[0]
        head = json.loads(body[LENGTH.size : end])
        assert (body[end:], head["seq"], head["width"], head["unknown"]) == (JPEG, 1, 64, "")
        assert head["found"][0]["label"] == "car"
        # Another's picture, or none at all: what the hub itself knows is told, without one.
        camera.speaker.session_id = "ab" * 16
        body = get(at, path)[2]
        assert len(body) == LENGTH.size + LENGTH.unpack_from(body)[0]


def test_a_dashboard_that_somebody_started_beside_the_hub_asks_the_nodes_too(
    broker: BrokerAt, camera: Camera, told: Told, tmp_path: Path
) -> None:
    config = msgspec.structs.replace(told.hub, broker=broker)
    (tmp_path / "hub.toml").write_text(tomli_w.dumps(plain(config)), encoding="utf-8")
    words = ["-P", "-m", "gilmok", "hub", "web", "--hub", str(tmp_path / "hub.toml"), "--port", "0"]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            at = child.stdout.readline().strip()
            assert get(at, "/api/nodes/seoul/pole/camera/picture")[2].endswith(JPEG)
            assert camera.asked
        finally:
            child.terminate()
    # An embedded one whose port only the hub knows can't be asked, one on a port of its own can.
    for port, url in ((0, None), (1883, "mqtt://127.0.0.1:1883")):
        embedded = msgspec.structs.replace(config, broker=None, embedded=Embedded(port=port))
        known = broker_at(embedded, CLOCK)
        assert (None if known is None else known.url) == url


def test_a_broker_that_is_gone_and_a_node_that_is_silent_cost_a_look_seconds(
    monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setattr(live_pictures, "WAIT_S", 0.2)
    with serving(told.hub, broker=BrokerAt(url="mqtt://127.0.0.1:1")) as at:
        for _ in range(2):
            status, _, body = get(at, "/api/nodes/seoul/pole/camera/picture")
            assert (status, len(body)) == (200, LENGTH.size + LENGTH.unpack_from(body)[0])
            assert HOSTILE.encode() not in body


def test_no_more_than_so_many_streams_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_pictures, "MOST_STREAMS", 1)
    monkeypatch.setattr(live_pictures, "WAIT_S", 0.05)

    async def looked() -> None:
        pictures = LivePictures(BrokerAt(url="mqtt://127.0.0.1:1"), CLOCK)
        first = asyncio.create_task(pictures.newest("seoul", "pole", "camera"))
        await asyncio.sleep(0)
        began = CLOCK.now().mono_ns
        assert await pictures.newest("seoul", "mast", "camera") is None
        assert CLOCK.now().mono_ns - began < 40_000_000
        assert await first is None
        await pictures.close()

    asyncio.run(looked())


def test_a_question_has_bounds() -> None:
    for wrong in ('{"stream": "a/b", "for_s": 1}', '{"stream": "a", "for_s": 99}', '{"stream": "a"}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=PictureAsk)
