"""Pictures over the broker: none unasked, two a second at most, each with the report of its very frame."""

import msgspec
import numpy as np
import pytest

from edge.live_view.on_demand import PicturesOnDemand
from edge.wire.live.pictures import LENGTH, MOST_BYTES, PictureAsk, PictureHead, packed, unpacked
from edge.wire.messages import FrameReport, MessageWrong, encode
from sensors.clock import NS_PER_MS, NS_PER_S
from sensors.frame import Frame, FrameId, Image
from tests.fakes import ManualClock
from tests.speaker import Speaker
from tests.waiting import wait_until

FRAME_NS = 40 * NS_PER_MS


class Watched:
    """A node's stream at 25 frames a second, and what it sends."""

    def __init__(self, image: Image | None = None) -> None:
        self.clock = ManualClock()
        self.sent: list[tuple[str, bytes]] = []
        self.pictures = PicturesOnDemand(["camera"], lambda stream, sent: self.sent.append((stream, sent)), self.clock)
        self.speaker = Speaker(self.clock)
        self.image: Image = np.full((90, 160, 3), 128, np.uint8) if image is None else image
        self.n = 0

    def frames(self, count: int, **changes: object) -> None:
        for _ in range(count):
            report = self.speaker.report(self.n, **changes)
            self.pictures.see(Frame(FrameId("camera", self.n), report.stamp, "arrival", self.image))
            self.pictures.report(report)
            self.clock.pass_ns(FRAME_NS)
            self.n += 1

    def ask(self, for_s: float = 5, stream: str = "camera") -> None:
        self.pictures.ask(PictureAsk(stream=stream, for_s=for_s))

    def settled(self, count: int) -> list[FrameReport]:
        """What was sent, once so many pictures were."""
        wait_until(lambda: len(self.sent) >= count, "the pictures to be sent")
        self.pictures.close()
        return [unpacked(sent)[0].report for _, sent in self.sent]


def test_nothing_is_sent_unasked_and_nothing_when_the_question_has_lapsed() -> None:
    watched = Watched()
    watched.frames(50)
    watched.ask(stream="another")
    watched.frames(5)
    watched.ask(for_s=1)
    watched.frames(1)
    wait_until(lambda: len(watched.sent) == 1, "a picture")
    watched.clock.pass_ns(NS_PER_S)
    watched.frames(50)
    (report,) = watched.settled(1)
    assert report.seq == 55


def test_however_often_it_is_asked_two_a_second_are_sent_each_with_its_own_report() -> None:
    watched = Watched()
    for sent in range(1, 5):
        watched.ask()
        watched.ask()
        watched.frames(13)
        wait_until(lambda sent=sent: len(watched.sent) == sent, "the next picture")  # type: ignore[misc]
    assert [report.seq for report in watched.settled(4)] == [0, 13, 26, 39]
    head, jpeg = unpacked(watched.sent[0][1])
    assert (head.width, head.height, watched.sent[0][0]) == (160, 90, "camera")
    assert 0 < len(jpeg) < 20_000


def test_of_a_failed_frame_there_is_no_picture_and_noise_is_made_small() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    watched = Watched(noise)
    watched.ask()
    watched.frames(1, status="failed", findings=None)
    watched.clock.pass_ns(NS_PER_S)
    watched.frames(1)
    assert [report.seq for report in watched.settled(1)] == [1]
    assert len(watched.sent[0][1]) <= MOST_BYTES


def test_what_is_no_picture_is_refused() -> None:
    speaker = Speaker(ManualClock())
    head = encode(PictureHead(report=speaker.report(0), width=4, height=3))
    wrong = encode(PictureHead(report=speaker.report(0, total_ns=1), width=4, height=3))
    huge = msgspec.json.encode({**msgspec.json.decode(head), "width": 10**9})
    for payload, reason in (
        (b"", "picture"),
        (packed(head, b"<script>"), "picture"),
        (packed(wrong, b"\xff\xd8"), "stages"),
        (packed(huge, b"\xff\xd8"), "range"),
        (LENGTH.pack(2**32 - 1) + head, "picture"),
        (packed(b"[]", b"\xff\xd8"), "schema"),
        (bytes(MOST_BYTES + 1), "oversize"),
    ):
        with pytest.raises(MessageWrong) as refused:
            unpacked(payload)
        assert refused.value.reason == reason, payload[:20]
