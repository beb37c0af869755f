"""What a node saw and said, in a ring of MCAP files: complete, bounded, and never in the way."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.assembly import loaded, open_stream
from edge.config import BackendChoice, ModelChoice, RecordChoice, SourceChoice, StreamConfig
from edge.recorder.recorder import Recorder
from edge.wire.messages import FrameReport
from replay.recording import open_dataset
from sensors.clock import NS_PER_S, Stamp, SystemClock
from sensors.frame import Encoded
from sensors.mcap.records import McapReader
from sensors.pace.keeping import KeptFrame
from tests.fakes import ManualClock
from tests.mcap_files import jpeg
from tests.tiny import write_model, write_recording

PICTURE = Encoded("jpeg", jpeg())


def frame(seq: int, at: Stamp, encoded: Encoded | None = PICTURE) -> KeptFrame:
    return KeptFrame(seq, at, "arrival", "", None, encoded, ())


def report(seq: int, at: Stamp, **more: Any) -> FrameReport:
    told: dict[str, Any] = {"status": "failed", "reason": "the device hung", **more}
    return FrameReport(
        session=1, n=seq, stream="north", seq=seq, stamp=at, kind="arrival", stages={}, total_ns=0, published=at,
        model="a" * 12, artefact="b" * 12, **told,
    )  # fmt: skip


def filled(tmp_path: Path, seconds: int, *, failed_at: int | None = None, **choice: Any) -> list[Path]:
    """The files after a picture a second for so long."""
    clock = ManualClock()
    recorder = Recorder(RecordChoice(**choice), tmp_path, "n1", ["north"], clock)
    recorder.start(None)
    keep = recorder.keeping("north").keep
    for second in range(seconds):
        clock.pass_ns(NS_PER_S)
        at = clock.now()
        keep(frame(second, at))
        if second == failed_at:
            recorder.report(report(second, at))
        recorder.drained()
    recorder.close()
    assert recorder.lost == 0
    return sorted((tmp_path / "n1" / "north").glob("*.mcap"))


def seqs(files: list[Path]) -> list[int]:
    return [m.sequence for path in files for m in McapReader(path).messages() if m.channel.topic == "/north/image"]


def test_a_new_file_begins_after_its_time_and_nothing_is_lost_between_two(tmp_path: Path) -> None:
    files = filled(tmp_path, 50, file_s=10)
    assert len(files) == 5
    assert seqs(files) == list(range(50))
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 5


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    kept = seqs(filled(tmp_path, 100, file_s=5, keep_h=20 / 3600))
    assert kept == list(range(kept[0], 100))
    assert 20 <= len(kept) <= 30


def test_what_is_too_much_goes_oldest_first(tmp_path: Path) -> None:
    big = Encoded("jpeg", bytes(300_000))
    clock = ManualClock()
    recorder = Recorder(RecordChoice(file_s=2, max_mb=2), tmp_path, "n1", ["north"], clock)
    recorder.start(None)
    for second in range(30):
        clock.pass_ns(NS_PER_S)
        recorder.keeping("north").keep(frame(second, clock.now(), big))
        recorder.drained()
    recorder.close()
    files = sorted((tmp_path / "n1" / "north").glob("*.mcap"))
    assert sum(path.stat().st_size for path in files) < 4_000_000
    assert seqs(files)[-1] == 29


def test_in_event_mode_the_minutes_around_a_failed_frame_stay(tmp_path: Path) -> None:
    files = filled(tmp_path, 200, failed_at=100, mode="event", file_s=5, before_s=20, after_s=20)
    kept = seqs(files)
    around = [seq for seq in kept if seq < 170]
    assert set(range(80, 121)) <= set(around) <= set(range(70, 131))
    events = (tmp_path / "n1" / "north" / "events.jsonl").read_text()
    assert "frame 100 failed: the device hung" in events


def test_an_operators_word_is_an_event_and_a_row_of_them_is_one(tmp_path: Path) -> None:
    clock = ManualClock()
    recorder = Recorder(RecordChoice(mode="event"), tmp_path, "n1", ["north"], clock)
    recorder.start(None)
    recorder.trigger("north", "asked by ana")
    recorder.trigger("north", "asked by ben")
    recorder.close()
    assert "ana" in (lines := (tmp_path / "n1" / "north" / "events.jsonl").read_text())
    assert "ben" not in lines


def test_a_live_drive_replayed_in_lockstep_finds_what_it_found(tmp_path: Path) -> None:
    write_recording(tmp_path / "mot", frames=12)
    options = {"dataset": "mot", "root": "mot", "recording": "WALK"}
    config = StreamConfig(name="north", source=SourceChoice(kind="recording", options=options), pace="realtime")
    recorder = Recorder(RecordChoice(), tmp_path / "record", "n1", ["north"], SystemClock())
    recorder.start(None)
    live: list[FrameReport] = []

    def deliver(told: FrameReport) -> None:
        live.append(told)
        recorder.report(told)

    with loaded(ModelChoice(file=write_model(tmp_path)), BackendChoice(), tmp_path) as parts:
        with open_stream(config, parts, tmp_path, SystemClock(), keep=recorder.keeping("north")) as stream:
            stream.run(deliver)
        recorder.close()
        again: list[FrameReport] = []
        options = {"dataset": "mcap", "root": "record", "recording": "n1/north"}
        config = StreamConfig(name="north", source=SourceChoice(kind="recording", options=options), pace="lockstep")
        with open_stream(config, parts, tmp_path, SystemClock()) as stream:
            stream.run(again.append)
    assert len(live) >= 1
    assert len(again) == 12
    by_seq = {told.seq: told.findings for told in again}
    assert [told.findings for told in live] == [by_seq[told.seq] for told in live]
    before, after = (
        open_dataset("mot", tmp_path / "mot").open("WALK"),
        open_dataset("mcap", tmp_path / "record").open("n1/north"),
    )
    assert after.labels == tuple(before.labels)
    for number in before.numbers:
        one, other = before.truth(number), after.truth(number)
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one.boxes, other.boxes)


ENDLESS = """
import resource, sys
from pathlib import Path
from edge.config import RecordChoice
from edge.recorder.recorder import Recorder
from sensors.clock import SystemClock
from tests.edge.recorder.test_recorder import frame

