"""ASAM OpenLABEL 1.0: a JSON file a recording, with the pictures that its streams name.

    drive.json                  (or labels/drive.json, annotations/drive.json)
    images/drive/000000.jpg     wherever the file's uris lead, or beside the file, or in such a folder

The standard (https://www.asam.net/standards/detail/openlabel) prescribes no folders: a picture is what
`frames.N.frame_properties.streams.CAMERA.uri` names, or a stream's own uri (a folder of pictures, or one picture), or
`metadata.tagged_file`, or the pictures in a folder named as above; either may be a video, and so may a file `drive.mp4`
beside the labels be. A file of several cameras is as many recordings,
`drive/CAMERA`; a box is of the camera that its `stream`, its `coordinate_system` or its name's beginning says
(`rgb_center__bbox__person`). Read are boxes (`bbox`); outlines (`poly2d`, `rbbox`) without a box are counted and told.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from replay.datasets import openlabel_file as openlabel
from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import LabelsWrong, as_float, frame_number, json_labels
from replay.datasets.layout import files_in, find_root, pictures, unnumbered
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.video import VideoRecording, video_beside, video_named
from replay.recording import Problem, Recording, RecordingUnknown, Severity
from replay.truth import Truth
from sensors.sources.folder import ENDINGS

NAME = "openlabel"
FOLDERS = ("", "labels", "annotations")
MARKS = ("*.json", "labels/*.json", "annotations/*.json")
CAMERA = "camera"
MOST_ROWS = 20_000_000
"""Boxes that stand still, once for each of their frames."""
EPOCH_S = 1e8
"""Times beyond are counted from 1970: in seconds up to 1e11, then in ms, us, ns."""


class OpenLabel:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, MARKS, openlabel.is_openlabel)
        found = (path for part in FOLDERS for path in files_in(self._root / part, ".json"))
        self._files = {path.stem: path for path in found if openlabel.is_openlabel(path)}

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> Recording:
        if name not in self._places:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        path, camera = self._places[name]
        content = _Camera(path, openlabel.read(path), camera)
        truths = content.truths
        if video := content.video(self._root):
            return VideoRecording(
                dataset=NAME,
                name=name,
                labels=content.labels,
                groups=groups_of(content.labels),
                video=video,
                truths=truths,
                truth_files=(path,),
                promised_size=content.size,
                read_problems=tuple(content.problems),
            )
        images, problems = content.pictures(self._root)
        several = len(images) > 1
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=content.fps if several else math.nan,
            labels=content.labels,
            groups=groups_of(content.labels),
            pictures=images,
            truths=truths,
            truth_files=(path,),
            film=several,
            promised_sizes=dict.fromkeys(images, content.size) if content.size else {},
            read_problems=(*content.problems, *problems),
        )

    @cached_property
    def _places(self) -> Mapping[str, tuple[Path, str | None]]:
        """Of each recording: its file, and its camera, None where the file has one at most."""
        places: dict[str, tuple[Path, str | None]] = {}
        for stem, path in self._files.items():
            try:
                cameras = _cameras(json_labels(path, _Head, "an ASAM OpenLABEL file").openlabel.streams)
            except LabelsWrong:
                cameras = []  # opened, it says what is wrong
            if len(cameras) > 1:
                places |= {f"{stem}/{camera}": (path, camera) for camera in cameras}
            else:
                places[stem] = path, None
        return places


class _Streams(msgspec.Struct):
    streams: dict[str, openlabel.Stream] | None = None


class _Head(msgspec.Struct):
    openlabel: _Streams


def _cameras(streams: Mapping[str, openlabel.Stream] | None) -> list[str]:
    return [name for name, stream in (streams or {}).items() if stream.type.lower() == CAMERA]


@dataclass(eq=False)
class _Camera:
    """What an OpenLABEL file says of one camera; raises LabelsWrong."""

    path: Path
    content: openlabel.Content
    camera: str | None
    rows: openlabel.Rows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = openlabel.Rows(self.path)
        cameras = _cameras(self.content.streams)
        self._stream = self.camera or (cameras[0] if cameras else None)
        self._others = {*(self.content.streams or {})} - {self._stream}
        self._outlines = self._unclaimed = self._more = 0
        self._frames: dict[int, openlabel.FrameFacts | None] = {}
        frames = self.content.frames or {}
        for key in list(frames):
            number = frame_number(self.path, f"frame {key[:20]}", key)
            # Taken out: of a million frames, what is read already need not stay.
            frame = openlabel.frame_of(self.path, key, frames.pop(key))
            self._frames[number] = frame.frame_properties
            self._read(number, frame)
        if not self._frames:
            self._frames = {0: None}
        self._read_whole()

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.rows.places)

    @property
    def size(self) -> tuple[int, int] | None:
        stream = (self.content.streams or {}).get(self._stream or "")
        pinhole = stream.stream_properties.intrinsics_pinhole if stream and stream.stream_properties else None
        return (pinhole.width_px, pinhole.height_px) if pinhole and pinhole.width_px and pinhole.height_px else None

    @cached_property
    def truths(self) -> Mapping[int, Truth]:
        return FrameTruths(np.asarray(self.rows.frames, np.int64), self.rows.truth(), labelled=self._frames)

    @property
    def problems(self) -> Iterator[Problem]:
        yield from self.rows.lenience.problems()
        if self._outlines:
            yield Problem(Severity.REMARK, f"{counted(self._outlines, 'outline')} without a bbox: not read")
        if self._unclaimed:
            what = f"{counted(self._unclaimed, 'box')} of no camera by name, where the file has several: left out"
            yield Problem(Severity.UNSOUND, what)
        if self._more:
            yield Problem(Severity.REMARK, f"{counted(self._more, 'object')} with several boxes in a frame: the first")

    @property
    def fps(self) -> float:
        """From the usual step between the frames' times; NaN where they have none."""
        times = np.array([self._time(number) for number in sorted(self._frames)], np.float64)
        steps = np.diff(times)
        usual = float(np.median(steps[np.isfinite(steps)])) if np.isfinite(steps).any() else math.nan
        return 1 / usual if usual > 0 else math.nan

    def video(self, root: Path) -> Path | None:
        """That the camera's uri names, or that lies beside the labels."""
        uri = self._stream_uri.lstrip("/")
        named = (video_named(base, uri) for base in (self.path.parent, root, root / "videos") if uri)
        return next((path for path in named if path), video_beside(self.path))

    def pictures(self, root: Path) -> tuple[Mapping[int, Path], list[Problem]]:
        """By frame number."""
        bases = (self.path.parent, root, root / "images", root / "images" / self.path.stem)
        named = {number: uri for number in sorted(self._frames) if (uri := self._uri(number))}
        if named:
            listed = ListedPictures(named, bases)
            return listed.found, list(listed.problems())
        uri = self._stream_uri
        folders = [base / uri.strip("/") for base in bases] if uri else []
        named_so = self._stream or self.path.stem
        folders += [base / name for base in bases for name in (self.path.stem, named_so)]
        for folder in [*folders, root / "images", self.path.parent]:
            if found := pictures(folder):
                images, problems = self._matched(found)
                return images, [*problems, *unnumbered(folder)]
        return {}, []

    def _matched(self, found: Mapping[int, Path]) -> tuple[Mapping[int, Path], list[Problem]]:
        """The pictures of a folder: by their own numbers, or where frames have others, by their place."""
        if set(self._frames) <= set(found) or len(self._frames) > len(found):
            return found, []
        numbered = dict(enumerate(found.values()))
        if not set(self._frames) <= set(numbered):
            return found, []
        first = next(iter(found.values())).name
        what = f"the frames' numbers are not the pictures': frame 0 is the first picture, {first}"
        return numbered, [Problem(Severity.REMARK, what)]

    def _uri(self, number: int) -> str:
        facts = self._frames[number]
        streams = (facts.streams if facts else None) or {}
        only = next(iter(streams.values())) if len(streams) == 1 and self.camera is None else None
        stream = streams.get(self._stream or "", only)
        told = stream.uri if stream else ""
        if not told and len(self._frames) == 1:
            told = self._stream_uri
        return told.lstrip("/") if told.lower().endswith(ENDINGS) else ""

    @property
    def _stream_uri(self) -> str:
        stream = (self.content.streams or {}).get(self._stream or "")
        tagged = self.content.metadata.tagged_file if self.content.metadata else None
        return (stream.uri if stream else "") or tagged or ""

    def _time(self, number: int) -> float:
        """Seconds; NaN where it isn't told."""
        facts = self._frames[number]
        if facts is None:
            return math.nan
        stream = (facts.streams or {}).get(self._stream or "")
        sync = stream.stream_properties.sync if stream and stream.stream_properties else None
        told = sync.timestamp if sync and sync.timestamp is not None else facts.timestamp
        try:
            value = as_float(told)
        except ValueError:
            try:
                return dt.datetime.fromisoformat(str(told)).timestamp()
            except (ValueError, OverflowError):
                return math.nan
        while math.isfinite(value) and abs(value) > EPOCH_S * 1000:
            value /= 1000
        return value if math.isfinite(value) else math.nan

    def _read(self, number: int, frame: openlabel.FrameContent) -> None:
        known = self.content.objects or {}
        for uid, element in (frame.objects or {}).items():
            whole = known.get(uid, openlabel.Element())
            kind = element.kind or whole.kind
            self._add([number], uid, kind, element.object_data, whole.object_data)

    def _read_whole(self) -> None:
        """What the file says of objects apart from any frame."""
        for uid, whole in (self.content.objects or {}).items():
            if whole.object_data and whole.object_data.bbox:
                self._add(self._within(whole.frame_intervals), uid, whole.kind, whole.object_data, None)

    def _add(
        self,
        frames: Sequence[int],
        uid: str,
        kind: str,
        here: openlabel.ObjectContent | None,
        whole: openlabel.ObjectContent | None,
    ) -> None:
        if here is None:
            return
        boxes = [box for box in here.bbox or () if self._is_here(box)]
        if not boxes:
            self._outlines += len(here.poly2d or ()) + len(here.rbbox or ())
            return
        self._more += len(boxes) > 1
        if not kind:
            raise LabelsWrong(self.path, f"object {uid[:40]}", "has no type")
        about = openlabel.attributes(whole, here, boxes[0].attributes)
        if len(self.rows.frames) + len(frames) > MOST_ROWS:
            raise LabelsWrong(self.path, f"object {uid[:40]}", f"with it there are more than {MOST_ROWS:,} boxes")
        for number in frames:
            self.rows.add(number, uid, kind, boxes[0], about, f"object {uid[:40]} in frame {number}")

    def _is_here(self, box: openlabel.Box) -> bool:
        said = box.of or box.name.partition("__")[0]
        if said == self._stream or not self._others:
            return True
        if said in self._others:
            return False
        self._unclaimed += self.camera is not None
        return self.camera is None

    def _within(self, intervals: Iterable[openlabel.Interval] | None) -> list[int]:
        """The frames in them; without any, all."""
        spans = [(one.frame_start, one.frame_end) for one in intervals or ()]
        return [number for number in self._frames if not spans or any(a <= number <= b for a, b in spans)]
