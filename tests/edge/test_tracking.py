from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.config import SourceChoice, StreamConfig, TrackerChoice
from edge.tracking import TrackerBroke, Tracking, open_tracking
from edge.wire.messages import PaceName
from models.detections import Detections
from sensors.clock import Stamp
from sensors.config import ConfigWrong
from sensors.frame import FrameId
from sensors.pace.pacing import Schedule
from sensors.plugins import PluginUnknown

STAMP = Stamp(5_000_000_000, 7)


class Asked:
    """Gives ids as told, and remembers when it was asked."""

    def __init__(self, *ids: int) -> None:
        self.at: list[Stamp] = []
        self._ids = ids

    def update(self, found: Detections, at: Stamp) -> Sequence[int]:  # noqa: ARG002
        self.at.append(at)
        return self._ids


TWO = Detections(np.zeros((2, 4), np.float32), np.zeros(2, np.float32), np.zeros(2, np.int64))


def stream(pace: PaceName = "realtime", tracker: TrackerChoice | None = None) -> StreamConfig:
    return StreamConfig(name="north", source=SourceChoice(kind="folder"), pace=pace, tracker=tracker)


def test_a_tracker_lives_in_the_time_of_the_stamps() -> None:
    tracker = Asked(3, -1)
    assert Tracking("asked", tracker).ids(TWO, FrameId("north", 50), STAMP) == (3, -1)
    assert tracker.at == [STAMP]


def test_in_lockstep_it_lives_in_the_time_of_the_recording_however_fast_the_node_is() -> None:
    tracker = Asked(0, 1)
    tracking = Tracking("asked", tracker, Schedule(0, 25))
    for seq, stamp_ns in ((50, 5_000_000_000), (53, 5_000_000_001)):
        tracking.ids(TWO, FrameId("north", seq), Stamp(stamp_ns, 7))
    assert tracker.at == [Stamp(2_000_000_000, 7), Stamp(2_120_000_000, 7)]


@pytest.mark.parametrize("ids", [(), (0,), (0, 1, 2)])
def test_ids_that_do_not_belong_to_the_findings_are_refused(ids: tuple[int, ...]) -> None:
    with pytest.raises(TrackerBroke, match=f"'asked' gave {len(ids)} ids for 2 findings"):
        Tracking("asked", Asked(*ids)).ids(TWO, FrameId("north", 0), STAMP)


@pytest.mark.parametrize("ids", [(0, -2), (2**53, 0)])
def test_ids_that_no_message_can_hold_are_refused(ids: tuple[int, int]) -> None:
    with pytest.raises(TrackerBroke, match="an id that is not from -1 to"):
        Tracking("asked", Asked(*ids)).ids(TWO, FrameId("north", 0), STAMP)


def test_a_stream_without_a_tracker_has_none() -> None:
    assert open_tracking(stream(), Path(), 25) is None


def test_a_tracker_that_nobody_registered_is_told_with_those_that_are() -> None:
    with pytest.raises(PluginUnknown, match="there is no tracker named 'psychic'"):
        open_tracking(stream(tracker=TrackerChoice(name="psychic")), Path(), 25)


def test_a_trackers_options_are_its_own_and_strangers_are_refused() -> None:
    pytest.importorskip("edgefirst.tracker", reason="edgefirst-tracker is not installed")
    with pytest.raises(ConfigWrong, match="tracker 'bytetrack': unknown key 'highscore'"):
        open_tracking(stream(tracker=TrackerChoice(name="bytetrack", options={"highscore": 1})), Path(), 25)


@pytest.mark.parametrize(
    ("pace", "fps", "again"),
    [("lockstep", 25, 0), ("lockstep", 0.5, 1), ("realtime", 25, 1), ("lockstep", float("nan"), 1)],
)
def test_only_in_lockstep_do_frame_numbers_tell_how_long_a_track_was_lost(
    pace: PaceName, fps: float, again: int
) -> None:
    pytest.importorskip("edgefirst.tracker", reason="edgefirst-tracker is not installed")
    tracking = open_tracking(stream(pace, TrackerChoice(name="bytetrack", options={"lost_ms": 1_000})), Path(), fps)
    assert tracking is not None
    one = Detections(np.array([[0, 0, 40, 40]], np.float32), np.ones(1, np.float32), np.zeros(1, np.int64))
    none = one.pick(np.zeros(1, np.bool_))
    # By their stamps the frames are a minute apart, by their numbers one period.
    minutes = [Stamp(k * 60_000_000_000, 0) for k in range(3)]
    assert tracking.ids(one, FrameId("north", 0), minutes[0]) == (0,)
    tracking.ids(none, FrameId("north", 1), minutes[1])
    assert tracking.ids(one, FrameId("north", 2), minutes[2]) == (again,)
