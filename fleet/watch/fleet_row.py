"""A node at a glance: its row in the fleet's table, and what it may be."""

from typing import Literal, TypeAlias

from sensors.clock import NS_PER_MS
from sensors.record import Record

Glance: TypeAlias = Literal["lost", "refused", "failing", "stale", "hot", "late", "unknown", "online", "offline"]

GLANCES: tuple[Glance, ...] = ("lost", "refused", "failing", "stale", "hot", "late", "unknown", "online", "offline")
"""The worst first. `refused`: the hub refused messages on its topics; `failing`: frames failed; `late`: it keeps
reports that no hub has committed. All within the last minute, of a node that is online."""


class FleetRow(Record, frozen=True, kw_only=True):
    """Counters are of the newest session, as `gilmok hub nodes` tells them; rates and latencies of the last minute.

    None: not told, or too few to say.
    """

    site: str
    node: str
    kind: str
    state: str
    glance: Glance
    since_utc_ns: int
    """When it became that, as far as it was watched."""
    last_heard_utc_ns: int | None
    run: str
    model: str
    device: str
    streams: int
    captured: int
    ok: int
    failed: int
    dropped: int
    fps: float | None
    """Frames answered a second, of all its streams."""
    p50_ms: float | None
    """Capture to result, of the slowest stream; `n` frames."""
    p99_ms: float | None
    n: int
    stages_ms: dict[str, float]
    """The median of each stage of that stream."""
    temperature_c: float | None
    power_w: float | None
    spooled: int | None
    x_m: float | None
    y_m: float | None


class Latency(Record, frozen=True, kw_only=True):
    """Of a stream's last minute."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    n: int = 0
    stages_ms: dict[str, float] = {}


def ms(value_ns: int | None) -> float | None:
    return None if value_ns is None else round(value_ns / NS_PER_MS, 3)
