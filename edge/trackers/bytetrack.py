"""ByteTrack (Zhang et al., ECCV 2022) as Au-Zone's edgefirst-tracker has it: a Kalman filter and overlap, in Rust."""

import numpy as np
from edgefirst.tracker import ByteTrack as Association

from models.detections import Detections
from sensors.clock import NS_PER_MS, Stamp
from sensors.config import Settings
from sensors.ranges import Milliseconds, Share

NO_TRACK = -1


class ByteTrack:
    """Ids count from 0 in order of appearance; a track keeps its id where the model calls the object another class."""

    class Options(Settings, frozen=True, kw_only=True):
        """The paper's thresholds."""

        high_score: Share = 0.6
        """Findings from here on are associated first, and may begin a track."""
        low_score: Share = 0.1
        """Findings from here on may go on with a track; fainter ones have none."""
        overlap: Share = 0.1
        """A track's prediction and a finding are one object from this intersection over union on."""
        lost_ms: Milliseconds = 1000.0
        """A track that was not found for longer is over."""
        gain: Share = 0.25
        """How far a finding moves its track's filter, 0..1."""

        def __post_init__(self) -> None:
            if self.low_score > self.high_score:
                raise ValueError("low_score is above high_score")

    def __init__(self, options: Options) -> None:
        self._options = options
        lost_ns = round(options.lost_ms * NS_PER_MS)
        self._association = Association(options.high_score, options.overlap, options.gain, lost_ns)
        self._begun = 0
        self._ids: dict[str, int] = {}
        """Of the tracks that live."""

    def update(self, found: Detections, at: Stamp) -> list[int]:
        rows = np.flatnonzero(found.scores >= self._options.low_score)
        # Its labels go through it unused: classes take no part in the association.
        labels = np.zeros(len(rows), np.uintp)
        tracks = self._association.update(found.boxes[rows], found.scores[rows], labels, at.mono_ns)
        ids = [NO_TRACK] * len(found)
        for row, track in zip(rows.tolist(), tracks, strict=True):
            if track is not None:
                ids[row] = self._id(track.uuid)
        return ids

    def _id(self, name: str) -> int:
        """The number of the track that the library calls `name`, a random one."""
        if name not in self._ids:
            living = {track.info.uuid for track in self._association.get_active_tracks()}
            self._ids = {known: number for known, number in self._ids.items() if known in living}
            self._ids[name] = self._begun
            self._begun += 1
        return self._ids[name]
