from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.assembly import loaded, open_stream
from edge.config import BackendChoice, ModelChoice, SourceChoice, StreamConfig
from edge.device.backend import Telemetry
from edge.stream import Stream
from edge.uplink import BirthUnfit, Uplink
from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from edge.wire.messages import Birth, Conn, FrameReport, Health, decode
from edge.wire.topics import NodeTopics
from sensors.clock import SystemClock
from tests.speaker import Speaker
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

CLOCK = SystemClock()
FRAMES = 3
WARM = Telemetry(temperature_c=41.5, power_w=float("nan"), clock_mhz=800.0, utilisation=0.25, throttled=False)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    root = write_recording(tmp_path / "mot", frames=FRAMES)
    options = {"dataset": "mot", "root": str(root), "recording": "WALK"}
    config = StreamConfig(name="camera", source=SourceChoice(kind="recording", options=options), pace="lockstep")
    with (
        loaded(ModelChoice(file=write_model(tmp_path)), BackendChoice(), tmp_path) as parts,
        open_stream(config, parts, tmp_path, CLOCK) as opened,
    ):
        yield opened


class Listener:
    """Whatever the nodes of a site say, by topic."""

    def __init__(self, broker: BrokerAt, site: str) -> None:
        self.deliveries: list[Delivery] = []
        subscriptions = [(f"gilmok/v1/{site}/+/up/#", 1)]
        self.link = Link(
            broker, f"{site}-l", clock=CLOCK, subscriptions=subscriptions, on_delivery=self.deliveries.append
        )
        self.link.connect()

    def on(self, topic: str) -> list[bytes]:
        return [one.payload for one in self.deliveries if one.topic == topic]


def test_a_session_is_announced_reported_and_taken_leave_of(broker: BrokerAt, site: str, stream: Stream) -> None:
    listener, topics = Listener(broker, site), NodeTopics(site, "pole")
    birth = Speaker(CLOCK, site=site).birth
    uplink = Uplink(broker, birth, CLOCK)
    uplink.connect()
    stream.run(uplink.report)
    uplink.tell([stream], WARM)
    assert uplink.farewell([stream], None) == 0
    wait_until(lambda: len(listener.on(topics.conn)) == 2, "the goodbye")
    assert decode(listener.on(topics.birth)[0], Birth) == birth
    assert [decode(said, Conn).state for said in listener.on(topics.conn)] == ["online", "offline"]
    reports = [decode(said, FrameReport) for said in listener.on(topics.detections("camera"))]
    assert [(report.n, report.status) for report in reports] == [(n, "ok") for n in range(FRAMES)]
    running, final = (decode(said, Health) for said in listener.on(topics.health))
    assert (running.temperature_c, running.power_w, running.utilisation) == (41.5, None, 0.25)
    assert (final.final, final.queued, final.streams["camera"].ok) == (True, 0, FRAMES)
    # Two questions: at the connection and at the goodbye, and one beside every health message.
    assert len(listener.on(topics.clock_ask)) == 3
    listener.link.close()


def test_a_birth_that_no_hub_would_take_is_told_before_anything_is_connected() -> None:
    birth = msgspec.structs.replace(Speaker(CLOCK).birth, software="1" * 1000)
    with pytest.raises(BirthUnfit, match=r"software"):
        Uplink(BrokerAt(url="mqtt://nobody.invalid"), birth, CLOCK)
