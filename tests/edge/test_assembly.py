import threading
from pathlib import Path

import pytest

from edge.assembly import loaded, open_stream
from edge.config import BackendChoice, ModelChoice, SourceChoice, StreamConfig, TrackerChoice
from edge.session_name import SessionName
from edge.wire.messages import FrameReport
from sensors.clock import SystemClock
from sensors.plugins import PluginUnknown
from tests.tiny import write_model, write_recording

FRAMES = 4


@pytest.fixture
def model(tmp_path: Path) -> ModelChoice:
    return ModelChoice(file=write_model(tmp_path))


def walk(folder: Path, tracker: TrackerChoice | None = None) -> StreamConfig:
    options = {"dataset": "mot", "root": "mot", "recording": "WALK"}
    write_recording(folder / "mot", frames=FRAMES)
    return StreamConfig(
        name="north", source=SourceChoice(kind="recording", options=options), pace="lockstep", tracker=tracker
    )


def test_a_stream_is_assembled_from_its_configuration_alone(tmp_path: Path, model: ModelChoice) -> None:
    reports: list[FrameReport] = []
    with loaded(model, BackendChoice(), tmp_path) as parts:
        with open_stream(walk(tmp_path), parts, tmp_path, SystemClock(), name=SessionName(7, "f" * 32)) as stream:
            assert (stream.name, stream.pace.fps, stream.pace.origin.name) == ("north", 50, "WALK")
            stream.run(reports.append)
        counted = stream.counters()
    assert (counted.captured, counted.ok) == (FRAMES, FRAMES)
    assert [(report.session, report.n, report.stream) for report in reports] == [(7, n, "north") for n in range(FRAMES)]


def test_a_stream_that_can_not_be_assembled_leaves_nothing_open(tmp_path: Path, model: ModelChoice) -> None:
    with loaded(model, BackendChoice(), tmp_path) as parts, pytest.raises(PluginUnknown):
        open_stream(walk(tmp_path, TrackerChoice(name="psychic")), parts, tmp_path, SystemClock())
    # Others of this process may still be on their way out.
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("ahead-") and str(tmp_path) in name]
