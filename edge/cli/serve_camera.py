"""`gilmok camera serve`: what a video or a folder shows, as a live camera."""

from pathlib import Path
from typing import TYPE_CHECKING

from sensors.errors import GilmokError

if TYPE_CHECKING:
    from sensors.clock import Clock
    from sensors.serving.rtsp import RtspServer
    from sensors.sources.source import Source

NAME = "live"
FPS = 10.0
"""Of pictures that have no rate."""


class NothingToServe(GilmokError):
    def __init__(self, source: str) -> None:
        super().__init__(f"{source} shows not a single picture", "name a video, or a folder of pictures")


def serve_camera(where: str, port: int, fps: float | None) -> int:
    """Until Ctrl-C, which is how it ends well."""
    from sensors.clock import SystemClock
    from sensors.serving.rtsp import RtspServer
    from sensors.signals import ended_by_signals
    from sensors.terminal import console

    clock = SystemClock()
    ends: list[bool] = []
    with _opened(where, clock) as source:
        rate = fps or (source.fps if source.fps > 0 else FPS)
        first = next((frame for frame in source.frames() if not frame.fault), None)
    if first is None:
        raise NothingToServe(where)
    height, width, _ = first.image.shape
    # H.264 has a colour for each square of four pixels.
    width, height = width - width % 2, height - height % 2
    with RtspServer(NAME, width, height, max(round(rate), 1), port=port) as server:
        console.say(server.url)
        with ended_by_signals(lambda: ends.append(True)):
            while not ends:
                _show(where, server, clock, rate, ends)
    return 0


def _opened(where: str, clock: "Clock") -> "Source":
    from sensors.sources.source import open_source, options_of

    path = Path(where)
    kind, options = ("folder" if path.is_dir() else "video"), {"path": where}
    if path.suffix.lower() == ".mcap" and path.is_file():
        kind, options = "recording", {"dataset": "mcap", "root": str(path.parent), "recording": path.stem}
    return open_source(kind, options_of(kind, options, Path()), stream=NAME, clock=clock)


def _show(where: str, server: "RtspServer", clock: "Clock", fps: float, ends: list[bool]) -> None:
    """Once, on schedule."""
    from sensors.pace.pacing import Schedule

    with _opened(where, clock) as source:
        schedule = Schedule(clock.now().mono_ns, fps)
        for place, frame in enumerate(source.frames()):
            clock.sleep_until(schedule.due_ns(place))
            if ends:
                return
            if not frame.fault:
                server.show(frame.image)
