"""`gilmok camera`: look through a source."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.addresses import without_login
from sensors.errors import GilmokError
from sensors.ranges import Fps, FrameNumber, Port, Share, in_range
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from models.detections import Detections
    from sensors.frame import Frame
    from sensors.sources.source import Source

STREAM = "view"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
SCORE = 0.3
"""Below it a box is more likely wrong than right, and a picture of all of them is unreadable."""


class FrameAbsent(GilmokError):
    def __init__(self, source: Path, frame: int, why: str) -> None:
        super().__init__(f"{source} gives no frame {frame}: {why}", "name another with --frame")


class NoFile(GilmokError):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"{without_login(address)} is an address, and `camera view` looks into files",
            "name a picture, a folder of pictures or a video; a stream's source `camera` opens an address",
        )


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok camera", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB", dest="verb")
    view = verbs.add_parser("view", help="write one frame as a picture, with boxes if a model is named")
    view.add_argument("source", metavar="SOURCE", help="a picture, a folder of pictures, or a video")
    view.add_argument(
        "--frame", type=in_range(FrameNumber), default=0, help="which frame, counted from 0 (default: %(default)s)"
    )
    view.add_argument("--model", help="a model of the catalogue, or a model's file: draw what it finds")
    view.add_argument(
        "--score", type=in_range(Share), default=SCORE, help="draw boxes from this score on (default: %(default)s)"
    )
    view.add_argument("--out", type=Path, required=True, metavar="FRAME.png")
    serve = verbs.add_parser(
        "serve", help="serve a video or a recording as a live camera, over RTSP, to rehearse a site"
    )
    serve.add_argument(
        "source", metavar="SOURCE", help="a video, a folder of pictures or an .mcap file; it begins anew at its end"
    )
    serve.add_argument("--rtsp", action="store_true", required=True, help="over RTSP, in H.264, by GStreamer's server")
    serve.add_argument("--port", type=in_range(Port), default=0, help="to listen at (default: any)")
    serve.add_argument("--fps", type=in_range(Fps), help="frames a second (default: the source's own)")
    chosen = parser.parse_args(argv)
    if chosen.verb == "serve":
        from edge.cli.serve_camera import serve_camera

        return serve_camera(chosen.source, chosen.port, chosen.fps)
    # Looked at before it is a path, which would lose a slash of it, and be repeated with its password.
    if ADDRESS.match(chosen.source) and not Path(chosen.source).exists():
        raise NoFile(chosen.source)
    return _view(Path(chosen.source), chosen.frame, chosen.model, chosen.score, chosen.out)


def _view(source: Path, number: int, model: str | None, score: float, out: Path) -> int:
    from sensors.sources.pictures import check_writable, write_picture
    from sensors.terminal import console

    check_writable(out)
    frame = _frame(source, number)
    image = frame.image
    if model:
        from edge.live_view.drawing import with_boxes

        found, labels = _findings(frame, model)
        shown = found.pick(found.scores >= score)
        image = with_boxes(image, shown, labels)
        console.say(f"{len(shown)} of {len(found)} findings have a score of at least {score:g}")
    write_picture(out, image)
    console.say(f"{source} frame {number}, {image.shape[1]}x{image.shape[0]}: {out}")
    return 0


def _frame(path: Path, number: int) -> "Frame":
    from sensors.clock import SystemClock
    from sensors.frame import FrameId
    from sensors.sources.files import VideoFile
    from sensors.sources.folder import ENDINGS, ImageFolder
    from sensors.sources.pictures import read_frame

    clock = SystemClock()
    if path.suffix.lower() in ENDINGS and not path.is_dir():
        frame = read_frame(path, FrameId(STREAM, 0), clock) if number == 0 else None
        if frame is None:
            raise FrameAbsent(path, number, "it is one picture")
    else:
        source: Source
        if path.is_dir():
            source = ImageFolder(ImageFolder.Options(path=path), stream=STREAM, clock=clock)
        else:
            source = VideoFile(VideoFile.Options(path=path), stream=STREAM, clock=clock)
        with source:
            frame = next((frame for frame in source.frames() if frame.id.seq == number), None)
    if frame is None:
        raise FrameAbsent(path, number, "it ends before")
    if frame.fault:
        raise FrameAbsent(path, number, frame.fault)
    return frame


def _findings(frame: "Frame", model: str) -> "tuple[Detections, Sequence[str]]":
    from edge.assembly import loaded
    from edge.config import BackendChoice, ModelChoice
    from edge.device.backend import InferenceFailed
    from sensors.clock import SystemClock

    with loaded(ModelChoice.of(model), BackendChoice(), Path()) as parts:
        report = parts.pipeline(SystemClock()).step(frame)
    if report.findings is None:
        raise InferenceFailed(parts.backend, report.reason)
    return report.findings.detections(), parts.labels
