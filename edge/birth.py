"""A node's birth, put together: everything that a result of this session hangs on."""

import math
from collections.abc import Sequence

from edge.assembly import Loaded
from edge.config import StreamConfig
from edge.wire.messages import Birth, NodeKind, StreamBirth, TrackerBirth
from sensors.clock import Clock, boot_id
from sensors.host import host_facts, software
from sensors.pacing import Pace


def birth(
    *,
    site: str,
    node: str,
    session: int,
    kind: NodeKind,
    run: str,
    parts: Loaded,
    streams: Sequence[StreamConfig],
    paces: Sequence[Pace],
    clock: Clock,
    boot: str | None = None,
) -> Birth:
    """`paces` are the opened ones of `streams`, in the same order: they know where the frames come from.

    `boot`: whose monotonic clock `clock` is, if not this machine's.
    """
    return Birth(
        site=site,
        node=node,
        session=session,
        kind=kind,
        run=run,
        stamp=clock.now(),
        boot=boot or boot_id(),
        host=host_facts(),
        software=software(),
        streams=tuple(_stream(stream, pace) for stream, pace in zip(streams, paces, strict=True)),
        model=parts.model_birth(),
        backend=parts.backend_birth(),
    )


def _stream(stream: StreamConfig, pace: Pace) -> StreamBirth:
    origin, tracker = pace.origin, stream.tracker
    return StreamBirth(
        name=stream.name,
        source=origin.kind,
        pace=stream.pace,
        fps=None if math.isnan(pace.fps) else pace.fps,
        dataset=origin.dataset,
        recording=origin.name,
        digest=origin.digest,
        labels=stream.labels,
        pacing_bound_ms=stream.pacing_bound_ms if stream.pace == "realtime" else None,
        tracker=None if tracker is None else TrackerBirth(name=tracker.name, options=tracker.options),
    )
