"""What a change of the active deployment costs: from the old node's last frame to the new one's first."""

from edge.config import NodeConfig
from edge.unit.process.vitals import Vitals
from edge.wire.deployments.states import Switched
from sensors.clock import Stamp


class Switching:
    """Begun when the old node has ended."""

    def __init__(self, config: NodeConfig, old: Vitals, now: Stamp) -> None:
        self._config = config
        self._old = old
        self._now = now

    def heard(self, vitals: Vitals) -> Switched | None:
        """Known when the new node has seen a frame; None before."""
        old = self._old
        if vitals.first_ns is None or old.last_ns is None or vitals.session_id == old.session_id:
            return None
        return Switched(
            stamp=self._now.shifted_to(old.last_ns),
            down_ns=max(vitals.first_ns - old.last_ns, 0),
            frames_lost=frames_lost(self._config, old, vitals),
        )


def frames_lost(config: NodeConfig, old: Vitals, new: Vitals) -> int | None:
    """Due between the last frame of one session and the first of the next; None where a camera doesn't tell."""
    paces = {stream.name: stream.pace for stream in config.streams}
    if "live" in paces.values():
        return None
    return sum(_lost(old, new, name) for name, pace in paces.items() if pace == "realtime")


def _lost(old: Vitals, new: Vitals, name: str) -> int:
    """What the new session left out counts from the source's beginning, as does what the old one had of it."""
    if name not in old.streams or name not in new.streams:
        return 0
    had = old.streams[name]
    return max(new.streams[name].skipped - had.captured - had.skipped, 0)
