"""Trackers are plugins of the group `gilmok.trackers`: a class with `Options` and `update`, one object a stream."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge.config import StreamConfig
from edge.wire.findings import MAX_TRACK_ID
from models.detections import Detections
from sensors import config, plugins
from sensors.clock import Stamp
from sensors.errors import GilmokError
from sensors.frame import FrameId
from sensors.pace.pacing import Schedule


class Tracker(Protocol):
    """Built with its own `Options`. The same findings at the same instants have the same ids every time."""

    def update(self, found: Detections, at: Stamp) -> Sequence[int]:
        """Track ids of `found`, in its order; -1 = no track. An id stands once in a frame at most."""
        ...


class TrackerBroke(GilmokError):
    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"tracker {name!r} gave {what}", "report it to the tracker's authors")


class Tracking:
    """One stream's tracker, and the time it lives in: the recording's where a node takes that in lockstep."""

    def __init__(self, name: str, tracker: Tracker, schedule: Schedule | None = None) -> None:
        """With a `schedule`, frame `seq` was taken when it was due; without, its stamp says when."""
        self._name = name
        self._tracker = tracker
        self._schedule = schedule

    def ids(self, found: Detections, frame: FrameId, stamp: Stamp) -> tuple[int, ...]:
        """Raises TrackerBroke."""
        # A stamp taken in lockstep tells how fast the node is: tracks would be lost sooner on a slower one.
        at = stamp if self._schedule is None else Stamp(self._schedule.due_ns(frame.seq), stamp.utc_ns)
        ids = tuple(map(int, self._tracker.update(found, at)))
        if len(ids) != len(found):
            raise TrackerBroke(self._name, f"{len(ids)} ids for {len(found)} findings")
        if ids and not -1 <= min(ids) <= max(ids) <= MAX_TRACK_ID:
            raise TrackerBroke(self._name, f"an id that is not from -1 to {MAX_TRACK_ID}")
        return ids


def open_tracking(stream: StreamConfig, base: Path, fps: float) -> Tracking | None:
    """A fresh tracker for the stream, whose source's rate is `fps`; None where it asks for none.

    Relative paths in the tracker's options start at `base`. Raises PluginUnknown, PluginBroken, ConfigWrong.
    """
    if stream.tracker is None:
        return None
    name = stream.tracker.name
    plugin = plugins.load("trackers", name)
    tracker: Tracker = plugin(config.convert(stream.tracker.options, plugin.Options, f"tracker {name!r}", base))
    in_lockstep = stream.pace == "lockstep" and fps > 0
    return Tracking(name, tracker, Schedule(0, fps) if in_lockstep else None)
