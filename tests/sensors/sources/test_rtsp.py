"""A live camera over RTSP, by GStreamer's own server: killed, stopped, and back with another resolution."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from sensors.clock import NS_PER_MS, NS_PER_S, SystemClock
from sensors.frame import Frame, Image
from sensors.pace.feeder import Feeder
from sensors.serving.rtsp import RtspServer, rtsp_is_there
from sensors.sources.live import Camera

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not rtsp_is_there(), reason="GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0) is missing"),
]

FPS = 15
BIT_PX, BITS = 12, 44
CLOCK = SystemClock()


def drawn(at_ms: int, width: int, height: int) -> Image:
    """The milliseconds as blocks of light and dark along the upper edge."""
    image = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        image[:32, bit * BIT_PX : (bit + 1) * BIT_PX] = 255 if at_ms >> bit & 1 else 0
    return image


def read_ms(image: Image) -> int:
    return sum(1 << bit for bit in range(BITS) if image[16, bit * BIT_PX + BIT_PX // 2].mean() > 127)


@contextmanager
def showing(port: int = 0, size: tuple[int, int] = (640, 360)) -> Iterator[RtspServer]:
    """A camera that shows the time of day, from now on."""
    done = threading.Event()
    with RtspServer("gate", *size, FPS, port=port) as server:

        def show() -> None:
            while not done.wait(1 / FPS):
                try:
                    server.show(drawn(CLOCK.now().utc_ns // NS_PER_MS, *size))
                except Exception:  # noqa: BLE001  the server was killed, as it should
                    return

        thread = threading.Thread(target=show)
        thread.start()
        try:
            yield server
        finally:
            done.set()
            os.kill(server.pid, signal.SIGCONT)
            server.close()
            thread.join()


def watching(server: RtspServer, **more: object) -> Camera:
    options = Camera.Options(url=server.url, open_timeout_s=2, read_timeout_s=1, **more)  # type: ignore[arg-type]
    return Camera(options, stream="gate", clock=CLOCK)


def pictures(frames: Iterator[Frame], n: int) -> list[Frame]:
    """The next `n` frames that have a picture."""
    seen: list[Frame] = []
    while len(seen) < n:
        frame = next(frames)
        if not frame.fault:
            seen.append(frame)
    return seen


def test_a_frame_is_stamped_by_its_senders_clock_and_shows_about_that_time() -> None:
    with showing() as server, watching(server) as camera:
        # Until its first report the sender's clock is not known.
        seen = [frame for frame in pictures(camera.frames(), 45) if frame.kind == "exposure"]
    assert len(seen) > 5
    off_ms = [frame.stamp.utc_ns // NS_PER_MS - read_ms(frame.image) for frame in seen]
    # What the server took to encode; the stamp is the sender's, not ours.
    assert 0 <= np.median(off_ms) < 500
    steps_ns = np.diff([frame.camera.pts_ns for frame in seen if frame.camera])
    assert (steps_ns > 0).all()
    assert all(frame.encoded is not None and frame.encoded.format == "h264" for frame in seen)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_killed_camera_is_a_fault_and_is_back_with_another_resolution(transport: str) -> None:
    with showing() as server:
        camera = watching(server, transport=transport)
        frames = camera.frames()
        assert pictures(frames, 3)[-1].image.shape == (360, 640, 3)
        os.kill(server.pid, signal.SIGKILL)
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        # What was on its way may be cut off.
        while "was lost" not in (lost := next(frames)).fault:
            pass
    with showing(port, (1280, 720)), camera:
        back = pictures(frames, 3)
        assert back[-1].image.shape == (720, 1280, 3)
        assert read_ms(back[-1].image) > back[-1].stamp.utc_ns // NS_PER_MS - 5_000
        assert camera.health.lost >= 1
        assert back[0].id.seq > lost.id.seq


def test_a_silent_camera_is_noticed_and_comes_back() -> None:
    with showing() as server, watching(server) as camera:
        frames = camera.frames()
        pictures(frames, 3)
        os.kill(server.pid, signal.SIGSTOP)
        began_ns = CLOCK.now().mono_ns
        while not next(frames).fault:
            pass
        assert CLOCK.now().mono_ns - began_ns < 15 * NS_PER_S
        os.kill(server.pid, signal.SIGCONT)
        assert pictures(frames, 2)[-1].image.shape == (360, 640, 3)


def test_the_books_of_a_stream_balance_over_a_camera_that_went_and_came() -> None:
    with showing() as server:
        options = Camera.Options(url=server.url, open_timeout_s=2, read_timeout_s=1)
        pace = Feeder("camera", options, stream="gate", paced=False)
        pace.start()
        taken = [pace.take() for _ in range(5)]
        os.kill(server.pid, signal.SIGKILL)
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        faults: list[str] = []
        while not faults:
            frame = pace.take()
            assert frame is not None
            taken.append(frame)
            faults += [frame.fault] if frame.fault else []
    with showing(port):
        taken += [pace.take() for _ in range(5)]
        health = pace.live_health()
        pace.close()
    assert pace.captured == len(taken) + pace.dropped
    assert health is not None
    assert health.lost >= 1


def test_a_camera_that_is_away_does_not_keep_a_node_from_ending() -> None:
    pace = Feeder("camera", Camera.Options(url="rtsp://127.0.0.1:1/gate"), stream="gate", paced=False)
    pace.start()
    began_ns = time.monotonic_ns()
    pace.close()
    assert time.monotonic_ns() - began_ns < 5 * NS_PER_S
