"""What a video, a folder or a camera shows, as an MCAP file, until its end or somebody's."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.addresses import without_login
from sensors.errors import GilmokError
from sensors.terminal import console

if TYPE_CHECKING:
    from sensors.frame import Frame
    from sensors.sources.source import Source

STREAM = "camera"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|/dev/")
FLUSH_S = 1.0


class NothingSeen(GilmokError):
    def __init__(self, source: str) -> None:
        super().__init__(f"{without_login(source)} showed not a single picture: nothing was written", "is it on?")


def record_source(where: str, seconds: float | None, out: Path) -> int:
    """Each frame once it is there; a second's pictures at most are lost where the process is killed.

    Exit status 1 where nothing was seen.
    """
    from sensors.clock import NS_PER_S, SystemClock
    from sensors.mcap.writing import FrameFacts, McapWriter
    from sensors.signals import ended_by_signals
    from sensors.sources.pictures import encode
    from sensors.sources.source import open_source, options_of

    clock = SystemClock()
    kind, options = _kind(where)
    asked_to_end: list[bool] = []
    kept = {"as they are stored": 0, "written anew": 0, "unreadable": 0}
    with (
        open_source(kind, options_of(kind, options, Path()), stream=STREAM, clock=clock) as source,
        out.open("xb") as file,
        ended_by_signals(lambda: asked_to_end.append(True)),
        console.waiting(f"recording {without_login(where)}: Ctrl-C ends it"),
    ):
        writer = McapWriter(file)
        began = clock.now()
        flushed_ns = began.mono_ns
        for frame in source.frames():
            at = frame.stamp if source.live else began.shifted_to(began.mono_ns + _offset_ns(source, frame))
            if asked_to_end or (seconds is not None and at.mono_ns - began.mono_ns >= seconds * NS_PER_S):
                break
            if not frame.fault:
                # A PNG of a live picture would take longer than a frame lasts.
                encoded = frame.encoded or encode(frame.image, "jpeg" if source.live else "png")
                writer.picture(STREAM, encoded, at, frame.id.seq)
            kept["unreadable" if frame.fault else "as they are stored" if frame.encoded else "written anew"] += 1
            offset_ns = at.mono_ns - began.mono_ns
            writer.facts(
                STREAM, FrameFacts(seq=frame.id.seq, stamp=at, kind=frame.kind, fault=frame.fault, offset_ns=offset_ns)
            )
            if at.mono_ns - flushed_ns > FLUSH_S * NS_PER_S:
                writer.flush()
                flushed_ns = at.mono_ns
        writer.finish()
    if not kept["as they are stored"] + kept["written anew"]:
        out.unlink()
        raise NothingSeen(where)
    told = ", ".join(f"{n} {words}" for words, n in kept.items() if n)
    console.say(f"{out}: {sum(kept.values())} frames of {without_login(where)}; pictures: {told}")
    return 0


def _kind(where: str) -> tuple[str, dict[str, Any]]:
    """The source plugin and its options."""
    path = Path(where)
    if ADDRESS.match(where) and not path.is_file():
        return "camera", {"url": where}
    return ("folder" if path.is_dir() else "video"), {"path": where}


def _offset_ns(source: "Source", frame: "Frame") -> int:
    from sensors.clock import NS_PER_S

    if frame.offset_ns is not None:
        return frame.offset_ns
    return round(frame.id.seq * NS_PER_S / source.fps) if source.fps > 0 else frame.id.seq * NS_PER_S // 10
