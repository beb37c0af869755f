import itertools
import logging
import math
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors import plugins
from sensors.clock import NS_PER_S, SystemClock
from sensors.frame import Frame
from sensors.pace.feeder import Feeder
from sensors.pace.pacing import Lockstep, PaceUnfit
from sensors.sources.folder import ImageFolder
from sensors.sources.live import Camera, CameraLost
from sensors.sources.source import SourceBroke, SourceUnusable
from tests.fakes import ManualClock
from tests.secret_files import secret_file
from tests.sensors.sources.cameras import MjpegCamera, jpeg, switched_on

READ_TIMEOUT_S = 0.3


def looking(
    camera: MjpegCamera, clock: ManualClock | None = None, *, fps: float | None = None, login: Path | None = None
) -> Camera:
    options = Camera.Options(
        url=camera.url, fps=fps, login=login, open_timeout_s=2, read_timeout_s=READ_TIMEOUT_S, give_up_s=20
    )
    return Camera(options, stream="gate", clock=clock or ManualClock(tick_ns=1))


def until_fault(frames: Iterator[Frame]) -> list[Frame]:
    """Up to and with the first frame that has one."""
    seen: list[Frame] = []
    for frame in frames:
        seen.append(frame)
        if frame.fault:
            break
    return seen


def shade(frame: Frame) -> int:
    return round(float(frame.image.mean()))


def test_frames_arrive_numbered_and_stamped_as_pictures_that_nobody_can_change() -> None:
    with switched_on() as server, looking(server) as camera:
        seen = list(itertools.islice(camera.frames(), 20))
    assert [frame.id.seq for frame in seen] == list(range(20))
    assert {(frame.id.stream, frame.kind, frame.fault) for frame in seen} == {("gate", "arrival", "")}
    stamps = [frame.stamp.mono_ns for frame in seen]
    assert stamps == sorted(set(stamps))
    assert {(frame.image.shape, frame.image.flags.writeable) for frame in seen} == {((48, 64, 3), False)}
    # FFmpeg may keep the first picture to itself; from then on each comes once, in order.
    assert [shade(frame) - shade(seen[0]) for frame in seen] == pytest.approx(range(20), abs=1)


def test_a_camera_that_went_away_is_one_frame_with_a_fault_and_then_its_first_frame_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "sensors.sources.live")
    with switched_on(pictures=30) as server, looking(server) as camera:
        frames = camera.frames()
        first = until_fault(frames)
        assert "was lost" in first[-1].fault
        assert first[-1].image.size == 0
        assert 20 < len(first) <= 31
        second = until_fault(frames)
    assert [frame.id.seq for frame in (*first, *second)] == list(range(len(first) + len(second)))
    assert second[0].fault == ""
    assert len(second) == len(first)
    told = [record.getMessage().removeprefix(camera.origin.name)[1:9] for record in caplog.records]
    assert told == ["was lost", "is back ", "was lost"]


def test_a_silent_camera_is_lost_after_the_read_timeout_and_nothing_hangs() -> None:
    with switched_on(pictures=30, silent=True) as server, looking(server) as camera:
        seen = until_fault(camera.frames())
    assert "was lost" in seen[-1].fault
    assert len(seen) > 20


def test_a_camera_that_is_switched_off_and_on_again_comes_back() -> None:
    clock = ManualClock(tick_ns=1)
    with switched_on() as server:
        camera = looking(server, clock)
        frames = camera.frames()
        assert next(frames).fault == ""
    assert "was lost" in until_fault(frames)[-1].fault
    with switched_on(server.port):
        assert next(frames).fault == ""
        camera.__exit__(None, None, None)


def test_a_camera_that_stays_away_is_given_up_after_growing_pauses() -> None:
    clock = ManualClock()
    with switched_on(pictures=30) as server, looking(server, clock) as camera:
        frames = camera.frames()
        until_fault(frames)
        server.switched_off.set()
        server.shutdown()
        server.server_close()
        begun_ns = clock.mono_ns
        with pytest.raises(CameraLost, match="did not come back within 20 s"):
            next(frames)
    # .25, .5 and then a second at most, cut at the 20th.
    assert clock.mono_ns - begun_ns == 20 * NS_PER_S


def test_a_port_where_nobody_answers_is_told_at_once_or_after_the_timeout() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        options = Camera.Options(
            url=f"rtsp://127.0.0.1:{mute.getsockname()[1]}/gate", open_timeout_s=READ_TIMEOUT_S, give_up_s=1
        )
        assert "is not there yet: " in first_of(options).fault
    assert "is not there yet: Connection refused" in first_of(options).fault


