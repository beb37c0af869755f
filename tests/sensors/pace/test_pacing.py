import multiprocessing as mp
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from sensors.clock import NS_PER_MS, SystemClock
from sensors.pace.feeder import Feeder, FeederDied
from sensors.pace.pacing import Anchor, Lockstep, Schedule
from sensors.sources.files import VideoFile
from sensors.sources.folder import ImageFolder
from sensors.sources.source import SourceUnusable
from tests.fakes import ManualClock
from tests.videos import write_video


@pytest.fixture
def pictures(tmp_path: Path) -> ImageFolder.Options:
    for index in range(12):
        cv2.imwrite(str(tmp_path / f"{index:02}.png"), np.full((32, 48, 3), index * 10, np.uint8))
    return ImageFolder.Options(path=tmp_path, fps=200)


def test_lockstep_gives_every_frame_once_and_stamps_it_at_hand_over(pictures: ImageFolder.Options) -> None:
    clock = ManualClock()
    pace = Lockstep(ImageFolder(pictures, stream="s", clock=clock), clock)
    seen = []
    while (frame := pace.take()) is not None:
        seen.append((frame.id.seq, frame.stamp.mono_ns == clock.mono_ns))
        clock.pass_ns(5_000_000)
    assert seen == [(seq, True) for seq in range(12)]
    assert (pace.captured, pace.dropped) == (12, 0)


def test_lockstep_ends_at_its_limit_and_when_it_is_stopped(pictures: ImageFolder.Options) -> None:
    clock = ManualClock()
    limited = Lockstep(ImageFolder(pictures, stream="s", clock=clock), clock, limit=3)
    assert [limited.take() is not None for _ in range(4)] == [True, True, True, False]
    limited = Lockstep(ImageFolder(pictures, stream="s", clock=clock), clock)
    limited.take()
    limited.stop()
    assert limited.take() is None
    assert limited.captured == 1


def test_lockstep_goes_on_after_the_last_frame_that_was_done(pictures: ImageFolder.Options) -> None:
    clock = ManualClock()
    folder = ImageFolder(pictures, stream="s", clock=clock)
    pace = Lockstep(folder, clock, limit=8, resume=Anchor(seq=4, mono_ns=0))
    seen = []
    while (frame := pace.take()) is not None:
        seen.append(frame.id.seq)
    assert seen == [5, 6, 7]
    assert (pace.captured, pace.skipped) == (3, 5)


def test_a_camera_process_goes_on_with_an_earlier_schedule_where_it_would_be_by_now(tmp_path: Path) -> None:
    path = write_video(tmp_path / "drive.mkv", 30, fps=10)
    clock = SystemClock()
    feeder = Feeder(
        "video",
        VideoFile.Options(path=path),
        stream="s",
        paced=True,
        # Frame 2 was due two seconds and a bit ago: so the 22nd is the next one, at the earliest.
        resume=Anchor(seq=2, mono_ns=(anchor_ns := clock.now().mono_ns - 2_010 * NS_PER_MS)),
    )
    feeder.start()
    taken = []
    while (frame := feeder.take()) is not None:
        taken.append(frame)
    feeder.close()
    assert feeder.skipped >= 23
    assert feeder.captured + feeder.skipped == 30
    assert all(frame.stamp.mono_ns == anchor_ns + (frame.id.seq - 2) * 100 * NS_PER_MS for frame in taken)


def test_a_schedule_does_not_drift() -> None:
    schedule = Schedule(t0_ns=7, fps=30)
    assert schedule.due_ns(30 * 3600) == 7 + 3600 * 10**9
    assert schedule.due_ns(1) == 7 + 33_333_333


