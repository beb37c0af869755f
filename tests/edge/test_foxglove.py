"""A real node, live to a client that speaks Foxglove's protocol."""

import base64
import itertools
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.config import ModelChoice, NodeConfig, SourceChoice, StreamConfig
from edge.live_view.foxglove import FoxgloveUnreachable, LiveView
from edge.node import Node
from edge.uncommitted import ReportsUncommitted
from edge.wire.address import BrokerAt
from sensors.clock import NS_PER_S, SystemClock
from sensors.frame import Frame, FrameId
from tests.speaker import Speaker
from tests.tiny import write_model, write_recording

pytest.importorskip("foxglove", reason="foxglove-sdk is not installed (pip install gilmok[foxglove])")
FRAMES = 400


class Client:
    """Subscribes to everything that is advertised."""

    def __init__(self, connection: Any) -> None:
        self._socket = connection
        self.channels: dict[str, dict[str, Any]] = {}
        while len(self.channels) < 4:
            said = json.loads(self._socket.recv(timeout=10))
            for channel in said.get("channels", ()):
                self.channels[channel["topic"]] = channel
        wanted = [{"id": channel["id"], "channelId": channel["id"]} for channel in self.channels.values()]
        self._socket.send(json.dumps({"op": "subscribe", "subscriptions": wanted}))

    def messages(self) -> Iterator[tuple[str, int, Any]]:
        """Topic, the instant it belongs to, and what was said, by the schema that was advertised."""
        topics = {channel["id"]: topic for topic, channel in self.channels.items()}
        while True:
            said = self._socket.recv(timeout=20)
            if isinstance(said, bytes) and said[0] == 1:
                number, at_ns = struct.unpack_from("<IQ", said, 1)
                yield topics[number], at_ns, self._decoded(self.channels[topics[number]], said[13:])

    @staticmethod
    def _decoded(channel: dict[str, Any], payload: bytes) -> Any:
        if channel["encoding"] == "json":
            return json.loads(payload)
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

        files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(channel["schema"]))
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(channel["schemaName"])).FromString(payload)


@contextmanager
def client_of(address: str) -> Iterator[Client]:
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    with connect(address, subprotocols=[Subprotocol("foxglove.sdk.v1")], max_size=None) as connection:
        yield Client(connection)


def test_a_node_shows_its_pictures_with_their_boxes_its_reports_and_its_health(
    embedded_url: str, site: str, tmp_path: Path
) -> None:
    write_recording(tmp_path / "mot", frames=FRAMES, fps=100)
    source = {"dataset": "mot", "root": str(tmp_path / "mot"), "recording": "WALK"}
    node = Node(
        NodeConfig(
            name="pole",
            site=site,
            model=ModelChoice(file=write_model(tmp_path)),
            streams=(StreamConfig(name="camera", source=SourceChoice(kind="recording", options=source)),),
            broker=BrokerAt(url=embedded_url),
            state=tmp_path / "state",
        ),
        tmp_path,
        SystemClock(),
        foxglove=0,
    )
    seen: dict[str, dict[int, Any]] = {}

    def watch() -> None:
        try:
            assert node.view is not None
            with client_of(node.view.address) as client:
                for topic, at_ns, said in client.messages():
                    seen.setdefault(topic, {})[at_ns] = said
                    if len(seen) == 4 and len(seen["/camera/image"]) > 2:
                        return
        finally:
            node.stop()

    watching = threading.Thread(target=watch)
    # No hub is there to commit anything.
    with pytest.raises(ReportsUncommitted):
        node.run(watching.start)
    watching.join()
    assert set(seen) == {"/camera/image", "/camera/boxes", "/camera/report", "/health"}
    at_ns, image = list(seen["/camera/image"].items())[1]
    assert (image.format, pixels(image).shape) == ("jpeg", (64, 64, 3))
    # What was found in that very frame has its instant.
    (loop,) = seen["/camera/boxes"][at_ns].points
    assert [round(point.x) for point in loop.points] == [16, 48, 48, 16]
    assert seen["/camera/boxes"][at_ns].texts[0].text.startswith("person 0.")
    report = seen["/camera/report"][at_ns]
    assert (report["status"], report["stream"], report["found"], "findings" in report) == ("ok", "camera", 1, False)
    assert next(iter(seen["/health"].values()))["streams"]["camera"]["captured"] > 0


def test_while_nobody_looks_nothing_is_copied_and_pictures_come_ten_times_a_second_at_most() -> None:
    clock = SystemClock()
    speaker, picture = Speaker(clock), np.zeros((90, 2560, 3), np.uint8)
    view = LiveView("pole", ["camera"], ["car", "bus"], 0, clock)
    frames, pause = itertools.count(), threading.Event()

    def say(seconds: float) -> None:
        until_ns = clock.now().mono_ns + int(seconds * NS_PER_S)
        while clock.now().mono_ns < until_ns:
            pause.wait(0.005)
            n = next(frames)
            report = speaker.report(n)
            view.see(Frame(FrameId("camera", n), report.stamp, "arrival", picture))
            view.report(report)

    try:
        say(0.05)
        assert not view._streams["camera"].held
        came = 0
        # Subscribed when it says so is only known by what comes.
        speaking = threading.Thread(target=say, args=(1.0,))
        with client_of(view.address) as client:
            speaking.start()
            for topic, _, said in client.messages():
                if topic == "/camera/image":
                    came += 1
                    assert pixels(said).shape == (45, 1280, 3)
                if topic == "/camera/boxes" and came:
                    assert round(said.points[0].points[1].x) == 32
                if not speaking.is_alive():
                    break
        speaking.join()
        assert 1 <= came <= 11
    finally:
        view.close()


def pixels(image: Any) -> Any:
    picture = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FoxgloveUnreachable, match=str(port)):
            LiveView("pole", ["camera"], [], port, SystemClock())
