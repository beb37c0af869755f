"""Accuracy of late for the rule that watches it: stream after stream, within a share of the time."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import SessionKey, key_of
from fleet.config import TruthRoot
from fleet.ledger.fleet_reader import FleetReader
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from replay.recording import Recording
from sensors.clock import NS_PER_S, Clock

AGAIN_S = 10.0
"""A stream is scored so often at most."""
BUDGET_S = 0.5
"""For so long a look scores; the others wait for the next one."""
LEAST_FRAMES = 100
"""Of a window; of fewer an AP says little."""
FRESH_S = 30.0
"""A stream that has reported nothing for so long has no accuracy of late."""


@dataclass(frozen=True, slots=True)
class Scored:
    ap: float | None
    n: int
    """Frames of the window."""
    at_ns: int


UNSCORED = Scored(None, 0, 0)


class RecentAccuracy:
    """Used by one thread; recordings are read in another."""

    def __init__(self, truth: Sequence[TruthRoot], clock: Clock) -> None:
        self._truths = TruthIndex(truth)
        self._clock = clock
        self._reading = ThreadPoolExecutor(1, "truth")
        self._recordings: dict[tuple[str, str, str], Future[Recording | None]] = {}
        self._scored: dict[tuple[SessionKey, str], Scored] = {}

    def close(self) -> None:
        self._reading.shutdown(wait=False, cancel_futures=True)

    def of(self, birth: Birth, stream: StreamBirth) -> Scored:
        return self._scored.get((key_of(birth), stream.name), UNSCORED)

    def look(self, ledger: FleetReader, streams: Sequence[tuple[Birth, StreamBirth]]) -> None:
        """Score those whose score is oldest. Raises StoreBroken."""
        began_ns = self._clock.now().mono_ns
        known = {(key_of(birth), stream.name): (birth, stream) for birth, stream in streams}
        self._scored = {at: one for at, one in self._scored.items() if at in known}
        for at in sorted(known, key=lambda one: self._scored.get(one, UNSCORED).at_ns):
            now_ns = self._clock.now().mono_ns
            if now_ns - began_ns > BUDGET_S * NS_PER_S:
                return
            before = self._scored.get(at, UNSCORED)
            recording = self._recording(known[at][1])
            if recording is not None and (not before.at_ns or now_ns - before.at_ns >= AGAIN_S * NS_PER_S):
                self._scored[at] = self._score(ledger, *known[at], recording)

    def _score(self, ledger: FleetReader, birth: Birth, stream: StreamBirth, recording: Recording) -> Scored:
        # 20 MB that a hub without such a rule needn't have.
        from fleet.watch.window_accuracy import WINDOW, window_accuracy

        rows = ledger.newest_frames(key_of(birth), stream.name, -1, WINDOW)
        now = self._clock.now()
        if not rows or now.utc_ns - rows[-1].received.utc_ns > FRESH_S * NS_PER_S:
            return Scored(None, 0, now.mono_ns)
        told = window_accuracy(birth, stream, rows, recording)
        frames = 0 if told["unknown"] else int(told["n_frames"])
        return Scored(told["AP"] if frames >= LEAST_FRAMES else None, frames, now.mono_ns)

    def _recording(self, stream: StreamBirth) -> Recording | None:
        """None: it replays none that is known here, or that is being read."""
        if not stream.digest:
            return None
        at = (stream.dataset, stream.recording, stream.digest)
        if at not in self._recordings:
            self._recordings[at] = self._reading.submit(self._find, stream)
        found = self._recordings[at]
        return found.result() if found.done() else None

    def _find(self, stream: StreamBirth) -> Recording | None:
        try:
            return self._truths.recording(stream)
        except TruthUnknown:
            return None