if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
clock = SystemClock()
recorder = Recorder(RecordChoice(flush_s=0.01), Path(sys.argv[1]), "n1", ["north"], clock)
recorder.start(None)
for seq in range(400):
    recorder.keeping("north").keep(frame(seq, clock.now()))
    recorder.drained()
print("alive", recorder.lost > 0, flush=True)
sys.stdin.readline()
"""


def recording_process(folder: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-c", ENDLESS, str(folder), how]
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_killed_node_loses_what_was_not_flushed_at_most(tmp_path: Path) -> None:
    with recording_process(tmp_path, "killed") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "alive False\n"
        child.send_signal(signal.SIGKILL)
        child.communicate()
    recording = open_dataset("mcap", tmp_path).open("n1/north")
    assert len(recording.numbers) > 300
    assert any("cut off" in one.what for one in recording.problems())


def test_a_full_disk_costs_frames_that_are_counted_and_told_and_no_more(tmp_path: Path) -> None:
    with recording_process(tmp_path, "full") as child:
        told, trouble = child.communicate("\n")
    assert (told, child.returncode) == ("alive True\n", 0)
    assert trouble.count("nothing is recorded there") == 1
    assert 0 < len(open_dataset("mcap", tmp_path).open("n1/north").numbers) < 400


def test_a_folder_that_can_not_be_made_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "n1").write_text("a file")
    clock = ManualClock()
    recorder = Recorder(RecordChoice(), tmp_path, "n1", ["north"], clock)
    recorder.start(None)
    with caplog.at_level(logging.ERROR):
        for seq in range(20):
            recorder.keeping("north").keep(frame(seq, clock.now()))
        recorder.close()
    assert recorder.lost == 20
    assert len(caplog.records) == 1
