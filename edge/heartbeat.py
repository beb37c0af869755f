"""A node's heartbeat to systemd, out of its frame path: a stream that is stuck has none, one that waits for its camera
has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.stream import Progress, Stream
from edge.wire.messages import Health
from sensors.clock import NS_PER_MS, NS_PER_S, Clock
from sensors.service.systemd import Systemd

PATIENCE_S = 30.0
"""So long frames may go in and none come out answered."""
DEADLINES = 3
"""Or for so many deadlines of the device, where that is longer: one that hangs may be built anew."""


@dataclass(slots=True)
class Pulse:
    """Of one stream: what it had done when it last was as it should be."""

    progress: Progress
    well_ns: int


class Heartbeat:
    """Asked once a second, from one thread."""

    def __init__(self, systemd: Systemd, clock: Clock, deadline_ms: float) -> None:
        self._systemd = systemd
        self._clock = clock
        self._patience_ns = max(round(PATIENCE_S * NS_PER_S), round(DEADLINES * deadline_ms * NS_PER_MS))
        self._pulses: dict[str, Pulse] = {}

    def beat(self, streams: Sequence[Stream], health: Health) -> None:
        """Say that it lives, or only how it is where a stream is stuck; systemd then ends it and starts it again."""
        if stuck := self._stuck(streams):
            seconds = self._patience_ns // NS_PER_S
            self._systemd.tell(f"stuck: {', '.join(stuck)}: frames go in, and for {seconds} s none was answered")
        else:
            self._systemd.alive(status_of(health))

    def _stuck(self, streams: Sequence[Stream]) -> list[str]:
        now_ns = self._clock.now().mono_ns
        return [stream.name for stream in streams if now_ns - self._well_ns(stream, now_ns) > self._patience_ns]

    def _well_ns(self, stream: Stream, now_ns: int) -> int:
        """When it last had an answer, or nothing to answer."""
        now = stream.progress
        pulse = self._pulses.setdefault(stream.name, Pulse(now, now_ns))
        idle = now.taken == now.settled and now.taken == pulse.progress.taken
        if idle or now.answered != pulse.progress.answered:
            pulse.well_ns = now_ns
        pulse.progress = now
        return pulse.well_ns


def status_of(health: Health) -> str:
    """A line for `systemctl status`."""
    counts = [
        f"{name}: {one.ok} ok, {one.failed} failed, {one.dropped} dropped" for name, one in health.streams.items()
    ]
    waiting = health.spool.reports if health.spool is not None else 0
    return "; ".join([*counts, f"{waiting} reports wait for a hub"])
