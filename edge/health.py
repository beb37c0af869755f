"""A node's health, put together: the books of its streams, and how its device, its link and its spool are."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from edge.device.backend import Telemetry
from edge.publisher import Publisher
from edge.stream import Stream
from edge.wire.messages import Birth, Health, HubClock, StreamCounters
from edge.wire.shadows import ShadowHealth
from sensors.clock import Stamp

UNKNOWN = Telemetry(math.nan, math.nan, math.nan, math.nan, None)


def health(
    birth: Birth,
    stamp: Stamp,
    streams: Sequence[Stream],
    publisher: Publisher,
    device: Telemetry | None,
    *,
    queued: int,
    broker: str,
    clocks: Mapping[str, HubClock],
    shadow: ShadowHealth | None,
    final: bool,
) -> Health:
    """Of the session of `birth`; `device`: None where its SDK tells nothing."""
    device = device or UNKNOWN
    return Health(
        session=birth.session,
        session_id=birth.session_id,
        stamp=stamp,
        streams={stream.name: _counters(stream, publisher) for stream in streams},
        queued=queued,
        final=final,
        spool=publisher.state(),
        temperature_c=_known(device.temperature_c),
        power_w=_known(device.power_w),
        utilisation=_known(device.utilisation),
        broker=broker,
        clocks=dict(clocks),
        shadow=shadow,
    )


def _counters(stream: Stream, publisher: Publisher) -> StreamCounters:
    counted = stream.counters(publisher.evicted(stream.name))
    return msgspec.structs.replace(counted, spooled=publisher.spooled(stream.name))


def _known(value: float) -> float | None:
    """What JSON can carry: a number, or nothing where nobody knows."""
    return None if math.isnan(value) else value


def line(health: Health) -> str:
    """For `systemctl status`."""
    counts = [
        f"{name}: {one.ok} ok, {one.failed} failed, {one.dropped} dropped" for name, one in health.streams.items()
    ]
    waiting = 0 if health.spool is None else health.spool.reports
    return "; ".join([*counts, f"{waiting} reports wait for a hub"])
