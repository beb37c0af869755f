"""A service's heartbeat, out of its work: stuck where something goes in and no answer comes; an idle one is well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sensors.clock import NS_PER_S, Clock
from sensors.service.systemd import Systemd

PATIENCE_S = 30.0


class Progress(NamedTuple):
    """Of one line of work, a stream say: so many pieces until now."""

    taken: int
    """Went into it."""
    settled: int
    """Came out of it."""
    answered: int
    """Of `settled`: as they should, or it wasn't for this program to answer them."""


@dataclass(slots=True)
class Pulse:
    """What a line of work had done at the last look, and when it was last as it should be."""

    progress: Progress
    well_ns: int


class Heartbeat:
    """Asked once a second, from one thread."""

    def __init__(self, systemd: Systemd, clock: Clock, least_s: float = 0.0) -> None:
        """So long may something be at work without an answer as systemd waits for a heartbeat, and at least so long."""
        self._systemd = systemd
        self._clock = clock
        self._patience_s = max(systemd.watchdog_s or PATIENCE_S, least_s)
        self._pulses: dict[str, Pulse] = {}

    def beat(self, work: Mapping[str, Progress], status: str) -> None:
        """Say that it lives, or only how it is where a line of work is stuck; systemd then ends it and starts it again.

        `status`: a line for `systemctl status`.
        """
        now_ns = self._clock.now().mono_ns
        patience_ns = self._patience_s * NS_PER_S
        stuck = [
            name for name, progress in work.items() if now_ns - self._well_ns(name, progress, now_ns) > patience_ns
        ]
        if stuck:
            self._systemd.tell(f"stuck: {', '.join(stuck)} had no answer for {self._patience_s:g} s; {status}")
        else:
            self._systemd.alive(status)

    def _well_ns(self, name: str, now: Progress, now_ns: int) -> int:
        """When it last had an answer, or nothing to answer."""
        pulse = self._pulses.setdefault(name, Pulse(now, now_ns))
        idle = now.taken == now.settled and now.taken == pulse.progress.taken
        if idle or now.answered != pulse.progress.answered:
            pulse.well_ns = now_ns
        pulse.progress = now
        return pulse.well_ns