def test_a_camera_process_releases_on_schedule_and_balances_its_books(pictures: ImageFolder.Options) -> None:
    feeder = Feeder("folder", pictures, stream="s", paced=True)
    feeder.start()
    taken = []
    while (frame := feeder.take()) is not None:
        taken.append((frame.id.seq, frame.stamp.mono_ns, int(frame.image[0, 0, 0])))
        assert frame.kind == "scheduled"
    feeder.close()
    assert feeder.captured == 12 == len(taken) + feeder.dropped
    assert taken[-1][0] == 11
    for seq, stamp_ns, value in taken:
        assert value == seq * 10
        # exactly on the grid of the schedule, whenever the frame really came
        assert stamp_ns - taken[0][1] == (seq - taken[0][0]) * 5_000_000
    lateness = feeder.pacing_error()
    assert lateness is not None
    assert lateness.n == 12
    assert 0 <= lateness.p50_ns <= lateness.p99_ns <= lateness.max_ns


def test_a_video_of_varying_rate_is_played_by_its_own_stamps(tmp_path: Path) -> None:
    path = write_video(tmp_path / "drive.mkv", 5, fps=100, at_ms=[0, 10, 20, 70, 120])
    feeder = Feeder("video", VideoFile.Options(path=path), stream="s", paced=True)
    feeder.start()
    taken = []
    while (frame := feeder.take()) is not None:
        taken.append((frame.id.seq, frame.stamp.mono_ns))
    feeder.close()
    first = taken[0][1] - [0, 10, 20, 70, 120][taken[0][0]] * NS_PER_MS
    assert [(stamp - first) // NS_PER_MS for _, stamp in taken] == [[0, 10, 20, 70, 120][seq] for seq, _ in taken]


def test_a_node_that_never_takes_has_every_frame_dropped(pictures: ImageFolder.Options) -> None:
    feeder = Feeder("folder", pictures, stream="s", paced=True)
    feeder.start()
    while not feeder.ended:
        pass
    feeder.stop()
    feeder.close()
    assert (feeder.captured, feeder.dropped) == (12, 12)


def test_newest_wins_for_a_node_that_comes_late(pictures: ImageFolder.Options) -> None:
    feeder = Feeder("folder", pictures, stream="s", paced=True)
    feeder.start()
    while feeder.captured < 12:
        pass
    frame = feeder.take()
    assert frame is not None
    assert frame.id.seq == 11
    assert feeder.take() is None
    feeder.close()
    assert (feeder.captured, feeder.dropped) == (12, 11)


def test_what_keeps_a_source_from_opening_is_told_in_the_node(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="there is no folder"):
        Feeder("folder", ImageFolder.Options(path=tmp_path / "none"), stream="s", paced=True)


def test_a_damaged_picture_comes_through_as_a_fault(pictures: ImageFolder.Options) -> None:
    (pictures.path / "03.png").write_bytes(b"")
    feeder = Feeder("folder", pictures, stream="s", paced=True, limit=4)
    feeder.start()
    faults = []
    while (frame := feeder.take()) is not None:
        if frame.fault:
            faults.append(frame.id.seq)
            assert "03.png" in frame.fault
            assert frame.image.size == 0
    feeder.close()
    assert faults in ([3], [])
    assert feeder.captured == 4


def test_closing_before_the_start_ends_the_camera_process(pictures: ImageFolder.Options) -> None:
    feeder = Feeder("folder", pictures, stream="s", paced=True)
    feeder.close()
    feeder.close()
    assert feeder.captured == 0


def drain(feeder: Feeder) -> None:
    while feeder.take() is not None:
        pass


def test_a_killed_camera_process_is_told_and_nothing_hangs(pictures: ImageFolder.Options) -> None:
    feeder = Feeder("folder", pictures, stream="s", paced=True)
    (child,) = mp.active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    feeder.start()
    with pytest.raises(FeederDied, match="status -9"):
        drain(feeder)
    feeder.close()


def test_a_camera_process_ends_when_its_node_is_killed(pictures: ImageFolder.Options) -> None:
    node = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).parent / "orphaning.py"), str(pictures.path)], stdout=subprocess.PIPE
    )
    assert node.stdout is not None
    camera = int(node.stdout.readline())
    node.kill()
    # The camera holds the other end of this pipe: it closes when the camera is gone.
    with node.stdout as pipe:
        assert pipe.read() == b""
    node.wait()
    assert not Path(f"/proc/{camera}/fd").is_dir() or not any(Path(f"/proc/{camera}/fd").iterdir())
