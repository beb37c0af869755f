"""A hub's heartbeat to systemd, out of its ingest: one that no longer comes round has none; a store that refuses, and a
fleet that is silent, are no reason.
"""

from fleet.workers.status import Status
from sensors.clock import NS_PER_S, Clock
from sensors.service.systemd import Systemd

PATIENCE_S = 30.0


class Heartbeat:
    """Asked once a second, from one thread."""

    def __init__(self, systemd: Systemd, clock: Clock) -> None:
        self._systemd = systemd
        self._clock = clock
        self._rounds: dict[int, int] = {}
        self._well_ns: dict[int, int] = {}

    def beat(self, status: Status) -> None:
        """Say that it lives, or only how it is where one that books stands still."""
        now_ns = self._clock.now().mono_ns
        for number, rounds in enumerate(status.rounds):
            if self._rounds.get(number) != rounds:
                self._rounds[number], self._well_ns[number] = rounds, now_ns
        stuck = [number for number, since_ns in self._well_ns.items() if now_ns - since_ns > PATIENCE_S * NS_PER_S]
        if stuck:
            self._systemd.tell(f"stuck: nothing was booked or refused for {PATIENCE_S:g} s")
        else:
            self._systemd.alive(status_of(status))


def status_of(status: Status) -> str:
    """A line for `systemctl status`."""
    online = sum(state == "online" for state in status.nodes.values())
    counts = status.counts
    refused = sum(counts.refused.values())
    return f"{online} of {len(status.nodes)} nodes online; {counts.booked} reports booked, {refused} messages refused"
