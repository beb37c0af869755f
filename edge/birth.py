"""A node's birth, put together: everything that a result of this session hangs on."""

import math
from collections.abc import Sequence

from edge.assembly import Loaded
from edge.config import Place, StreamConfig
from edge.session_name import SessionName
from edge.stream import Stream
from edge.wire.messages import Birth, NodeKind, PlaceBirth, ShadowBirth, StreamBirth, TrackerBirth
from sensors.clock import Clock, boot_id
from sensors.config import plain
from sensors.host import host_facts, software


def birth(
    *,
    site: str,
    node: str,
    session: SessionName,
    kind: NodeKind,
    place: Place | None = None,
    tags: tuple[str, ...] = (),
    run: str,
    parts: Loaded,
    configs: Sequence[StreamConfig],
    streams: Sequence[Stream],
    clock: Clock,
    boot: str | None = None,
    resumes: str = "",
    shadow: ShadowBirth | None = None,
) -> Birth:
    """`streams` are the opened ones of `configs`, in the same order: they know where the frames come from.

    `boot`: whose monotonic clock `clock` is, if not this machine's.
    """
    return Birth(
        site=site,
        node=node,
        session=session.count,
        session_id=session.id,
        kind=kind,
        place=None if place is None else PlaceBirth(x_m=place.x_m, y_m=place.y_m),
        tags=tags,
        run=run,
        stamp=clock.now(),
        boot=boot or boot_id(),
        resumes=resumes,
        host=host_facts(),
        software=software(),
        streams=tuple(_stream(config, stream) for config, stream in zip(configs, streams, strict=True)),
        model=parts.model_birth(),
        backend=parts.backend_birth(),
        shadow=shadow,
    )


def _stream(config: StreamConfig, stream: Stream) -> StreamBirth:
    origin, fps, tracker = stream.pace.origin, stream.pace.fps, config.tracker
    return StreamBirth(
        name=config.name,
        source=origin.kind,
        pace=config.pace,
        fps=None if math.isnan(fps) else fps,
        dataset=origin.dataset,
        recording=origin.name,
        digest=origin.digest,
        labels=config.labels,
        classes=config.classes,
        pacing_bound_ms=config.pacing_bound_ms if config.pace == "realtime" else None,
        tracker=None if tracker is None else TrackerBirth(name=tracker.name, options=tracker.options),
        geometry={} if config.camera is None else plain(config.camera),
    )