@pytest.mark.parametrize("url", ["/dev/video97", 97])
def test_a_device_that_is_not_there_is_told_and_waited_for(url: str | int) -> None:
    clock = ManualClock()
    with Camera(Camera.Options(url=url, give_up_s=5), stream="gate", clock=clock) as camera:
        frames = camera.frames()
        assert "device /dev/video97 is not there yet: No such file" in next(frames).fault
        with pytest.raises(CameraLost, match="did not come back within 5 s"):
            next(frames)


def first_of(options: Camera.Options) -> Frame:
    with Camera(options, stream="gate", clock=ManualClock()) as camera:
        return next(camera.frames())


@pytest.mark.parametrize(
    "url",
    ["", "drive.mp4", "rtsp://", "gate/camera", "me:hush@gate", "http://me:hush@[::1/x", "http://gate:99999?key=hush"],
)
def test_what_is_no_address_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(SourceUnusable, match="is no camera") as refused:
        Camera(Camera.Options(url=url), stream="gate", clock=ManualClock())
    assert "hush" not in str(refused.value)


def test_a_password_belongs_into_a_file_and_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable) as refused:
        Camera(Camera.Options(url="rtsp://me:hush@gate/1?key=hush"), stream="gate", clock=ManualClock())
    assert "rtsp://gate/1" in str(refused.value)
    assert "hush" not in str(refused.value)
    login = secret_file(tmp_path / "login", "me:p@ss/word\n")
    with switched_on(login="me:p@ss/word") as server, looking(server, login=login) as camera:
        assert next(camera.frames()).fault == ""
        assert camera.origin.name == f"http://127.0.0.1:{server.port}/live.mjpg"
    with switched_on(login="me:other") as server, looking(server, login=login) as camera:
        assert "401 Unauthorized" in (fault := next(camera.frames()).fault)
        assert "p@ss" not in fault


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "can't be read: No such file"),
        (b"password\n", "holds no login"),
        (b"me:\xff", "is not text in UTF-8"),
        (b"me:" + bytes(5000), "more than 1,000 are not read"),
    ],
)
def test_a_login_that_is_none_is_told(tmp_path: Path, content: bytes | None, why: str) -> None:
    login = tmp_path / "login"
    if content is not None:
        secret_file(login, content)
    with pytest.raises(SourceUnusable, match=why):
        Camera(Camera.Options(url="rtsp://gate/1", login=login), stream="gate", clock=ManualClock())


def test_pictures_over_http_have_no_rate_unless_it_is_given() -> None:
    with switched_on() as server:
        with looking(server) as camera:
            assert math.isnan(camera.fps)
        with looking(server, fps=15) as camera:
            assert camera.fps == 15


def test_a_live_camera_is_no_recording_and_a_recording_is_not_live(tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(jpeg(90))
    folder = ImageFolder.Options(path=tmp_path)
    with pytest.raises(SourceUnusable, match=r"folder .* is recorded: it has no pace of its own"):
        Feeder("folder", folder, stream="gate", paced=False)
    with switched_on() as server:
        with pytest.raises(PaceUnfit, match="is live"):
            Lockstep(looking(server), ManualClock())
        with pytest.raises(SourceUnusable, match="is live: nothing but itself can pace it"):
            feeder(server, paced=True)


def feeder(camera: MjpegCamera, *, paced: bool = False, limit: int | None = None) -> Feeder:
    if "camera" not in plugins.names("sources"):
        pytest.skip("this installation is older than the source plugin 'camera': install gilmok again")
    options = Camera.Options(url=camera.url, read_timeout_s=READ_TIMEOUT_S, give_up_s=0)
    return Feeder("camera", options, stream="gate", paced=paced, limit=limit)


def test_a_node_gets_what_the_camera_shows_from_the_start_on_and_nothing_older() -> None:
    with switched_on() as server:
        pace = feeder(server, limit=200)
        started_ns = SystemClock().now().mono_ns
        pace.start()
        taken = []
        while (frame := pace.take()) is not None:
            taken.append((frame.id.seq, frame.stamp.mono_ns, frame.kind, frame.fault))
        pace.close()
    assert pace.captured == 200 == len(taken) + pace.dropped
    assert pace.pacing_error() is None
    assert all(stamp_ns > started_ns and kind == "arrival" and fault == "" for _, stamp_ns, kind, fault in taken)
    assert taken == sorted(taken)


def test_a_camera_that_is_given_up_breaks_the_stream_and_says_why() -> None:
    with switched_on() as server:
        pace = feeder(server)
        pace.start()
        assert pace.take() is not None
    last = ""

    def take_all() -> None:
        nonlocal last
        while (frame := pace.take()) is not None:
            last = frame.fault

    with pytest.raises(SourceBroke, match="was lost and did not come back within 0 s"):
        take_all()
    assert "was lost" in last
    pace.close()
