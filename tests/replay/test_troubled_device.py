"""A drive through a device that dies, hangs and disappears: every frame has a fate, and none of them is a zero."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from edge.assembly import open_pace
from edge.backends.onnxruntime import OnnxRuntime
from edge.config import SourceChoice, StreamConfig
from edge.device.remote.session import Remote, RemoteSession
from edge.device.watched import Watched
from edge.pipeline import Pipeline
from edge.stream import Stream
from edge.wire.messages import FrameReport, StreamCounters
from models import catalogue
from sensors.clock import SystemClock
from tests.tiny import write_model, write_recording

FRAMES = 12


class Drive:
    """A lockstep run over twelve frames on ONNX Runtime in another process; `at` does something after a frame."""

    def __init__(self, folder: Path, sessions: int = 1) -> None:
        root = write_recording(folder / "mot", frames=FRAMES)
        options = {"dataset": "mot", "root": str(root), "recording": "WALK"}
        source = StreamConfig(name="s", source=SourceChoice(kind="recording", options=options), pace="lockstep")
        manifest, artefact = catalogue.locate(str(write_model(folder)))
        remote = Remote(
            "onnxruntime",
            "edge.backends.onnxruntime:OnnxRuntime",
            Path(sys.executable),
            OnnxRuntime.Options(sessions=sessions),
            deadline_ms=1500,
        )
        self.device = "cpu"
        self.watched = Watched("onnxruntime", lambda: remote.load(artefact, self.device), 60_000, SystemClock())
        self.reports: list[FrameReport] = []
        self.at: dict[int, Callable[[], object]] = {}
        pipeline = Pipeline(manifest, artefact, self.watched, SystemClock())
        self._stream = Stream("s", open_pace(source, Path(), SystemClock()), pipeline)

    def run(self) -> StreamCounters:
        with self._stream as stream:
            stream.run(self._deliver)
        return stream.counters()

    def signal(self, number: int) -> None:
        session = self.watched.session
        assert isinstance(session, RemoteSession)
        os.kill(session.pid, number)

    def fates(self) -> Sequence[str]:
        return [report.status for report in self.reports]

    def _deliver(self, report: FrameReport) -> None:
        self.reports.append(report)
        self.at.get(len(self.reports), lambda: None)()


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    made = Drive(tmp_path)
    yield made
    made.watched.close()


def check_books(drive: Drive, counted: StreamCounters, failed: int) -> None:
    assert (counted.captured, counted.ok, counted.failed) == (FRAMES, FRAMES - failed, failed)
    assert (counted.dropped, counted.pending) == (0, 0)
    assert [report.n for report in drive.reports] == list(range(FRAMES))
    for report in drive.reports:
        # The tiny model finds its person in every picture: whoever finds nothing has not looked.
        assert (report.findings is None) == (report.status == "failed")
        assert report.findings is None or report.findings.scores[0] > 0.4


def test_a_worker_killed_in_the_middle_costs_one_frame(drive: Drive) -> None:
    drive.at[4] = lambda: drive.signal(signal.SIGKILL)
    check_books(drive, drive.run(), failed=1)
    assert "signal 9" in drive.reports[4].reason
    assert drive.watched.rebuilt == 1


def test_a_worker_that_stands_still_costs_one_frame_and_the_deadline(drive: Drive) -> None:
    drive.at[7] = lambda: drive.signal(signal.SIGSTOP)
    check_books(drive, drive.run(), failed=1)
    assert "no answer within 1500 ms" in drive.reports[7].reason
    assert drive.reports[7].total_ns >= 1_500_000_000


def test_a_device_that_is_renamed_fails_every_frame_from_then_on(drive: Drive) -> None:
    def rename() -> None:
        drive.device = "npu7"
        drive.signal(signal.SIGKILL)

    drive.at[5] = rename
    check_books(drive, drive.run(), failed=FRAMES - 5)
    assert drive.fates()[:6] == ["ok"] * 5 + ["failed"]
    assert "no device 'npu7'" in drive.reports[6].reason
    assert "can't be rebuilt" in drive.reports[7].reason
    assert len(drive.watched.troubles()) == 1


def test_with_several_in_flight_all_of_them_are_lost_and_the_rest_is_not(tmp_path: Path) -> None:
    drive = Drive(tmp_path, sessions=2)
    drive.at[3] = lambda: drive.signal(signal.SIGKILL)
    counted = drive.run()
    drive.watched.close()
    assert drive.watched.depth > 1
    assert 1 <= counted.failed <= drive.watched.depth
    check_books(drive, counted, failed=counted.failed)
    assert drive.fates()[-3:] == ["ok"] * 3
