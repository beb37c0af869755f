"""One node, looked at closely: latency by stage over time, health, accuracy of late, and events."""

from collections import deque
from concurrent.futures import Executor, Future
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import key_of
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import FrameRow
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from fleet.watch.window_accuracy import WINDOW, window_accuracy
from fleet.web.nodes.shadow import shadow_of_late
from fleet.web.nodes.steps import DRIFT_FRAMES, FrameTiming, drift, healths, steps
from replay.recording import Recording
from sensors.clock import NS_PER_S, Stamp
from sensors.terminal.foreign_text import shown

SPAN_S = 300
"""So much of the past is drawn by steps of seconds."""
WHOLE = max(WINDOW, DRIFT_FRAMES)
"""So many of a stream's newest frames are kept with their findings."""
MOST_EVENTS = 50
SCORE_S = 4
"""So often accuracy is scored, at most."""
SHADOW_S = 30
"""So often a shadow is held against its active model, at most."""
READING = "the recording is being read"


class NodeWatch:
    """Of one session; renewed while somebody looks, by one thread at a time."""

    def __init__(self, birth: Birth, truths: TruthIndex, reading: Executor) -> None:
        """`reading`: where recordings are read, which may take as long as they are."""
        self.birth = birth
        self.key = key_of(birth)
        self._truths = truths
        self._reading = reading
        self._frames: dict[str, deque[FrameRow]] = {}
        self._timed: dict[str, deque[FrameTiming]] = {}
        self._first: dict[str, list[FrameRow]] = {}
        self._recordings: dict[str, Future[Recording | str]] = {}
        self._scored: dict[str, tuple[int, dict[str, Any]]] = {}
        self._shadows: dict[str, tuple[int, dict[str, Any] | None]] = {}
        self.asked_ns = 0
        """When somebody looked last."""

    def look(self, ledger: FleetReader, now: Stamp) -> dict[str, Any]:
        """What the page draws over time. Raises StoreBroken."""
        self._read(ledger)
        return {
            "streams": [self._stream(ledger, stream, now) for stream in self.birth.streams],
            "health": healths(ledger.newest_healths(self.key, SPAN_S)),
            "events": self._events(ledger),
        }

    def recording(self, stream: StreamBirth) -> Recording | str:
        """What it replays, where the hub has it; or why not."""
        if stream.name not in self._recordings:
            self._recordings[stream.name] = self._reading.submit(self._find, stream)
        found = self._recordings[stream.name]
        return found.result() if found.done() else READING

    def newest(self, ledger: FleetReader, stream: str) -> FrameRow | None:
        """The newest frame that was answered, of the last minutes."""
        self._read(ledger)
        frames = reversed(self._frames.get(stream, deque()))
        return next((one for one in frames if one.report.findings is not None), None)

    def _read(self, ledger: FleetReader) -> None:
        """Once it has ended, a stream's last minutes stay."""
        for stream in self.birth.streams:
            kept = self._frames.setdefault(stream.name, deque(maxlen=WHOLE))
            timed = self._timed.setdefault(stream.name, deque())
            last_n = kept[-1].report.n if kept else -1
            for row in ledger.recent_frames(self.key, stream.name, last_n, SPAN_S * NS_PER_S):
                kept.append(row)
                timed.append(FrameTiming.of(row))
            while timed and timed[-1].received_utc_ns - timed[0].received_utc_ns > SPAN_S * NS_PER_S:
                timed.popleft()

    def _find(self, stream: StreamBirth) -> Recording | str:
        try:
            return self._truths.recording(stream)
        except TruthUnknown as error:
            return error.sentence

    def _stream(self, ledger: FleetReader, stream: StreamBirth, now: Stamp) -> dict[str, Any]:
        recording = self.recording(stream)
        drifted = None
        if isinstance(recording, str) and recording != READING:
            drifted = self._drift(ledger, stream.name)
        return {
            "name": stream.name,
            "source": shown(stream.source),
            "pace": stream.pace,
            "fps": stream.fps,
            "recording": shown(f"{stream.dataset} {stream.recording}".strip()),
            "steps": steps(self._timed[stream.name]),
            "accuracy": self._accuracy(stream, recording, now),
            "drift": drifted,
            "shadow": self._shadow(ledger, stream, recording, now),
            "pictures": not isinstance(recording, str),
        }

    def _accuracy(self, stream: StreamBirth, recording: Recording | str, now: Stamp) -> dict[str, Any]:
        if isinstance(recording, str):
            return {"unknown": recording}
        at_ns, told = self._scored.get(stream.name, (0, {}))
        if not told or now.mono_ns - at_ns > SCORE_S * NS_PER_S:
            told = window_accuracy(self.birth, stream, list(self._frames[stream.name]), recording)
            self._scored[stream.name] = now.mono_ns, told
        return told

    def _shadow(
        self, ledger: FleetReader, stream: StreamBirth, recording: Recording | str, now: Stamp
    ) -> dict[str, Any] | None:
        at_ns, told = self._shadows.get(stream.name, (-SHADOW_S * NS_PER_S, None))
        if now.mono_ns - at_ns >= SHADOW_S * NS_PER_S:
            told = shadow_of_late(ledger, self.birth, stream, list(self._frames[stream.name]), recording)
            self._shadows[stream.name] = now.mono_ns, told
        return told

    def _drift(self, ledger: FleetReader, stream: str) -> dict[str, Any] | None:
        first = self._first.get(stream, [])
        if len(first) < DRIFT_FRAMES:
            first = self._first[stream] = ledger.first_frames(self.key, stream, DRIFT_FRAMES)
        newest = [one.report for one in list(self._frames[stream])[-DRIFT_FRAMES:]]
        return drift([one.report for one in first], newest)

    def _events(self, ledger: FleetReader) -> list[dict[str, Any]]:
        """The newest first; of what has no instant none is told."""
        last = ledger.last_heard(self.key)
        found = [(self.birth.stamp.utc_ns, f"session {self.birth.session} began")]
        if last.state is not None:
            found.append((last.state_utc_ns, f"connection: {last.state}"))
        for gap in ledger.gaps(self.key)[-MOST_EVENTS:]:
            found.append((gap.opened_utc_ns, f"{gap.stream}: reports {gap.first} to {gap.last} are missing"))
            if gap.closed_utc_ns is not None:
                found.append((gap.closed_utc_ns, f"{gap.stream}: reports {gap.first} to {gap.last} have come"))
        for name, rows in self._timed.items():
            failed = [row for row in rows if row.failed][-MOST_EVENTS:]
            found += [(row.received_utc_ns, f"{name}: frame {row.seq} failed: {shown(row.reason)}") for row in failed]
        newest = sorted(found, reverse=True)[:MOST_EVENTS]
        return [{"utc_ns": at, "what": what} for at, what in newest]
