"""One stream watched by rules: which events its frames are part of, with hysteresis."""

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.scene.rules import OF_TRACKS, EventRule
from edge.wire.findings import Findings
from sensors.clock import NS_PER_S, Stamp
from sensors.config import ConfigWrong
from sensors.pace.pacing import Schedule

NO_TRACK = -1


class Watch:
    """Of one stream, frame by frame in order."""

    def __init__(
        self,
        rules: Sequence[EventRule],
        stream: str,
        labels: Sequence[str],
        *,
        tracked: bool,
        placed: bool,
        schedule: Schedule | None = None,
    ) -> None:
        """`labels`: the model's. `tracked`, `placed`: its findings have tracks, places on the ground.

        With a `schedule` (in lockstep, where a stamp tells how fast the node is), a frame was taken when it was due.
        Raises ConfigWrong where a rule asks for what the stream hasn't.
        """
        mine = [rule for rule in rules if not rule.streams or stream in rule.streams]
        for rule in mine:
            where = f"event {rule.name!r} of stream {stream!r}"
            if strange := [name for name in rule.labels if name not in labels]:
                raise ConfigWrong(where, f"the model has no label {strange[0]!r}, but {', '.join(labels[:20])}")
            if rule.kind in OF_TRACKS and not tracked:
                raise ConfigWrong(where, f"{rule.kind!r} is of tracks, and the stream has no tracker")
            if rule.zone_m and not placed:
                raise ConfigWrong(where, "its zone is in metres, and the stream's camera has no geometry")
        self._watched = [_Watched(rule, labels) for rule in mine]
        self._schedule = schedule
        self._last_ns = -1

    def events(self, seq: int, stamp: Stamp, found: Findings | None) -> tuple[str, ...]:
        """The names of those that the frame is part of.

        A frame that failed says nothing: what was on stays on, what was not doesn't begin.
        """
        at_ns = stamp.mono_ns if self._schedule is None else self._schedule.due_ns(seq)
        if at_ns < self._last_ns:
            for one in self._watched:
                one.forget()
        self._last_ns = at_ns
        return tuple(one.rule.name for one in self._watched if one.is_on(at_ns, found))


class _Watched:
    def __init__(self, rule: EventRule, labels: Sequence[str]) -> None:
        self.rule = rule
        self._wanted = {place for place, name in enumerate(labels) if not rule.labels or name in rule.labels}
        zone = np.array(rule.zone_px or rule.zone_m, np.float64).reshape(-1, 2)
        # Relative to its first corner: OpenCV takes float32, and a plan's metres may be millions.
        self._origin = zone[0] if len(zone) else np.zeros(2)
        self._zone: NDArray[np.float32] = (zone - self._origin).astype(np.float32)
        self.forget()

    def forget(self) -> None:
        self._on = False
        self._since_ns: int | None = None
        """When what is seen began to be otherwise than `_on`."""
        self._counts: deque[tuple[int, int]] = deque()
        self._there: dict[int, tuple[int, int]] = {}
        """By track, when it came into the zone and when it was last seen there."""
        self._crossings: dict[int, tuple[bool, deque[int], int]] = {}
        """By track: is it above, when did it cross, when was it last seen."""

    def is_on(self, at_ns: int, found: Findings | None) -> bool:
        if found is None:
            return self._on
        if self._holds(at_ns, found) == self._on:
            self._since_ns = None
            return self._on
        self._since_ns = at_ns if self._since_ns is None else self._since_ns
        if at_ns - self._since_ns >= (self.rule.off_s if self._on else self.rule.on_s) * NS_PER_S:
            self._on, self._since_ns = not self._on, None
        return self._on

    def _holds(self, at_ns: int, found: Findings) -> bool:
        rule = self.rule
        meant = (place for place, label in enumerate(found.labels) if label in self._wanted)
        rows = [place for place in meant if self._inside(found, place)]
        sure = [place for place in rows if found.scores[place] >= rule.least_score]
        if rule.kind == "inside":
            return len(sure) >= rule.at_least
        if rule.kind == "jump":
            return self._jumps(at_ns, len(sure))
        tracks = found.tracks or (NO_TRACK,) * len(found.scores)
        if rule.kind == "dwell":
            return self._dwells(at_ns, {tracks[place] for place in sure} - {NO_TRACK})
        return self._flickers(at_ns, {tracks[place]: found.scores[place] for place in rows})

    def _inside(self, found: Findings, place: int) -> bool:
        if not len(self._zone):
            return True
        if self.rule.zone_px:
            left, _, right, bottom = found.boxes[place]
            x, y = (left + right) / 2, bottom
        else:
            spot = found.ground[place] if found.ground is not None else None
            if spot is None:
                return False
            x, y = spot[:2]
        point = float(x - self._origin[0]), float(y - self._origin[1])
        return cv2.pointPolygonTest(self._zone, point, measureDist=False) >= 0

    def _jumps(self, at_ns: int, count: int) -> bool:
        """Against the median of a window that is full: at the beginning nobody knows what is usual."""
        window_ns = self.rule.window_s * NS_PER_S
        full = bool(self._counts) and at_ns - self._counts[0][0] >= window_ns
        usual = float(np.median([n for _, n in self._counts])) if full else count
        self._counts.append((at_ns, count))
        while len(self._counts) > 1 and at_ns - self._counts[1][0] >= window_ns:
            self._counts.popleft()
        return abs(count - usual) >= self.rule.at_least

    def _dwells(self, at_ns: int, tracks: set[int]) -> bool:
        for track in tracks:
            self._there[track] = self._there.get(track, (at_ns, at_ns))[0], at_ns
        gone_ns = self.rule.off_s * NS_PER_S
        self._there = {track: seen for track, seen in self._there.items() if at_ns - seen[1] <= gone_ns}
        long_ns = self.rule.dwell_s * NS_PER_S
        return any(last - first >= long_ns for first, last in self._there.values())

    def _flickers(self, at_ns: int, scores: dict[int, float]) -> bool:
        window_ns = self.rule.window_s * NS_PER_S
        self._crossings = {track: one for track, one in self._crossings.items() if at_ns - one[2] <= window_ns}
        for track, score in scores.items():
            if track == NO_TRACK:
                continue
            above = score >= self.rule.least_score
            was, crossed, _ = self._crossings.get(track, (above, deque[int](), at_ns))
            if above != was:
                crossed.append(at_ns)
            self._crossings[track] = above, crossed, at_ns
        for _, crossed, _ in self._crossings.values():
            while crossed and at_ns - crossed[0] > window_ns:
                crossed.popleft()
        return any(len(crossed) >= self.rule.at_least for _, crossed, _ in self._crossings.values())
