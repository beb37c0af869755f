"""Accuracy of one unit in one slot, where the recording that it replays is known here."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from edge.wire.messages import StreamBirth
from fleet.config import TruthRoot
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from fleet.rollout.measuring.said import Said, StreamSaid
from replay.recording import Recording
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import answer_timeline, streamed
from replay.scoring.summary import calibrated_on
from sensors.errors import GilmokError

LEAST_LABELLED = 20
"""Frames of a slot."""
ALIVE_S = 1.0
COVERED = 0.8
"""Of a slot's frames, so many have to be among those of a former drive."""


class SlotAccuracy:
    """Used by one thread. The first time that a recording is met, all of it is read."""

    def __init__(self, truth: Sequence[TruthRoot], alive: Callable[[], None]) -> None:
        """`alive` is called again and again meanwhile."""
        self._truths = TruthIndex(truth)
        self._alive = alive
        self._recordings: dict[tuple[str, str, str], Recording | None] = {}

    def of(self, said: Said) -> float | None:
        """The mean over its streams; None where none has a truth here, or too few frames."""
        figures = [figure for one in said.streams.values() if (figure := self._one(one)) is not None]
        return sum(figures) / len(figures) if figures else None

    def paired(self, said: Said, before: Sequence[StreamSaid]) -> tuple[float, float] | None:
        """Before and now, on the very same frames, where the recordings had been driven through before, too."""
        pairs = [pair for one in said.streams.values() if (pair := self._pair(one, before)) is not None]
        if not pairs:
            return None
        return sum(before for before, _ in pairs) / len(pairs), sum(now for _, now in pairs) / len(pairs)

    def _pair(self, said: StreamSaid, before: Sequence[StreamSaid]) -> tuple[float, float] | None:
        seqs = [row.report.seq for row in said.rows]
        for other in reversed(before):
            if not said.stream.digest or other.stream.digest != said.stream.digest:
                continue
            there = [row.report.seq for row in other.rows]
            first, last = max(min(seqs), min(there)), min(max(seqs), max(there))
            if last - first < COVERED * (max(seqs) - min(seqs)):
                continue
            then, now = self._one(other, first, last), self._one(said, first, last)
            if then is not None and now is not None:
                return then, now
        return None

    def _one(self, said: StreamSaid, first: int | None = None, last: int | None = None) -> float | None:
        """Over the frames from `first` to `last`, or all of them."""
        recording = self._recording(said.stream)
        if recording is None:
            return None
        reports = {row.report.seq: row.report for row in said.rows}
        if calibrated_on(said.birth, said.stream, list(reports.values())):
            return None
        least, most = min(reports) if first is None else first, max(reports) if last is None else last
        known = [number for number in recording.numbers if least <= number <= most]
        if len(known) < LEAST_LABELLED:
            return None
        found = {number: reports[number].findings if number in reports else None for number in known}
        scored = ScoredStream(
            recording=recording,
            model_labels=said.birth.model.labels,
            labels=said.stream.labels,
            frames=known,
            truths=[recording.truth(number) for number in known],
            answers=[None if one is None else one.detections() for one in found.values()],
            reports=[reports[number] for number in known if number in reports],
            wanted=said.stream.classes,
        )
        try:
            if said.stream.pace == "realtime":
                scored = streamed(scored, answer_timeline(scored, scheduled=True))
            ap = score(scored).overall["AP"]
        except GilmokError:
            return None
        return None if math.isnan(ap) else ap

    def _recording(self, stream: StreamBirth) -> Recording | None:
        at = stream.dataset, stream.recording, stream.digest
        if at not in self._recordings:
            with ThreadPoolExecutor(1, "truth") as reading:
                found = reading.submit(self._find, stream)
                while not wait([found], ALIVE_S).done:
                    self._alive()
            self._recordings[at] = found.result()
        return self._recordings[at]

    def _find(self, stream: StreamBirth) -> Recording | None:
        try:
            return self._truths.recording(stream)
        except TruthUnknown:
            return None
